// SPDX-License-Identifier: Apache-2.0

// The gRPC side of HandleNotification. Nothing here waits for MultiSafepay.
#pragma once

#include "multisafepay/v1/notification_service.grpc.pb.h"
#include "service/grpc/async_call.h"
#include "service/rpc/notification_services.h"

namespace msp::rpc {

// Serves the method for as long as the server runs. `notification_services` may be null: then it is
// not implemented.
void ServeNotifications(multisafepay::v1::NotificationService::AsyncService& service,
                        server::CallQueue& queue,
                        const NotificationServices* notification_services);

}  // namespace msp::rpc
