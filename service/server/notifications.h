// HandleNotification at gRPC's edge, and what both notification calls share: their site and their
// refusals. By the callback API, on gRPC's own threads: nothing here waits for MultiSafepay.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <vector>

#include "multisafepay/v1/notification_service.pb.h"
#include "service/codec/check.h"
#include "service/psp/failure.h"
#include "service/server/edge.h"

namespace msp::server {

psp::Failure InvalidRequest(std::vector<codec::Violation> violations);

// Answers by `reactor`: at once, or when the event has been handed on.
void HandleNotification(const Edge& edge, const grpc::CallbackServerContext& context,
                        const multisafepay::v1::HandleNotificationRequest& request,
                        multisafepay::v1::HandleNotificationResponse& response,
                        grpc::ServerUnaryReactor& reactor);

}  // namespace msp::server
