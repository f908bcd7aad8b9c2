// SPDX-License-Identifier: Apache-2.0

#include "service/webhooks/order_event.h"

#include <string_view>
#include <utility>

#include "service/base/hash.h"

namespace msp::webhooks {
namespace {

namespace v1 = multisafepay::v1;

constexpr std::size_t kDigestBytes = 16;
constexpr std::size_t kOrderMarkBytes = 8;

// An answer to GET carries no payment_url: the step between these two states is no event.
v1::PaymentState Merged(v1::PaymentState state) {
  return state == v1::PAYMENT_STATE_REQUIRES_ACTION ? v1::PAYMENT_STATE_PENDING : state;
}

void Append(std::string& text, std::string_view member) {
  text.append(member);
  text.push_back('\x1f');
}
void Append(std::string& text, std::int64_t member) { Append(text, std::to_string(member)); }

// Excluded: `modified`, what only some answers carry (addresses, tokens), and what notifications
// mask (accounts).
std::string DigestOf(const v1::Order& order) {
  std::string text;
  Append(text, order.transaction_id());
  Append(text, order.status());
  Append(text, order.financial_status());
  Append(text, Merged(order.payment_state()));
  Append(text, order.amount());
  Append(text, order.currency());
  Append(text, order.amount_refunded());
  Append(text, order.reason_code());
  Append(text, order.payment_details().capture());
  Append(text, order.payment_details().capture_remain());
  for (const v1::RelatedTransaction& related : order.related_transactions()) {
    Append(text, related.transaction_id());
    Append(text, related.type());
    Append(text, related.status());
    Append(text, related.amount());
    Append(text, related.dispute().status());
  }
  return HmacSha256("msp order state", text).substr(0, kDigestBytes);
}

bool IsInitialized(const OrderState& state) {
  return Merged(state.order->payment_state()) == v1::PAYMENT_STATE_PENDING;
}

// True when the notified state is about the known payment. A notification may introduce a first
// attempt only while that is open: an ended one may be a refund's body.
bool SamePayment(const OrderState& known, const OrderState& notified) {
  const std::string& id = known.order->transaction_id();
  const bool same =
      id == notified.order->transaction_id() || (id.empty() && IsInitialized(notified));
  const bool amount = !known.order->has_amount() || !notified.order->has_amount() ||
                      known.order->amount() == notified.order->amount();
  const bool currency = !known.order->has_currency() || !notified.order->has_currency() ||
                        known.order->currency() == notified.order->currency();
  return same && amount && currency;
}

// The progress of a payment. A read that lags behind never shows more progress than there was.
// Below kEndedProgress it is open, above it is paid or beyond.
constexpr int kEndedProgress = 3;
int ProgressOf(v1::PaymentState state) {
  switch (Merged(state)) {
    case v1::PAYMENT_STATE_UNSPECIFIED:
      return 0;
    case v1::PAYMENT_STATE_PENDING:
      return 1;
    case v1::PAYMENT_STATE_DECLINED:
    case v1::PAYMENT_STATE_CANCELLED:
    case v1::PAYMENT_STATE_EXPIRED:
      return kEndedProgress;
    case v1::PAYMENT_STATE_PAID:
      return 4;
    case v1::PAYMENT_STATE_PARTIALLY_REFUNDED:
      return 5;
    case v1::PAYMENT_STATE_REFUNDED:
    case v1::PAYMENT_STATE_CHARGED_BACK:
      return 6;
    default:
      return 2;  // Open, and past its beginning.
  }
}

}  // namespace

OrderState StateOf(v1::Order order, std::int64_t observed_ms) {
  OrderState state;
  state.digest = DigestOf(order);
  state.modified = order.modified_time().seconds();
  state.observed_ms = observed_ms;
  state.order = std::make_shared<const v1::Order>(std::move(order));
  return state;
}

LastSent LastSentOf(const OrderState& state) {
  return {.order_mark = OrderMark(state.order->order_id()),
          .digest = state.digest,
          .modified = state.modified,
          .payment_state = state.order->payment_state()};
}

std::string OrderMark(std::string_view order_id) {
  return HmacSha256("msp order id", order_id).substr(0, kOrderMarkBytes);
}

bool ProvenAfter(const LastSent& sent, const OrderState& state) {
  // From an end back to an open payment: a new attempt, or an older state with a wrong `modified`.
  if (StageOf(state) < StageOf(sent.payment_state)) return false;
  const bool both = sent.modified != 0 && state.modified != 0;
  if (both && sent.modified != state.modified) return state.modified > sent.modified;
  return ProgressOf(state.order->payment_state()) > ProgressOf(sent.payment_state);
}

Stage StageOf(const OrderState& state) { return StageOf(state.order->payment_state()); }

Stage StageOf(v1::PaymentState state) {
  const int progress = ProgressOf(state);
  if (progress < kEndedProgress) return Stage::kOpen;
  return progress == kEndedProgress ? Stage::kLikely : Stage::kFinal;
}

Ordering Compare(const OrderState& known, const OrderState& notified) {
  if (known.digest == notified.digest) return Ordering::kSame;
  if (known.modified == 0 || notified.modified == 0) return Ordering::kIndeterminate;
  if (notified.modified < known.modified) {
    // Late, unless it shows more progress than is known: then `modified` went back, as local time
    // does once a year.
    const bool more =
        ProgressOf(notified.order->payment_state()) > ProgressOf(known.order->payment_state());
    return more ? Ordering::kIndeterminate : Ordering::kStale;
  }
  if (!SamePayment(known, notified) ||
      notified.order->payment_state() == v1::PAYMENT_STATE_UNRECOGNIZED)
    return Ordering::kIndeterminate;
  if (notified.modified > known.modified)
    return StageOf(notified) < StageOf(known) ? Ordering::kIndeterminate : Ordering::kNews;
  // Within one second only this is certain: a payment leaves its initial state and never returns to
  // it.
  if (IsInitialized(notified))
    return IsInitialized(known) ? Ordering::kIndeterminate : Ordering::kStale;
  return IsInitialized(known) ? Ordering::kNews : Ordering::kIndeterminate;
}

}  // namespace msp::webhooks
