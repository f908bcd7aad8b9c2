// SPDX-License-Identifier: Apache-2.0

// The server's certificate, its key and the authorities of its clients: read and checked against
// each other before use, because gRPC would accept a broken pair and fail every handshake from then
// on. Independent of gRPC. Any thread.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace msp {

struct TlsFiles {
  std::string cert_file;
  std::string key_file;
  std::string client_ca_file;  // Empty: clients present no certificate.
};

// PEM texts that match. The key is zeroized on destruction.
struct TlsMaterial {
  std::string cert_chain;
  std::string key;
  std::string client_ca;

  TlsMaterial() = default;
  TlsMaterial(TlsMaterial&&) = default;
  TlsMaterial& operator=(TlsMaterial&&) = default;
  ~TlsMaterial();
  bool operator==(const TlsMaterial&) const = default;
};

// An error names the setting and the problem: unreadable, no PEM, a key that does not match the
// certificate, a certificate that has expired or is not valid yet, no authority.
absl::StatusOr<TlsMaterial> ReadTls(const TlsFiles& files);

// When the certificate expires, in Unix seconds.
double ExpiryOf(const TlsMaterial& material);

}  // namespace msp
