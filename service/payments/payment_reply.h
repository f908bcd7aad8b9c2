// SPDX-License-Identifier: Apache-2.0

// The reply to a payment call: fills its response and its `Call`.
#pragma once

#include "service/payments/api.h"
#include "service/payments/order_lookup.h"
#include "service/payments/policy.h"

namespace msp::payments {

// How it is known that a call was carried out.
enum class Proof : std::uint8_t {
  kResponse,    // MultiSafepay's answer says so.
  kReconciled,  // Its answer was lost; the order shows it.
  kReplayed,    // An earlier attempt did it, as the order shows.
};

// `event_access` may be null.
void SetConfirmed(Call& call, PaymentFacts& facts, Proof proof, telemetry::Metrics& metrics,
                  EventAccessTable* event_access);
void SetDryRun(Call& call, const PaymentFacts& facts);
void SetFailure(Call& call, const PaymentFacts& facts, Failure failure);

// `cause`: why the call's outcome is unknown. The order of `lookup`, which may be null, goes with
// it.
Failure UnknownOf(const Call& call, const OperationPolicy& policy, Failure cause,
                  const OrderLookup* lookup);
// A copy of the order that a lookup read, for a failure; null where it read none.
std::shared_ptr<const multisafepay::v1::Order> OrderOf(const OrderLookup& lookup);
// For a call that was not sent: its order could not be read, MultiSafepay knows no such order, or
// too little time is left.
Failure UnreadOf(const OrderLookup& lookup);
Failure OrderUnknown(const OrderLookup& lookup);
Failure DeadlineTooShort();

}  // namespace msp::payments
