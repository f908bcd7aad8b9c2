// SPDX-License-Identifier: Apache-2.0

// The limits of a client of the gRPC port, by gRPC's own means, in one place. A proxy has to stop
// floods (docs/security.md). Numbers without a setting have not needed one.
#pragma once

#include <grpcpp/server_builder.h>

#include <cstdint>

namespace msp::server {

struct PortLimits {
  // Concurrent connections; further ones are closed at once. Each costs some 20 to 60 KiB.
  std::int64_t connections_max = 4096;
  // Concurrent calls on one connection; further ones wait at the client.
  int streams_max = 1000;
  // The metadata of one call, in bytes as HTTP/2 counts them. Ours is a few hundred, but gRPC 1.51
  // closes the connection of a call with more. A proxy shares that connection among callers, so
  // this is above what proxies forward: 60 KiB by default (Envoy, Istio), with 32 more for each of
  // 100 fields, and what they add.
  int metadata_max_bytes = 80 << 10;
  // The largest accepted message, in bytes: fits an order of several hundred cart items.
  int receive_max_bytes = 1 << 20;
  // TLS and the HTTP/2 preface together.
  int handshake_max_ms = 10'000;
  // gRPC's ResourceQuota: the memory of connections and of calls that are read, in MiB. A call
  // costs some 12 KiB of it.
  std::int64_t memory_quota_mib = 128;
  // At this age, spread by a tenth, a connection gets GOAWAY and closes after its last call,
  // however long that takes; 0: never.
  std::int64_t connection_age_ms = 0;
  // A connection without calls is closed after this long; 0: never.
  std::int64_t connection_idle_ms = 0;
  // A peer that has vanished: after this long without a byte from it gets a ping, and its
  // connection is closed when it answers none in time. Its streams would last for hours otherwise.
  int keepalive_ms = 60'000;
  int keepalive_timeout_ms = 20'000;
};

void Apply(const PortLimits& limits, grpc::ServerBuilder& builder);

}  // namespace msp::server
