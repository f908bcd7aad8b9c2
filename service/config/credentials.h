// SPDX-License-Identifier: Apache-2.0

// Reads the sites and their keys from files: one site with one key, or those of --sites_file.
// Called by main at the start and by its reloader whenever a file may have changed, one at a time.
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

// Reads and checks all files. An error is one line that names the setting, and in a sites file the
// member; it shows no key. A key is one word of at least 5 printable characters; surrounding white
// space is removed.
absl::StatusOr<std::vector<payments::SiteSetting>> ReadSites(const KeySource& source);

// Reveals nothing about the keys, and differs when any member of a site does.
std::string DigestOf(const std::vector<payments::SiteSetting>& sites);

// Settings whose keys are zeroized on destruction.
struct SiteSettings {
  explicit SiteSettings(std::vector<payments::SiteSetting> settings) : all(std::move(settings)) {}
  ~SiteSettings();
  SiteSettings(const SiteSettings&) = delete;
  SiteSettings& operator=(const SiteSettings&) = delete;

  std::vector<payments::SiteSetting> all;
};

}  // namespace msp
