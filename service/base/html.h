// SPDX-License-Identifier: Apache-2.0

// Text inside HTML. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace msp {

// `text` escaped for HTML, between tags or in quotes.
std::string HtmlEscaped(std::string_view text);

}  // namespace msp
