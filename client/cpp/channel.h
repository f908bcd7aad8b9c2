// SPDX-License-Identifier: Apache-2.0

// The client's connection to the service: address, TLS, proxy, and the two channels.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace msp::client {

// Files are PEM and read once, when the channels are made.
struct TlsOptions {
  bool enabled = false;   // The system's roots; each of the files below enables TLS as well.
  std::string ca_file;    // Roots to trust instead of the system's.
  std::string cert_file;  // The client's own certificate and key, for mutual TLS.
  std::string key_file;
};

struct ChannelOptions {
  std::string server = "127.0.0.1:50051";  // HOST:PORT, or a gRPC target.
  TlsOptions tls;
  // Clear text is for the loopback; set this for a mesh whose sidecar encrypts.
  bool allow_plaintext = false;
  // "http://[USER:PASSWORD@]HOST:PORT" of a proxy that gets CONNECT to the server. The
  // environment's http_proxy, https_proxy and grpc_proxy are ignored: in plain text they would
  // expose card data to a proxy that was not configured here. (gRPC bypasses a proxy for servers in
  // no_proxy.) Plain text through a proxy needs `allow_plaintext`, whatever the server's address.
  std::string proxy;
  // Total attempts of a read while the service is UNAVAILABLE, 2 to 5; 1 disables retries.
  int read_attempts_max = 4;
};

// gRPC retries reads. All other calls use a separate channel with retries disabled, including
// gRPC's transparent retries of requests that it considers unsent: a mistake there would charge
// twice.
struct Channels {
  std::shared_ptr<grpc::Channel> reads;
  std::shared_ptr<grpc::Channel> writes;
};

// What both channels have in common: limits, keepalive, proxy.
grpc::ChannelArguments CommonArguments(const ChannelOptions& options);

// Connects with the first call. An error names the invalid setting.
absl::StatusOr<Channels> MakeChannels(const ChannelOptions& options);

// Connects `channel` unless it is READY. Waits until half of the time to `deadline` is over, 5 s at
// most; blocks its thread. Empty if the channel is READY, else the failed attempt as one line:
// nothing was sent.
std::optional<std::string> Connect(const ChannelOptions& options,
                                   const std::shared_ptr<grpc::Channel>& channel,
                                   std::chrono::system_clock::time_point deadline);

}  // namespace msp::client
