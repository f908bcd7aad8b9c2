// SPDX-License-Identifier: Apache-2.0

// What MultiSafepay's record of an order shows of its refunds: which they are, their own ids, and
// what they leave of the order. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "multisafepay/v1/order.pb.h"
#include "service/payments/policy.h"

namespace msp::payments {

bool IsRefund(const multisafepay::v1::RelatedTransaction& related);

// A refund's own id and the field that holds it. A refund without an own id has the order's, which
// identifies nothing.
struct OwnId {
  std::string_view id;
  std::string_view field;
};
OwnId OwnIdOf(const multisafepay::v1::RelatedTransaction& related,
              const multisafepay::v1::Order& order);

// What is left to refund, or the member that cannot be read. Whether `amount_refunded` counts a
// refund when it is made or when it is processed is not documented. The larger of it and the sum of
// the valid refunds is subtracted, so that never too much is sent.
struct Remainder {
  std::int64_t amount = 0;
  std::string_view unreadable;  // "" when all could be read.
};
Remainder RemainderOf(const PaymentFacts& facts, const multisafepay::v1::Order& order);

// False only where the record proves that this refund was not all that `RemainderOf` showed when it
// was made. Other refunds may have been declined or voided since.
bool MayHaveBeenAll(const multisafepay::v1::RelatedTransaction& refund,
                    const multisafepay::v1::Order& order);

}  // namespace msp::payments
