// SPDX-License-Identifier: Apache-2.0

#include "service/settings/environment.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to us.

namespace msp {
namespace {

constexpr std::string_view kPrefix = "MSP_";
constexpr std::string_view kKey = "MSP_API_KEY";

// Variables of other programs of this tree, its tests and the clients' examples, which a server's
// environment may contain.
constexpr auto kOthers = std::to_array<std::string_view>(
    {"MSP_SERVER", "MSP_FIXTURES", "MSP_SERVER_PROGRAM", "MSP_ALLOC_COUNT", "MSP_UPDATE_RETRIES"});
constexpr auto kOtherPrefixes =
    std::to_array<std::string_view>({"MSP_TEST_", "MSP_SDK_", "MSP_DIFFERENTIAL_"});

// Removes leading digits; false where there are none.
bool SkipDigits(std::string_view& text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(digits);
  return digits > 0;
}

// "50051_TCP", "50051_TCP_ADDR" and so on.
bool IsPortAndProtocol(std::string_view text) {
  constexpr auto kRests = std::to_array<std::string_view>({"", "_PROTO", "_PORT", "_ADDR"});
  if (!SkipDigits(text)) return false;
  for (const std::string_view protocol : {"_TCP", "_UDP", "_SCTP"}) {
    if (!text.starts_with(protocol)) continue;
    const std::string_view rest = text.substr(protocol.size());
    return std::find(kRests.begin(), kRests.end(), rest) != kRests.end();
  }
  return false;
}

// The forms of Kubernetes' service links: NAME_SERVICE_HOST, NAME_SERVICE_PORT, the same with the
// port's name, NAME_PORT=tcp://..., NAME_PORT_80_TCP and its variants.
bool IsServiceLink(std::string_view name, std::string_view value) {
  constexpr std::string_view kPort = "_PORT";
  if (name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT") ||
      name.find("_SERVICE_PORT_") != std::string_view::npos)
    return true;
  if (name.ends_with(kPort) && value.find("://") != std::string_view::npos) return true;
  for (std::size_t at = name.find("_PORT_"); at != std::string_view::npos;
       at = name.find("_PORT_", at + 1)) {
    if (IsPortAndProtocol(name.substr(at + kPort.size() + 1))) return true;
  }
  return false;
}

bool IsOthers(std::string_view name) {
  return std::find(kOthers.begin(), kOthers.end(), name) != kOthers.end() ||
         std::any_of(kOtherPrefixes.begin(), kOtherPrefixes.end(),
                     [name](std::string_view prefix) { return name.starts_with(prefix); });
}

// The Levenshtein distance: letters to insert, remove or replace.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string VariableOf(std::string_view setting) {
  return absl::StrCat(Absl(kPrefix), absl::AsciiStrToUpper(Absl(setting)));
}

std::string NearestTo(std::string_view name, const std::vector<std::string>& known) {
  const auto nearest = std::min_element(known.begin(), known.end(),
                                        [name](const std::string& a, const std::string& b) {
                                          return Distance(name, a) < Distance(name, b);
                                        });
  return nearest == known.end() ? std::string() : *nearest;
}

absl::Status CheckEnvironment(const std::vector<std::string_view>& settings,
                              const std::vector<std::string_view>& withdrawn) {
  std::vector<std::string> known{std::string(kKey)};
  for (const std::string_view setting : settings) known.push_back(VariableOf(setting));
  const auto is_withdrawn = [&withdrawn](std::string_view variable) {
    return std::any_of(withdrawn.begin(), withdrawn.end(),
                       [variable](std::string_view name) { return VariableOf(name) == variable; });
  };
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::string_view name = text.substr(0, text.find('='));
    if (!name.starts_with(kPrefix) || IsOthers(name) || is_withdrawn(name) ||
        std::find(known.begin(), known.end(), name) != known.end() ||
        IsServiceLink(name, text.substr(name.size())))
      continue;
    const std::string upper = absl::AsciiStrToUpper(Absl(name));
    return absl::InvalidArgumentError(absl::StrCat(Absl(name),
                                                   ": there is no such setting; the nearest is ",
                                                   NearestTo(upper, known), ", --help lists all"));
  }
  return absl::OkStatus();
}

}  // namespace msp
