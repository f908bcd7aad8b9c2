// SPDX-License-Identifier: Apache-2.0

// The resume token of WatchOrder: which order its bearer watched and what it was told last, so that
// a stream on any replica does not tell an older state. Sealed by a digest without a secret: a
// token decides only what its bearer is told, so a forger misleads nobody else, and a secret that
// rotates, as the API key does, would end streams for nothing. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "service/webhooks/order_event.h"

namespace msp::webhooks {

std::string MakeToken(std::string_view site, const LastSent& last_sent);
// Nothing for what is no token of this site.
std::optional<LastSent> ReadToken(std::string_view token, std::string_view site);

}  // namespace msp::webhooks
