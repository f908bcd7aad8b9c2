// SPDX-License-Identifier: Apache-2.0

// A FakeService with the test authority's certificate, and the file that a client needs for it.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/client/fake_service.h"
#include "tests/testing/authority.h"

namespace msp::testing {

class TlsService {
 public:
  explicit TlsService(FakeService::Script script)
      : ca_file_(folder_.Put("ca.pem", authority_.pem())) {
    const Issued issued = authority_.Issue("IP:127.0.0.1,DNS:localhost");
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs.push_back({issued.key, issued.cert});
    service_ =
        std::make_unique<FakeService>(std::move(script), grpc::SslServerCredentials(options));
  }

  const std::string& address() const { return service_->address(); }
  const std::string& ca_file() const { return ca_file_; }

 private:
  const Authority authority_;
  const Folder folder_;
  const std::string ca_file_;
  std::unique_ptr<FakeService> service_;
};

}  // namespace msp::testing
