// SPDX-License-Identifier: Apache-2.0

// The sites and their keys as the files say them: one site with one key, or those of --sites_file.
// Read at the start, and again whenever a file may have changed. Called by main and its reloader,
// one at a time.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "service/payments/sites.h"

namespace msp {

// Where keys come from. With `sites_file` the others are not used.
struct KeySource {
  std::string sites_file;
  std::string api_key_file;
  std::string api_key;  // From the environment; read once, it cannot change.
};

// The only site without --sites_file.
inline constexpr char kDefaultSite[] = "default";

// Reads and checks all files anew. An error is one line that names the setting, and in a sites file
// the member; it shows no key. A key is one word of at least 5 printable characters; white space
// around it is cut.
absl::StatusOr<std::vector<payments::SiteSetting>> ReadSites(const KeySource& source);

// Tells nothing of the keys, and differs when any member of a site does.
std::string DigestOf(const std::vector<payments::SiteSetting>& sites);

// Settings whose keys are wiped at the end.
struct SiteSettings {
  explicit SiteSettings(std::vector<payments::SiteSetting> settings) : all(std::move(settings)) {}
  ~SiteSettings();
  SiteSettings(const SiteSettings&) = delete;
  SiteSettings& operator=(const SiteSettings&) = delete;

  std::vector<payments::SiteSetting> all;
};

}  // namespace msp
