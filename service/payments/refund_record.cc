// SPDX-License-Identifier: Apache-2.0

#include "service/payments/refund_record.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "service/base/text.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;

constexpr std::string_view kRefundOrderId = "multisafepay.v1.RelatedTransaction.refund_order_id";
constexpr std::string_view kRelatedOrderId = "multisafepay.v1.RelatedTransaction.order_id";

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
  if (!order.has_amount()) return {.unreadable = "amount"};
  if (CannotRead(facts, "amount_refunded")) return {.unreadable = "amount_refunded"};
  std::int64_t standing = 0;
  for (const v1::RelatedTransaction& related : order.related_transactions()) {
    if (!IsRefund(related) || IsUndone(related)) continue;
    if (!related.has_amount()) return {.unreadable = "related_transactions.amount"};
    standing += std::abs(related.amount());
  }
  return {.amount = order.amount() - std::max(order.amount_refunded(), standing)};
}

bool MayHaveBeenAll(const v1::RelatedTransaction& refund, const v1::Order& order) {
  if (!order.has_amount() || !refund.has_amount()) return true;
  std::int64_t standing = 0;
  std::int64_t undone = 0;
  for (const v1::RelatedTransaction& related : order.related_transactions()) {
    if (&related == &refund || !IsRefund(related)) continue;
    if (!related.has_amount()) return true;
    (IsUndone(related) ? undone : standing) += std::abs(related.amount());
  }
  // What `amount_refunded` was before this refund, whether it counts this one or not.
  const std::int64_t amount = std::abs(refund.amount());
  const std::array<std::int64_t, 2> before{order.amount_refunded(),
                                           order.amount_refunded() - amount};
  return std::any_of(before.begin(), before.end(), [&](std::int64_t refunded) {
    return amount <= order.amount() - std::max(refunded, standing) &&
           amount >= order.amount() - std::max(refunded, standing + undone);
  });
}

}  // namespace msp::payments
