// SPDX-License-Identifier: Apache-2.0

// A state of an order as watchers get it, and the rules that compare states: which are equal, which
// is older, when a notification is conclusive and when only a read of the order is. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "multisafepay/v1/order.pb.h"
#include "multisafepay/v1/order_service.pb.h"

namespace msp::webhooks {

using Cause = multisafepay::v1::WatchOrderResponse::Cause;

struct OrderState {
  std::shared_ptr<const multisafepay::v1::Order> order;  // Completed.
  std::string digest;         // Of everything that makes a change; 16 bytes.
  std::int64_t modified = 0;  // MultiSafepay's `modified` as Unix seconds; 0 when it gave none.
  std::int64_t observed_ms = 0;
};

// `order` must be completed (payments::CompleteOrder).
OrderState StateOf(multisafepay::v1::Order order, std::int64_t observed_ms);

// The last state that any replica sent to a watcher: enough to decide whether another state comes
// after it.
struct LastSent {
  std::string order_mark;  // Of the order's own id; OrderMark.
  std::string digest;
  std::int64_t modified = 0;
  multisafepay::v1::PaymentState payment_state = multisafepay::v1::PAYMENT_STATE_UNSPECIFIED;
};
LastSent LastSentOf(const OrderState& state);
// A digest of 8 bytes of an order's id.
std::string OrderMark(std::string_view order_id);

// True when one read of the order proves that `state` comes after `sent`. False where it may be an
// older state: reads lag behind, `modified` has whole seconds, and local time goes back.
bool ProvenAfter(const LastSent& sent, const OrderState& state);

enum class Stage : std::uint8_t {
  kOpen,    // More is to come.
  kLikely,  // Declined, expired or cancelled: mostly the end, but the customer may try again.
  kFinal,   // Paid, or beyond.
};
Stage StageOf(multisafepay::v1::PaymentState state);
Stage StageOf(const OrderState& state);

// How a notification's state relates to the known state.
enum class Ordering : std::uint8_t {
  kSame,           // Nothing new.
  kStale,          // Older than what is known.
  kNews,           // The order's next state.
  kIndeterminate,  // May be about another transaction, or out of order, or `modified` is wrong: a
                   // read decides.
};
Ordering Compare(const OrderState& known, const OrderState& notified);

}  // namespace msp::webhooks
