// What `Headers` and a transfer's own header lines share. Pure; any thread.
#pragma once

#include <string_view>

#include "service/http/client.h"

namespace msp::http {

// True for one complete header line: a name, a colon, and no control character that could end the
// line and start another one.
bool IsHeaderLine(std::string_view line);

}  // namespace msp::http
