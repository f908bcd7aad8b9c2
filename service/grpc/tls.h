// SPDX-License-Identifier: Apache-2.0

// TLS on the gRPC port, with key material that can be replaced while it serves: each handshake uses
// the current material, existing connections keep theirs.
//
// gRPC's own file watcher is not used: it replaces a valid pair by a broken one.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <cstdint>
#include <memory>
#include <string>

#include "service/base/mutex.h"
#include "service/base/tls_files.h"

struct grpc_ssl_server_certificate_config;

namespace msp::server {

class Tls {
 public:
  // With authorities in `material` every client must present a certificate of theirs, also after
  // Replace.
  explicit Tls(TlsMaterial material);

  // One call for each port of the server; `this` outlives the server.
  std::shared_ptr<grpc::ServerCredentials> Credentials();
  // Takes effect at the next handshake. Any thread.
  void Replace(TlsMaterial material);
  bool Holds(const TlsMaterial& material) const;
  // When the current certificate expires, in Unix seconds.
  double expiry_unix_s() const;

  // For the next handshake: null when nothing has changed since `*seen`, which is updated.
  grpc_ssl_server_certificate_config* Fetch(std::uint64_t* seen);
  bool asks_clients() const { return asks_clients_; }

 private:
  const bool asks_clients_;
  mutable Mutex mutex_;
  TlsMaterial material_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t version_ ABSL_GUARDED_BY(mutex_) = 1;
};

}  // namespace msp::server
