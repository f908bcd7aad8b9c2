// SPDX-License-Identifier: Apache-2.0

// Addresses of the shop: where browsers return to, where notifications go. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace msp::sandbox {

// `url` with `name=value` appended by "?" or "&", the value percent-encoded.
std::string WithQuery(std::string_view url, std::string_view name, std::string_view value);

// http or https to 127.0.0.0/8, ::1 or localhost, written so.
bool IsLoopbackUrl(std::string_view url);

}  // namespace msp::sandbox
