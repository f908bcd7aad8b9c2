// SPDX-License-Identifier: Apache-2.0

// The common set-up of all users of libcurl. Any thread.
#pragma once

#include <curl/curl.h>

#include <string>

#include "absl/status/status.h"

namespace msp::curl {

// Call once per process before the first use of libcurl; never undone, since other users may
// remain. Also ignores SIGPIPE, unless the program has its own handler.
absl::Status InitCurl();

struct TransportOptions {
  std::string proxy;    // Empty for none, whatever the environment says.
  std::string ca_file;  // Empty for the system's store.
  long connect_timeout_ms = 0;
};

// Sets how `easy` connects: HTTP/1.1, at least TLS 1.2 with peer and host verified, only this
// proxy, only this scheme ("http", "https"), no redirects. False when libcurl refuses.
bool SetTransport(CURL* easy, const TransportOptions& options, const char* scheme);

}  // namespace msp::curl
