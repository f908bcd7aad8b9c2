// SPDX-License-Identifier: Apache-2.0

// `msp checkout`: creates an order, shows the customer's next step, and watches until the payment
// has ended.
#pragma once

#include "client/cli/arguments.h"
#include "client/cli/run.h"
#include "client/cpp/client.h"
#include "multisafepay/v1/order_service.pb.h"

namespace msp::cli {

// Zeroizes the request once it is sent. Returns the exit code.
int Checkout(const Arguments& arguments, const client::Client& client,
             multisafepay::v1::CreateOrderRequest& request, CommandIo& io);

}  // namespace msp::cli
