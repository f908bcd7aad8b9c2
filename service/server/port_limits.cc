#include "service/server/port_limits.h"

#include <grpc/grpc.h>

namespace msp::server {

void Apply(const PortLimits& limits, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(limits.receive_max_bytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits.streams_max);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, limits.metadata_max_bytes);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, limits.handshake_max_ms);
  // Without strikes a ping is answered and costs next to nothing. With them gRPC 1.51 makes an
  // error and a goodbye of each further ping that it has read, and goes on reading until both are
  // written: a flood of pings took 300 MiB and kept others waiting for 100 to 250 ms, against 10
  // without. The acceptor's guard cuts who brings too many.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  if (limits.idle_max_ms > 0) {
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS,
                               static_cast<int>(limits.idle_max_ms));
  }
}

}  // namespace msp::server
