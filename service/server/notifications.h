// HandleNotification at gRPC's edge, and what both notification calls share: their refusals.
// Nothing here waits for MultiSafepay.
#pragma once

#include <vector>

#include "multisafepay/v1/notification_service.grpc.pb.h"
#include "service/codec/check.h"
#include "service/psp/failure.h"
#include "service/server/async_call.h"
#include "service/server/edge.h"

namespace msp::server {

psp::Failure InvalidRequest(std::vector<codec::Violation> violations);

// Serves the method for as long as the server runs. `edge` may be null: then it is not implemented.
void ServeNotifications(multisafepay::v1::NotificationService::AsyncService& service,
                        CallQueue& queue, const Edge* edge);

}  // namespace msp::server
