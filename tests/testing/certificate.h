// SPDX-License-Identifier: Apache-2.0

// A certificate authority and one server certificate, made at run time: tests need no files, and
// nothing in the tree expires. Valid for 127.0.0.1, localhost and kUpstreamHost.
#pragma once

#include <openssl/ssl.h>

#include <string>

namespace msp::testing {

// The parts that certificates are made of here; a failure of OpenSSL's ends the program.
void CheckOpenSsl(bool fine);
void AddExtension(X509* certificate, X509* issuer, int nid, const char* value);
// Unsigned, valid from an hour ago for two days.
X509* BlankCertificate(EVP_PKEY* key, const char* name, long serial);

class Certificate {
 public:
  Certificate();
  ~Certificate();
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  // A temporary file with the authority's certificate; removed on destruction.
  const std::string& ca_file() const { return ca_file_; }
  // Gives the server's side its certificate and key.
  void Install(SSL_CTX* context) const;

 private:
  EVP_PKEY* key_ = nullptr;
  X509* leaf_ = nullptr;
  std::string ca_file_;
};

}  // namespace msp::testing
