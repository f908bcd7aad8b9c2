// SPDX-License-Identifier: Apache-2.0

#include "service/payments/refund_record.h"

#include <algorithm>
#include <array>
#include <optional>

#include "service/base/text.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;

constexpr std::string_view kRefundOrderId = "multisafepay.v1.RelatedTransaction.refund_order_id";
constexpr std::string_view kRelatedOrderId = "multisafepay.v1.RelatedTransaction.order_id";

// The sum of the refunds that `counts`; nothing where an amount or the sum is unreadable.
template <class Counts>
std::optional<std::int64_t> SumOf(const v1::Order& order, const Counts& counts) {
  std::optional<std::int64_t> sum = 0;
  for (const v1::RelatedTransaction& related : order.related_transactions()) {
    if (!IsRefund(related) || !counts(related)) continue;
    const auto amount = SizeOf(related);
    sum = amount ? ReadableAmount(true, *sum + *amount) : std::nullopt;
    if (!sum) return std::nullopt;
  }
  return sum;
}

}  // namespace

bool IsRefund(const v1::RelatedTransaction& related) {
  // Older answers omit the type; then a refund's own id identifies it.
  return EqualsIgnoreCase(related.type(), "refund") ||
         (related.type().empty() && !related.refund_order_id().empty());
}

OwnId OwnIdOf(const v1::RelatedTransaction& related, const v1::Order& order) {
  if (!related.refund_order_id().empty() && related.refund_order_id() != order.order_id())
    return {related.refund_order_id(), kRefundOrderId};
  if (!related.order_id().empty() && related.order_id() != order.order_id())
    return {related.order_id(), kRelatedOrderId};
  return {};
}

Remainder RemainderOf(const PaymentFacts& facts, const v1::Order& order) {
  const auto amount = ReadableAmount(order.has_amount(), order.amount());
  if (!amount) return {.unreadable = "amount"};
  const auto counted = ReadableAmount(true, order.amount_refunded());
  if (!counted || CannotRead(facts, "amount_refunded")) return {.unreadable = "amount_refunded"};
  const auto sum = SumOf(order, [](const auto& related) { return !IsUndone(related); });
  if (!sum) return {.unreadable = "related_transactions.amount"};
  return {.amount = *amount - std::max(*counted, *sum)};
}

bool MayHaveBeenAll(const v1::RelatedTransaction& refund, const v1::Order& order) {
  const auto all = ReadableAmount(order.has_amount(), order.amount());
  const auto counted = ReadableAmount(true, order.amount_refunded());
  const auto amount = SizeOf(refund);
  const auto others = SumOf(order, [&](const auto& related) { return &related != &refund; });
  const auto standing =
      SumOf(order, [&](const auto& related) { return &related != &refund && !IsUndone(related); });
  if (!all || !counted || !amount || !others || !standing) return true;
  // What `amount_refunded` was before this refund, whether it counts this one or not.
  const std::array<std::int64_t, 2> before{*counted, *counted - *amount};
  return std::any_of(before.begin(), before.end(), [&](std::int64_t refunded) {
    return *amount <= *all - std::max(refunded, *standing) &&
           *amount >= *all - std::max(refunded, *others);
  });
}

}  // namespace msp::payments
