// SPDX-License-Identifier: Apache-2.0

// What a client of the gRPC port may use at most, by gRPC's own means, in one place. Floods are a
// proxy's work (docs/security.md). Numbers that no setting changes are here because nobody has
// needed to.
#pragma once

#include <grpcpp/server_builder.h>

#include <cstdint>

namespace msp::server {

struct PortLimits {
  // Connections at a time; one more is closed at once. Each costs some 20 to 60 KiB.
  std::int64_t connections_max = 4096;
  // Calls at a time on one connection; further ones wait at the client.
  int streams_max = 1000;
  // The metadata of one call, in bytes, as HTTP/2 counts them. Ours is a few hundred.
  int metadata_max_bytes = 16 << 10;
  // The largest message that is taken, in bytes: an order of several hundred cart items fits.
  int receive_max_bytes = 1 << 20;
  // TLS and the HTTP/2 preface together.
  int handshake_max_ms = 10'000;
  // gRPC's ResourceQuota: the memory of connections and of calls that are read, in MiB. A call
  // costs some 12 KiB of it.
  std::int64_t memory_quota_mib = 128;
  // After this long, spread by a tenth, a connection gets GOAWAY and ends with its last call,
  // however long that takes; 0: never.
  std::int64_t connection_age_ms = 0;
  // A connection without calls is closed after this long; 0: never.
  std::int64_t connection_idle_ms = 0;
};

void Apply(const PortLimits& limits, grpc::ServerBuilder& builder);

}  // namespace msp::server
