// SPDX-License-Identifier: Apache-2.0

#include "service/http/curl_setup.h"

#include <signal.h>

#include <mutex>

namespace msp::http {
namespace {

constexpr long kKeepAliveProbe_s = 15;

}  // namespace

absl::Status InitCurl() {
  static std::once_flag once;
  static CURLcode result = CURLE_OK;
  std::call_once(once, [] {
    // Callers' threads write to connections, too, and OpenSSL does so without MSG_NOSIGNAL: one
    // that the other side has closed must not end the program. A handler of its own stays.
    struct sigaction current {};
    if (sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL)
      signal(SIGPIPE, SIG_IGN);
    result = curl_global_init(CURL_GLOBAL_DEFAULT);
  });
  if (result != CURLE_OK) return absl::InternalError(curl_easy_strerror(result));
  return absl::OkStatus();
}

bool SetTransport(CURL* easy, const TransportOptions& options, const char* scheme) {
  const auto set = [easy](CURLoption option, auto value) {
    return curl_easy_setopt(easy, option, value) == CURLE_OK;
  };
  return set(CURLOPT_PROTOCOLS_STR, scheme) &&
         set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1}) &&
         set(CURLOPT_SSL_VERIFYPEER, 1L) && set(CURLOPT_SSL_VERIFYHOST, 2L) &&
         set(CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2}) &&
         (options.ca_file.empty() || (set(CURLOPT_CAINFO, options.ca_file.c_str()) &&
                                      set(CURLOPT_CAPATH, static_cast<char*>(nullptr)))) &&
         // "" switches off the environment's *_proxy and no_proxy, which null would let in. A
         // tunnel, for http too: the same bytes go through it as without a proxy.
         set(CURLOPT_PROXY, options.proxy.c_str()) && set(CURLOPT_NOPROXY, "") &&
         set(CURLOPT_HTTPPROXYTUNNEL, 1L) &&
         // Signals belong to the program. Without QUICK_EXIT a blocked name server holds up the
         // event loop: it waits for the resolver's thread of a connection that is given up.
         set(CURLOPT_NOSIGNAL, 1L) && set(CURLOPT_QUICK_EXIT, 1L) &&
         set(CURLOPT_FOLLOWLOCATION, 0L) &&
         set(CURLOPT_CONNECTTIMEOUT_MS, options.connect_timeout_ms) &&
         set(CURLOPT_TCP_KEEPALIVE, 1L) && set(CURLOPT_TCP_KEEPIDLE, kKeepAliveProbe_s) &&
         set(CURLOPT_TCP_KEEPINTVL, kKeepAliveProbe_s);
}

}  // namespace msp::http
