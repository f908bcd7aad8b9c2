// SPDX-License-Identifier: Apache-2.0

// How the client reaches the service: address, TLS, proxy, and the two channels over which calls
// go.
#pragma once

#include <grpcpp/channel.h>

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
  // Card data in clear text is for the loopback, and for a mesh whose sidecar encrypts: say so.
  bool allow_plaintext = false;
  // "http://[USER:PASSWORD@]HOST:PORT" of a proxy that gets CONNECT to the server. The
  // environment's http_proxy, https_proxy and grpc_proxy are ignored: in plain text they would
  // expose card data to a proxy that was not configured here. (gRPC leaves a server of its no_proxy
  // out.) Plain text through a proxy needs `allow_plaintext`, whatever the server's address.
  std::string proxy;
  // Times that a read is tried in all while the service is UNAVAILABLE, 2 to 5; 1 turns it off.
  int read_attempts_max = 4;
};

// Reads are repeated by gRPC. Whatever else goes over a channel of its own, on which gRPC repeats
// nothing, not even what it holds for unsent: a doubled payment would be the price of a mistake.
struct Channels {
  std::shared_ptr<grpc::Channel> reads;
  std::shared_ptr<grpc::Channel> writes;
};

// Connects with the first call. An error names the setting that is wrong.
absl::StatusOr<Channels> MakeChannels(const ChannelOptions& options);

// Connects `channel` unless it is READY. Waits until half of the time to `deadline` is over, 5 s at
// most; blocks its thread. Nothing when the channel is READY, else what was tried in vain, as one
// line: nothing was sent.
std::optional<std::string> Connect(const ChannelOptions& options,
                                   const std::shared_ptr<grpc::Channel>& channel,
                                   std::chrono::system_clock::time_point deadline);

}  // namespace msp::client
