// SPDX-License-Identifier: Apache-2.0

#include "service/curl/setup.h"

#include <signal.h>

#include <mutex>

namespace msp::curl {
namespace {

constexpr long kKeepAliveProbe_s = 15;

}  // namespace

absl::Status InitCurl() {
  static std::once_flag once;
  static CURLcode result = CURLE_OK;
  std::call_once(once, [] {
    // OpenSSL writes to connections without MSG_NOSIGNAL, also on callers' threads: a connection
    // that the peer has closed must not end the program. The program's own handler stays.
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
         // "" disables the environment's *_proxy and no_proxy, null would not. A tunnel, also for
         // http: the same bytes are sent as without a proxy.
         set(CURLOPT_PROXY, options.proxy.c_str()) && set(CURLOPT_NOPROXY, "") &&
         set(CURLOPT_HTTPPROXYTUNNEL, 1L) &&
         // libcurl must not use signals. Without QUICK_EXIT a blocked name server blocks the event
         // loop: libcurl waits for the resolver's thread of an abandoned connection.
         set(CURLOPT_NOSIGNAL, 1L) && set(CURLOPT_QUICK_EXIT, 1L) &&
         set(CURLOPT_FOLLOWLOCATION, 0L) &&
         set(CURLOPT_CONNECTTIMEOUT_MS, options.connect_timeout_ms) &&
         set(CURLOPT_TCP_KEEPALIVE, 1L) && set(CURLOPT_TCP_KEEPIDLE, kKeepAliveProbe_s) &&
         set(CURLOPT_TCP_KEEPINTVL, kKeepAliveProbe_s);
}

}  // namespace msp::curl
