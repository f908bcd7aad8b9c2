// SPDX-License-Identifier: Apache-2.0

#include "tests/testing/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace msp::testing {

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

Certificate::Certificate() : key_(EVP_EC_gen("P-256")) {
  EVP_PKEY* const ca_key = EVP_EC_gen("P-256");
  CheckOpenSsl(key_ != nullptr && ca_key != nullptr);
  X509* const ca = BlankCertificate(ca_key, "test authority", 1);
  X509_set_issuer_name(ca, X509_get_subject_name(ca));
  AddExtension(ca, ca, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign");
  AddExtension(ca, ca, NID_subject_key_identifier, "hash");
  CheckOpenSsl(X509_sign(ca, ca_key, EVP_sha256()) != 0);

  leaf_ = BlankCertificate(key_, "test upstream", 2);
  X509_set_issuer_name(leaf_, X509_get_subject_name(ca));
  AddExtension(leaf_, ca, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost,DNS:upstream.test");
  AddExtension(leaf_, ca, NID_ext_key_usage, "serverAuth");
  CheckOpenSsl(X509_sign(leaf_, ca_key, EVP_sha256()) != 0);

  char path[] = "/tmp/msp-test-ca-XXXXXX";
  const int fd = mkstemp(path);
  CheckOpenSsl(fd >= 0);
  FILE* const file = fdopen(fd, "w");
  CheckOpenSsl(file != nullptr && PEM_write_X509(file, ca) == 1 && std::fclose(file) == 0);
  ca_file_ = path;
  X509_free(ca);
  EVP_PKEY_free(ca_key);
}

Certificate::~Certificate() {
  X509_free(leaf_);
  EVP_PKEY_free(key_);
  unlink(ca_file_.c_str());
}

void Certificate::Install(SSL_CTX* context) const {
  CheckOpenSsl(SSL_CTX_use_certificate(context, leaf_) == 1 &&
               SSL_CTX_use_PrivateKey(context, key_) == 1);
}

}  // namespace msp::testing
