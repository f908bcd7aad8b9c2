// SPDX-License-Identifier: Apache-2.0

// HandleNotification at gRPC's edge. Nothing here waits for MultiSafepay.
#pragma once

#include "multisafepay/v1/notification_service.grpc.pb.h"
#include "service/grpc/async_call.h"
#include "service/grpc/notification_services.h"

namespace msp::server {

// Serves the method for as long as the server runs. `edge` may be null: then it is not implemented.
void ServeNotifications(multisafepay::v1::NotificationService::AsyncService& service,
                        CallQueue& queue, const NotificationServices* edge);

}  // namespace msp::server
