// What a client of the gRPC port may use at most, in one place. Numbers that no setting changes are
// here because nobody has needed to.
#pragma once

#include <cstdint>

#include <grpcpp/server_builder.h>

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
  // TLS and HTTP/2 greeting together.
  int handshake_max_ms = 10'000;
  // What the process may take before connections without calls in hand have to go; 0: its control
  // group's limit.
  std::int64_t memory_max_bytes = 0;
  // A connection without calls is closed after this long; 0: only its age ends it.
  std::int64_t idle_max_ms = 0;
};

void Apply(const PortLimits& limits, grpc::ServerBuilder& builder);

}  // namespace msp::server
