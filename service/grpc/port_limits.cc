// SPDX-License-Identifier: Apache-2.0

#include "service/grpc/port_limits.h"

#include <grpc/grpc.h>
#include <grpcpp/resource_quota.h>

namespace msp::server {

void Apply(const PortLimits& limits, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(limits.receive_max_bytes);
  builder.SetResourceQuota(
      grpc::ResourceQuota("port").Resize(static_cast<std::size_t>(limits.memory_quota_mib) << 20));
  const auto set = [&builder](const char* argument, std::int64_t value) {
    builder.AddChannelArgument(argument, static_cast<int>(value));
  };
  set(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits.streams_max);
  set(GRPC_ARG_MAX_METADATA_SIZE, limits.metadata_max_bytes);
  set(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, limits.handshake_max_ms);
  // The grace period of an aged connection is infinite, gRPC's default: no call is ended by the
  // connection's age.
  if (limits.connection_age_ms > 0) set(GRPC_ARG_MAX_CONNECTION_AGE_MS, limits.connection_age_ms);
  if (limits.connection_idle_ms > 0)
    set(GRPC_ARG_MAX_CONNECTION_IDLE_MS, limits.connection_idle_ms);
  set(GRPC_ARG_KEEPALIVE_TIME_MS, limits.keepalive_ms);
  set(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, limits.keepalive_timeout_ms);
  set(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // Else two, and then none until data is sent.
  // Pings of clients are answered at any interval, with or without calls, and never count as
  // strikes. A third strike would close the connection with all its calls, and a flood of pings
  // with strikes took 300 MiB in gRPC 1.51, which then answers each with an error.
  set(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  set(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 0);
  set(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
}

}  // namespace msp::server
