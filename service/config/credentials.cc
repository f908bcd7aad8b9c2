// SPDX-License-Identifier: Apache-2.0

#include "service/config/credentials.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "service/base/secret_file.h"
#include "service/base/text.h"
#include "service/config/reload.h"

namespace msp {
namespace {

using Json = nlohmann::json;

// MultiSafepay's own libraries refuse shorter ones.
constexpr std::size_t kKeyCharsMin = 5;
constexpr std::size_t kKeyFileBytesMax = 4096;
constexpr std::size_t kSitesFileBytesMax = 1 << 20;
constexpr std::size_t kSitesMax = 1000;
constexpr std::size_t kNameCharsMax = 64;
constexpr double kLimitMax = 1e6;

absl::Status Invalid(absl::string_view where, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("--", where, ": ", what));
}

absl::StatusOr<std::string> Content(const std::string& where, const std::string& file,
                                    std::size_t bytes_max) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream content;
  if (!in || !(content << in.rdbuf())) return Invalid(where, absl::StrCat("cannot read ", file));
  std::string text = content.str();
  if (text.size() > bytes_max)
    return Invalid(where, absl::StrCat(file, " has more than ", bytes_max, " bytes"));
  return text;
}

absl::StatusOr<std::string> Checked(const std::string& where, std::string text) {
  std::string key(Trimmed(text));
  ZeroizeString(text);
  if (key.empty()) return Invalid(where, "the key is empty");
  if (key.size() < kKeyCharsMin) return Invalid(where, "the key has fewer than 5 characters");
  const bool printable =
      std::all_of(key.begin(), key.end(), [](unsigned char c) { return c > ' ' && c < 0x7f; });
  if (!printable) return Invalid(where, "the key must be one word of printable characters");
  return key;
}

absl::StatusOr<std::string> KeyIn(const std::string& where, const std::string& file) {
  std::string text;
  if (!ReadSecretFile(file, &text)) return Invalid(where, absl::StrCat("cannot read ", file));
  if (text.size() > kKeyFileBytesMax) {
    ZeroizeString(text);
    return Invalid(where, absl::StrCat(file, " has more than ", kKeyFileBytesMax, " bytes"));
  }
  return Checked(where, std::move(text));
}

bool IsName(const std::string& text) {
  return !text.empty() && text.size() <= kNameCharsMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

// Reads the members of one site of the file.
class SiteReader {
 public:
  // Relative key files are in `folder`.
  SiteReader(const Json& site, std::string where, std::string folder)
      : site_(site), where_(std::move(where)), folder_(std::move(folder)) {}

  absl::StatusOr<payments::SiteSetting> Read() {
    if (!site_.is_object()) return Invalid(where_, "must be an object");
    for (const auto& [member, value] : site_.items()) {
      static const std::set<std::string> kMembers{
          "name", "key_file", "previous_key_file", "in_flight_max", "calls_per_s", "identities"};
      if (!kMembers.contains(member)) return Invalid(Of(member), "is not a member of a site");
    }
    payments::SiteSetting setting;
    const auto name = site_.find("name");
    if (name == site_.end() || !name->is_string() || !IsName(*name))
      return Invalid(Of("name"), "must be 1 to 64 letters, digits, dots, dashes and underscores");
    setting.name = *name;
    for (const absl::Status& read : {Key("key_file", true, setting.api_key),
                                     Key("previous_key_file", false, setting.previous_key),
                                     Limits(setting.limits), Identities(setting.identities)}) {
      if (!read.ok()) return read;
    }
    return setting;
  }

 private:
  std::string Of(const std::string& member) const { return absl::StrCat(where_, ".", member); }

  absl::Status Key(const char* member, bool required, std::string& key) const {
    const auto found = site_.find(member);
    if (found == site_.end() && !required) return absl::OkStatus();
    if (found == site_.end() || !found->is_string() || found->get_ref<const std::string&>().empty())
      return Invalid(Of(member), "must be the path of a file that holds the key");
    const auto& path = found->get_ref<const std::string&>();
    auto read = KeyIn(Of(member), path.front() == '/' ? path : absl::StrCat(folder_, path));
    if (!read.ok()) return read.status();
    key = *std::move(read);
    return absl::OkStatus();
  }

  absl::Status Limits(payments::SiteLimits& limits) const {
    if (const auto found = site_.find("in_flight_max"); found != site_.end()) {
      if (!found->is_number_unsigned() || *found > kLimitMax)
        return Invalid(Of("in_flight_max"), "must be a whole number, 0 (no limit) to 1000000");
      limits.in_flight_max = found->get<std::int64_t>();
    }
    if (const auto found = site_.find("calls_per_s"); found != site_.end()) {
      if (!found->is_number() || *found < 0 || *found > kLimitMax)
        return Invalid(Of("calls_per_s"), "must be a number, 0 (no limit) to 1000000");
      limits.calls_per_s = *found;
    }
    return absl::OkStatus();
  }

  absl::Status Identities(std::vector<std::string>& identities) const {
    const auto found = site_.find("identities");
    if (found == site_.end()) return absl::OkStatus();
    // An empty list would suggest "nobody" and mean "everybody".
    if (!found->is_array() || found->empty())
      return Invalid(Of("identities"), "must be a list of names in client certificates");
    for (const Json& identity : *found) {
      if (!identity.is_string() || identity.get_ref<const std::string&>().empty())
        return Invalid(Of("identities"), "must be a list of names in client certificates");
      identities.push_back(identity);
    }
    return absl::OkStatus();
  }

  const Json& site_;
  const std::string where_;
  const std::string folder_;
};

absl::StatusOr<std::vector<payments::SiteSetting>> ReadSitesFile(const std::string& file) {
  absl::StatusOr<std::string> text = Content("sites_file", file, kSitesFileBytesMax);
  if (!text.ok()) return text.status();
  const Json document = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object() || document.size() != 1 || !document.contains("sites") ||
      !document["sites"].is_array() || document["sites"].empty()) {
    return Invalid("sites_file", absl::StrCat(file, R"( must hold {"sites": [{"name": "shop", )"
                                                    R"("key_file": "shop.key"}, ...]})"));
  }
  const Json& sites = document["sites"];
  if (sites.size() > kSitesMax)
    return Invalid("sites_file", absl::StrCat("has more than ", kSitesMax, " sites"));
  const std::string folder = file.substr(0, file.rfind('/') + 1);
  std::vector<payments::SiteSetting> settings;
  std::set<std::string> names;
  for (std::size_t i = 0; i < sites.size(); ++i) {
    const std::string where = absl::StrCat("sites_file: sites[", i, "]");
    absl::StatusOr<payments::SiteSetting> setting = SiteReader(sites[i], where, folder).Read();
    if (!setting.ok()) return setting.status();
    if (!names.insert(setting->name).second)
      return Invalid(where, absl::StrCat("the name ", setting->name, " occurs twice"));
    settings.push_back(*std::move(setting));
  }
  return settings;
}

}  // namespace

absl::StatusOr<std::vector<payments::SiteSetting>> ReadSites(const KeySource& source) {
  if (!source.sites_file.empty()) return ReadSitesFile(source.sites_file);
  absl::StatusOr<std::string> key = source.api_key_file.empty()
                                        ? Checked("api_key_file", source.api_key)
                                        : KeyIn("api_key_file", source.api_key_file);
  if (!key.ok()) return key.status();
  std::vector<payments::SiteSetting> settings(1);
  settings[0].name = kDefaultSite;
  settings[0].api_key = *std::move(key);
  return settings;
}

std::string DigestOf(const std::vector<payments::SiteSetting>& sites) {
  std::string all;
  for (const payments::SiteSetting& site : sites) {
    all += DigestOf({site.name, site.api_key, site.previous_key,
                     absl::StrCat(site.limits.in_flight_max, " ", site.limits.calls_per_s)});
    for (const std::string& identity : site.identities) all += DigestOf({identity});
    all += '\n';
  }
  return DigestOf({all});
}

SiteSettings::~SiteSettings() {
  for (payments::SiteSetting& site : all) {
    ZeroizeString(site.api_key);
    ZeroizeString(site.previous_key);
  }
}

}  // namespace msp
