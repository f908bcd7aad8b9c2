// SPDX-License-Identifier: Apache-2.0

#include "service/grpc/tls.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include <utility>

namespace msp::server {
namespace {

// Credentials of gRPC's C core that fetch the material at each handshake; the C++ API has none.
class FetchingCredentials final : public grpc::ServerCredentials {
 public:
  explicit FetchingCredentials(Tls& tls)
      : tls_(tls),
        credentials_(grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(
                tls.asks_clients() ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                   : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
                &Fetch, this))) {}
  ~FetchingCredentials() override { grpc_server_credentials_release(credentials_); }
  FetchingCredentials(const FetchingCredentials&) = delete;
  FetchingCredentials& operator=(const FetchingCredentials&) = delete;

  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  // gRPC makes these calls one at a time for a port.
  static grpc_ssl_certificate_config_reload_status Fetch(
      void* self, grpc_ssl_server_certificate_config** config) {
    auto* const credentials = static_cast<FetchingCredentials*>(self);
    *config = credentials->tls_.Fetch(&credentials->seen_);
    return *config == nullptr ? GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED
                              : GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  Tls& tls_;
  std::uint64_t seen_ = 0;
  grpc_server_credentials* const credentials_;
};

}  // namespace

Tls::Tls(TlsMaterial material)
    : asks_clients_(!material.client_ca.empty()), material_(std::move(material)) {}

std::shared_ptr<grpc::ServerCredentials> Tls::Credentials() {
  return std::make_shared<FetchingCredentials>(*this);
}

void Tls::Replace(TlsMaterial material) {
  MutexLock lock(mutex_);
  material_ = std::move(material);
  ++version_;
}

bool Tls::Holds(const TlsMaterial& material) const {
  MutexLock lock(mutex_);
  return material_ == material;
}

double Tls::expiry_unix_s() const {
  MutexLock lock(mutex_);
  return ExpiryOf(material_);
}

grpc_ssl_server_certificate_config* Tls::Fetch(std::uint64_t* seen) {
  MutexLock lock(mutex_);
  if (std::exchange(*seen, version_) == version_) return nullptr;
  const grpc_ssl_pem_key_cert_pair pair{material_.key.c_str(), material_.cert_chain.c_str()};
  return grpc_ssl_server_certificate_config_create(
      asks_clients_ ? material_.client_ca.c_str() : nullptr, &pair, 1);
}

}  // namespace msp::server
