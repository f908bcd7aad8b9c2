// SPDX-License-Identifier: Apache-2.0

// The gRPC side of WatchOrder: a stream without a thread of its own. At most one
// message waits behind the one that is being written: a slow reader gets the latest state, not all
// of them.
#pragma once

#include "multisafepay/v1/order_service.grpc.pb.h"
#include "service/grpc/async_call.h"
#include "service/rpc/notification_services.h"

namespace msp::rpc {

// Serves the method for as long as the server runs. `notification_services` may be null: then it is
// not implemented.
void ServeWatch(multisafepay::v1::OrderService::AsyncService& service, server::CallQueue& queue,
                const NotificationServices* notification_services);

}  // namespace msp::rpc
