// SPDX-License-Identifier: Apache-2.0

#include "service/config/config_access.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/text.h"
#include "service/settings/setting.h"

namespace msp {
namespace {

// MSP_API_KEY, also overwritten in the environment block: /proc/PID/environ shows it to other
// processes of the user.
std::string TakeKeyFromEnvironment() {
  // Before any thread runs.
  // NOLINTBEGIN(concurrency-mt-unsafe)
  char* value = std::getenv("MSP_API_KEY");
  if (value == nullptr) return {};
  std::string key = value;
  std::fill_n(value, std::strlen(value), 'x');
  unsetenv("MSP_API_KEY");
  // NOLINTEND(concurrency-mt-unsafe)
  return key;
}

absl::Status LoadKeys(Config& config) {
  std::string from_environment = TakeKeyFromEnvironment();
  config.keys.api_key = std::string(Trimmed(from_environment));
  ZeroizeString(from_environment);
  KeySource& keys = config.keys;
  if (!keys.sites_file.empty() && (!keys.api_key_file.empty() || !keys.api_key.empty()))
    return Invalid("sites_file", "holds all keys: omit api_key_file and MSP_API_KEY");
  if (keys.sites_file.empty() && keys.api_key_file.empty() && keys.api_key.empty()) {
    if (config.api_url != "sandbox")
      return Invalid("api_key_file", "is required, or set MSP_API_KEY");
    keys.api_key = "sandbox-test-key-0001";
  }
  auto sites = ReadSites(keys);
  if (!sites.ok()) return sites.status();
  config.sites = *std::move(sites);
  return absl::OkStatus();
}

absl::Status LoadTls(Config& config) {
  const TlsFiles& tls = config.tls;
  if (tls.cert_file.empty() && !tls.key_file.empty())
    return Invalid("tls_key_file", "requires tls_cert_file");
  if (tls.cert_file.empty() && !tls.client_ca_file.empty())
    return Invalid("tls_client_ca_file", "requires tls_cert_file and tls_key_file");
  if (!tls.cert_file.empty() && tls.key_file.empty())
    return Invalid("tls_cert_file", "requires tls_key_file");
  if (!tls.cert_file.empty()) {
    // Read again before serving; here only to report errors early.
    if (auto material = ReadTls(tls); !material.ok()) return material.status();
  }
  for (const payments::SiteSetting& site : config.sites) {
    if (!site.identities.empty() && tls.client_ca_file.empty()) {
      return Invalid("sites_file", absl::StrCat("site ", site.name,
                                                " is bound to client certificates, which requires "
                                                "tls_client_ca_file"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status LoadAccess(Config& config) {
  if (absl::Status keys = LoadKeys(config); !keys.ok()) return keys;
  return LoadTls(config);
}

}  // namespace msp
