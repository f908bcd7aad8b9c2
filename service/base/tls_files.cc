// SPDX-License-Identifier: Apache-2.0

#include "service/base/tls_files.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/text.h"

namespace msp {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

absl::Status Invalid(absl::string_view setting, absl::string_view what) {
  // Clear OpenSSL's error queue: the next caller would take our errors for its own.
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat("--", setting, ": ", what));
}

absl::Status Load(absl::string_view setting, const std::string& file, std::string* text) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream content;
  if (!in || !(content << in.rdbuf())) return Invalid(setting, absl::StrCat("cannot read ", file));
  *text = content.str();
  if (text->size() > kFileBytesMax)
    return Invalid(setting, absl::StrCat(file, " has more than ", kFileBytesMax, " bytes"));
  return absl::OkStatus();
}

Bio MemoryBio(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate NextCertificate(BIO* bio) {
  return Certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
}

// No prompt on the terminal for a key with a pass phrase.
int NoPassPhrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return 0; }

absl::Status CheckPair(const TlsMaterial& material) {
  const Certificate leaf = NextCertificate(MemoryBio(material.cert_chain).get());
  if (leaf == nullptr) return Invalid("tls_cert_file", "holds no PEM certificate");
  const Key key(
      PEM_read_bio_PrivateKey(MemoryBio(material.key).get(), nullptr, &NoPassPhrase, nullptr));
  if (key == nullptr) return Invalid("tls_key_file", "holds no PEM key, or one with a passphrase");
  if (X509_check_private_key(leaf.get(), key.get()) != 1)
    return Invalid("tls_key_file", "is not the key of the certificate in --tls_cert_file");
  if (X509_cmp_current_time(X509_get0_notAfter(leaf.get())) <= 0)
    return Invalid("tls_cert_file", "the certificate has expired");
  if (X509_cmp_current_time(X509_get0_notBefore(leaf.get())) >= 0)
    return Invalid("tls_cert_file", "the certificate is not valid yet");
  return absl::OkStatus();
}

absl::Status CheckAuthorities(const std::string& text) {
  const Bio bio = MemoryBio(text);
  int authorities = 0;
  while (NextCertificate(bio.get()) != nullptr) ++authorities;
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (authorities == 0) return Invalid("tls_client_ca_file", "holds no PEM certificate");
  if (!at_end) return Invalid("tls_client_ca_file", "one of its certificates is malformed");
  ERR_clear_error();
  return absl::OkStatus();
}

}  // namespace

TlsMaterial::~TlsMaterial() { ZeroizeString(key); }

absl::StatusOr<TlsMaterial> ReadTls(const TlsFiles& files) {
  TlsMaterial material;
  for (const absl::Status& loaded :
       {Load("tls_cert_file", files.cert_file, &material.cert_chain),
        Load("tls_key_file", files.key_file, &material.key),
        files.client_ca_file.empty()
            ? absl::OkStatus()
            : Load("tls_client_ca_file", files.client_ca_file, &material.client_ca)}) {
    if (!loaded.ok()) return loaded;
  }
  if (absl::Status pair = CheckPair(material); !pair.ok()) return pair;
  if (!files.client_ca_file.empty()) {
    if (absl::Status checked = CheckAuthorities(material.client_ca); !checked.ok()) return checked;
  }
  return material;
}

double ExpiryOf(const TlsMaterial& material) {
  const Certificate leaf = NextCertificate(MemoryBio(material.cert_chain).get());
  std::tm time{};
  if (leaf == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(leaf.get()), &time) != 1) return 0;
  return static_cast<double>(timegm(&time));
}

}  // namespace msp
