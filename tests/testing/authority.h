// SPDX-License-Identifier: Apache-2.0

// A certificate authority made at run time, and what it issues, as PEM files: tests of TLS need no
// files, and nothing in the tree expires.
#pragma once

#include <openssl/ssl.h>

#include <string>

namespace msp::testing {

// Certificate and key, PEM.
struct Issued {
  std::string cert;
  std::string key;
};

class Authority {
 public:
  explicit Authority(const char* name = "test authority");
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  // The authority's own certificate, PEM.
  std::string pem() const;
  // `names` as OpenSSL writes subject alternative names: "DNS:localhost,URI:spiffe://shop/a". Valid
  // from now plus `from_s` to now plus `to_s`.
  Issued Issue(const std::string& names, long from_s = -3600, long to_s = 2L * 86400) const;

 private:
  EVP_PKEY* key_;
  X509* certificate_;
};

// A folder that goes with its files.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }
  std::string path(const std::string& name) const { return path_ + "/" + name; }
  // Writes a file, or exchanges it in one step as orchestrators do, and returns its path.
  std::string Put(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

// A server's certificate for 127.0.0.1, localhost and kUpstreamHost, by an authority of its own.
class Certificate {
 public:
  Certificate();

  // A file with the authority's certificate.
  const std::string& ca_file() const { return ca_file_; }
  // Gives the server's side its certificate and key.
  void Install(SSL_CTX* context) const;

 private:
  const Folder folder_;
  std::string ca_file_;
};

}  // namespace msp::testing
