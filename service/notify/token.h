// The resume token of WatchOrder: which state of which order its bearer has seen. Signed with the
// site's key, so that any replica takes another's and nobody makes one up. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/types/span.h"

namespace msp::notify {

std::string MakeToken(std::string_view key, std::string_view site, std::string_view order_id,
                      std::string_view digest);
// The digest in the token; nothing unless one of the keys made it for this order.
std::optional<std::string> DigestIn(std::string_view token, absl::Span<const std::string_view> keys,
                                    std::string_view site, std::string_view order_id);

}  // namespace msp::notify
