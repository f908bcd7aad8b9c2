// SPDX-License-Identifier: Apache-2.0

// How this component finds a site and the keys that may have signed for it. Main wires the finder.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "service/payments/site.h"

namespace msp::webhooks {

// The site of this name, "" for the one that calls without a name use; null when there is none.
// Any thread.
using SiteFinder = std::function<std::shared_ptr<const payments::Site>(std::string_view name)>;

// Every key that a notification of the site may be signed with. They point into the site.
// The present one comes first.
inline std::vector<std::string_view> KeysOf(const payments::Site& site) {
  if (site.previous_key().empty()) return {site.api_key()};
  return {site.api_key(), site.previous_key()};
}

}  // namespace msp::webhooks
