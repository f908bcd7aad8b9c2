#include "service/config_access.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "service/base/text.h"
#include "service/setting.h"

ABSL_FLAG(std::string, api_key_file, "",
          "file that holds the site's API key, read again when it changes; or set MSP_API_KEY. "
          "Never a flag value: it would show in ps");
ABSL_FLAG(std::string, sites_file, "",
          "JSON file of several sites, each with a name, a key_file and, where wanted, "
          "previous_key_file, in_flight_max, calls_per_s and identities (names in client "
          "certificates); callers pick one with the metadata key x-msp-site. Instead of "
          "api_key_file; read again when it or a key changes");
ABSL_FLAG(std::string, tls_cert_file, "",
          "PEM certificate chain of the gRPC port; with tls_key_file, read again when it changes");
ABSL_FLAG(std::string, tls_key_file, "", "PEM key of tls_cert_file, without a pass phrase");
ABSL_FLAG(std::string, tls_client_ca_file, "",
          "PEM certificates of the authorities whose clients may connect; empty: clients show no "
          "certificate");
ABSL_FLAG(std::int64_t, reload_ms, 1000,
          "how often keys, sites and certificates are looked at, in milliseconds, 50 to 3600000; "
          "a change counts when two looks find the same, or at once after SIGHUP");
ABSL_FLAG(std::int32_t, connections_max, 4096,
          "clients' connections to the gRPC port at a time; one more is closed at once, 1 to "
          "1000000");
ABSL_FLAG(std::int32_t, streams_max, 1000,
          "calls at a time on one connection; further ones wait at the client, 1 to 100000");
ABSL_FLAG(std::int32_t, memory_quota_mib, 128,
          "gRPC's resource quota: the memory of callers' connections and of calls that are being "
          "read, some 12 KiB a call, in MiB, 16 to 1048576");
ABSL_FLAG(std::int32_t, metadata_max_bytes, 16384,
          "the metadata of one call, in bytes, 1024 to 1048576");

namespace msp {
namespace {

// MSP_API_KEY, removed from the environment block too: /proc/PID/environ shows it to others of the
// same user.
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
  config.keys = {.sites_file = absl::GetFlag(FLAGS_sites_file),
                 .api_key_file = absl::GetFlag(FLAGS_api_key_file),
                 .api_key = std::string(Trimmed(from_environment))};
  WipeString(from_environment);
  KeySource& keys = config.keys;
  if (!keys.sites_file.empty() && (!keys.api_key_file.empty() || !keys.api_key.empty()))
    return Invalid("sites_file", "holds all keys: api_key_file and MSP_API_KEY must be left out");
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
  config.tls = {.cert_file = absl::GetFlag(FLAGS_tls_cert_file),
                .key_file = absl::GetFlag(FLAGS_tls_key_file),
                .client_ca_file = absl::GetFlag(FLAGS_tls_client_ca_file)};
  const server::TlsFiles& tls = config.tls;
  if (tls.cert_file.empty() && !tls.key_file.empty())
    return Invalid("tls_key_file", "needs tls_cert_file too");
  if (tls.cert_file.empty() && !tls.client_ca_file.empty())
    return Invalid("tls_client_ca_file", "needs tls_cert_file and tls_key_file too");
  if (!tls.cert_file.empty() && tls.key_file.empty())
    return Invalid("tls_cert_file", "needs tls_key_file too");
  if (!tls.cert_file.empty()) {
    // Read again when it serves; here only so that what is wrong is said before.
    if (auto material = server::ReadTls(tls); !material.ok()) return material.status();
  }
  for (const psp::SiteSetting& site : config.sites) {
    if (!site.identities.empty() && tls.client_ca_file.empty()) {
      return Invalid("sites_file", absl::StrCat("site ", site.name,
                                                " is bound to client certificates, which needs "
                                                "tls_client_ca_file"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status LoadAccess(Config& config) {
  config.reload_ms = absl::GetFlag(FLAGS_reload_ms);
  config.limits.connections_max = absl::GetFlag(FLAGS_connections_max);
  config.limits.streams_max = absl::GetFlag(FLAGS_streams_max);
  config.limits.metadata_max_bytes = absl::GetFlag(FLAGS_metadata_max_bytes);
  const std::int64_t memory_quota_mib = absl::GetFlag(FLAGS_memory_quota_mib);
  config.limits.memory_quota_bytes = memory_quota_mib << 20;
  for (const absl::Status& check :
       {InRange("reload_ms", config.reload_ms, 50, 3'600'000),
        InRange("connections_max", config.limits.connections_max, 1, 1'000'000),
        InRange("streams_max", config.limits.streams_max, 1, 100'000),
        InRange("memory_quota_mib", memory_quota_mib, 16, 1 << 20),
        InRange("metadata_max_bytes", config.limits.metadata_max_bytes, 1'024, 1 << 20),
        LoadKeys(config), LoadTls(config)}) {
    if (!check.ok()) return check;
  }
  return absl::OkStatus();
}

}  // namespace msp
