// SPDX-License-Identifier: Apache-2.0

// Finds a site and the keys that its notifications may be signed with. Main wires the finder.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "service/payments/site.h"

namespace msp::webhooks {

// The site of this name; "" for the site of calls without a name; null when there is none. Any
// thread.
using SiteFinder = std::function<std::shared_ptr<const payments::Site>(std::string_view name)>;

// Every key that a notification of the site may be signed with, the current one first. They point
// into the site.
inline std::vector<std::string_view> KeysOf(const payments::Site& site) {
  if (site.previous_key().empty()) return {site.api_key()};
  return {site.api_key(), site.previous_key()};
}

}  // namespace msp::webhooks
