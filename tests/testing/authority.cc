// SPDX-License-Identifier: Apache-2.0

#include "tests/testing/authority.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace msp::testing {
namespace {

// A failure of OpenSSL's ends the program.
void CheckOpenSsl(bool fine) {
  if (fine) return;
  std::fputs("certificate: OpenSSL failed\n", stderr);
  std::abort();
}

void AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  CheckOpenSsl(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

// Unsigned, valid from an hour ago for two days.
X509* BlankCertificate(EVP_PKEY* key, const char* name, long serial) {
  X509* const certificate = X509_new();
  CheckOpenSsl(certificate != nullptr);
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 2 * 86400);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  return certificate;
}

std::string Pem(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string pem(text, static_cast<std::size_t>(size));
  BIO_free(bio);
  return pem;
}

std::string PemOf(X509* certificate) {
  BIO* const bio = BIO_new(BIO_s_mem());
  CheckOpenSsl(PEM_write_bio_X509(bio, certificate) == 1);
  return Pem(bio);
}

}  // namespace

Authority::Authority(const char* name)
    : key_(EVP_EC_gen("P-256")), certificate_(BlankCertificate(key_, name, 1)) {
  X509_set_issuer_name(certificate_, X509_get_subject_name(certificate_));
  AddExtension(certificate_, certificate_, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate_, certificate_, NID_key_usage, "critical,keyCertSign,cRLSign");
  AddExtension(certificate_, certificate_, NID_subject_key_identifier, "hash");
  CheckOpenSsl(X509_sign(certificate_, key_, EVP_sha256()) != 0);
}

Authority::~Authority() {
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

std::string Authority::pem() const { return PemOf(certificate_); }

Issued Authority::Issue(const std::string& names, long from_s, long to_s) const {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  static long serial = 1;
  X509* const leaf = BlankCertificate(key, "test leaf", ++serial);
  X509_gmtime_adj(X509_getm_notBefore(leaf), from_s);
  X509_gmtime_adj(X509_getm_notAfter(leaf), to_s);
  X509_set_issuer_name(leaf, X509_get_subject_name(certificate_));
  AddExtension(leaf, certificate_, NID_subject_alt_name, names.c_str());
  AddExtension(leaf, certificate_, NID_ext_key_usage, "serverAuth,clientAuth");
  CheckOpenSsl(X509_sign(leaf, key_, EVP_sha256()) != 0);
  BIO* const bio = BIO_new(BIO_s_mem());
  CheckOpenSsl(PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  Issued issued{.cert = PemOf(leaf), .key = Pem(bio)};
  X509_free(leaf);
  EVP_PKEY_free(key);
  return issued;
}

Folder::Folder() {
  char path[] = "/tmp/msp-test-XXXXXX";
  if (mkdtemp(path) == nullptr) std::abort();
  path_ = path;
}

Folder::~Folder() { std::filesystem::remove_all(path_); }

std::string Folder::Put(const std::string& name, const std::string& content) const {
  const std::string file = path(name);
  std::ofstream(file + ".new") << content;
  std::filesystem::rename(file + ".new", file);
  return file;
}

Certificate::Certificate() {
  const Authority authority;
  const Issued issued = authority.Issue("IP:127.0.0.1,DNS:localhost,DNS:upstream.test");
  ca_file_ = folder_.Put("ca.pem", authority.pem());
  folder_.Put("cert.pem", issued.cert);
  folder_.Put("key.pem", issued.key);
}

void Certificate::Install(SSL_CTX* context) const {
  CheckOpenSsl(
      SSL_CTX_use_certificate_file(context, folder_.path("cert.pem").c_str(), SSL_FILETYPE_PEM) ==
          1 &&
      SSL_CTX_use_PrivateKey_file(context, folder_.path("key.pem").c_str(), SSL_FILETYPE_PEM) == 1);
}

}  // namespace msp::testing
