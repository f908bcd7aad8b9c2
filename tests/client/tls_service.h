// SPDX-License-Identifier: Apache-2.0

// A FakeService with the test authority's certificate, and the files that a client needs for it.
#pragma once

#include <grpcpp/security/server_credentials.h>
#include <openssl/pem.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/client/fake_service.h"
#include "tests/testing/authority.h"

namespace msp::testing {

class TlsService {
 public:
  explicit TlsService(FakeService::Script script) {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    certificate_.Install(context);
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(out, SSL_CTX_get0_certificate(context));
    cert_ = Take(out);
    PEM_write_bio_PrivateKey(out, SSL_CTX_get0_privatekey(context), nullptr, nullptr, 0, nullptr,
                             nullptr);
    key_ = Take(out);
    BIO_free(out);
    SSL_CTX_free(context);
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs.push_back({key_, cert_});
    service_ =
        std::make_unique<FakeService>(std::move(script), grpc::SslServerCredentials(options));
  }

  const std::string& address() const { return service_->address(); }
  const std::string& ca_file() const { return certificate_.ca_file(); }

 private:
  static std::string Take(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    (void)BIO_reset(bio);
    return text;
  }

  Certificate certificate_;
  std::string cert_;
  std::string key_;
  std::unique_ptr<FakeService> service_;
};

}  // namespace msp::testing
