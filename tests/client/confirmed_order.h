// SPDX-License-Identifier: Apache-2.0

// What a service answers that has created the order.
#pragma once

#include "multisafepay/v1/order_service.pb.h"
#include "tests/client/fake_service.h"

namespace msp::testing {

inline FakeAnswer ConfirmedOrder(const SeenCall&, int) {
  multisafepay::v1::CreateOrderResponse reply;
  reply.mutable_result()->set_outcome(multisafepay::v1::OUTCOME_CONFIRMED);
  return Reply(reply);
}

}  // namespace msp::testing
