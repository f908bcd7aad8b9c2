// WatchOrder at gRPC's edge: a stream by the callback API, without a thread of its own. At most one
// message waits behind the one that is being written: a slow reader gets the latest state, not all
// of them.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "multisafepay/v1/order_service.pb.h"
#include "service/server/edge.h"

namespace msp::server {

// Starts a stream; it owns itself until gRPC is done with it.
grpc::ServerWriteReactor<multisafepay::v1::WatchOrderResponse>* StartWatch(
    const Edge& edge, grpc::CallbackServerContext& context,
    const multisafepay::v1::WatchOrderRequest& request);

}  // namespace msp::server
