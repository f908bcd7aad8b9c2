// SPDX-License-Identifier: Apache-2.0

// TLS on the gRPC port, with material that can be exchanged while it serves: each handshake takes
// what is current, connections that stand keep what they have.
//
// gRPC's own file watcher is not used: it drops a good pair for a broken one.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <cstdint>
#include <memory>
#include <string>

#include "service/base/mutex.h"
#include "service/grpc/tls_files.h"

struct grpc_ssl_server_certificate_config;

namespace msp::server {

class Tls {
 public:
  // With authorities in `material` every client must show a certificate of theirs, now and later.
  explicit Tls(TlsMaterial material);

  // For one port of the server, a call each; `this` outlives it.
  std::shared_ptr<grpc::ServerCredentials> Credentials();
  // From the next handshake on. Any thread.
  void RestCall(TlsMaterial material);
  bool Holds(const TlsMaterial& material) const;
  // When the current certificate expires, in Unix seconds.
  double expiry_unix_s() const;

  // For the next handshake: null when nothing has changed since `*seen`, which is brought up to
  // date.
  grpc_ssl_server_certificate_config* Fetch(std::uint64_t* seen);
  bool asks_clients() const { return asks_clients_; }

 private:
  const bool asks_clients_;
  mutable Mutex mutex_;
  TlsMaterial material_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t version_ ABSL_GUARDED_BY(mutex_) = 1;
};

}  // namespace msp::server
