// SPDX-License-Identifier: Apache-2.0

// What everything that opens connections with libcurl has in common. Any thread.
#pragma once

#include <curl/curl.h>

#include <string>

#include "absl/status/status.h"

namespace msp::http {

// Once per process, before the first thread of libcurl's; never undone, since other users may live
// on. Also keeps SIGPIPE from ending the program, unless it has a handler of its own.
absl::Status InitCurl();

struct TransportOptions {
  std::string proxy;    // Empty: none, whatever the environment says.
  std::string ca_file;  // Empty: the system's store.
  long connect_timeout_ms = 0;
};

// Sets how `easy` connects: HTTP/1.1, TLS 1.2 at least with peer and host verified, that proxy and
// no other, by this scheme ("http", "https") alone. No redirect is followed. False when libcurl
// refuses.
bool SetTransport(CURL* easy, const TransportOptions& options, const char* scheme);

}  // namespace msp::http
