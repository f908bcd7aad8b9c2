// SPDX-License-Identifier: Apache-2.0

// The resume token of WatchOrder: the order that its bearer watched and the last state that it got,
// so that a stream on any replica does not send an older state. Protected by a digest without a
// secret: a token affects only its bearer, so a forger misleads nobody else, and the rotation of a
// secret such as the API key would end streams needlessly. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "service/webhooks/order_event.h"

namespace msp::webhooks {

// Why a token of another site or order is refused.
inline constexpr char kUnknownToken[] =
    "is not one that this service gave out for this order of this site";

std::string MakeToken(std::string_view site, const LastSent& last_sent);
// Nothing where `token` is not a token of this site.
std::optional<LastSent> ReadToken(std::string_view token, std::string_view site);

}  // namespace msp::webhooks
