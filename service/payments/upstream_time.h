// SPDX-License-Identifier: Apache-2.0

// The times in MultiSafepay's answers. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace msp::payments {

// Unix seconds of a time without zone, which is local time in Europe/Amsterdam
// ("2026-03-29T03:30:00"); nothing for other texts. The repeated hour in October counts as its
// first occurrence.
std::optional<std::int64_t> UpstreamTimeSeconds(std::string_view text);

}  // namespace msp::payments
