// What the end of a transfer says about the request. Pure functions; any thread.
//
// The rule is as simple as it is strict: libcurl asks for permission each time before it sends a
// request (`permissions`). It never asked: no byte left. It asked, and no complete answer came:
// nobody knows, whatever the result code says. One exception: the only connection that was tried
// ended before it had taken the whole body. A server cannot act on a request whose end it has not
// received.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <string>

#include "service/http/client.h"

namespace msp::http {

// How a transfer ended, as libcurl and our own callbacks saw it.
struct Ending {
  CURLcode code = CURLE_OK;
  int permissions = 0;           // How often libcurl was allowed to send the request.
  int status = 0;                // The HTTP status of the answer, 0 without one.
  bool head_complete = false;    // The answer's header block was read to its end.
  bool too_large = false;        // Our own callback refused more of the body.
  bool resend_stopped = false;   // Our own callback refused a second sending.
  bool deadline_passed = false;  // The request's whole time was used up.
  // The size of the request's body, and how much of it the connection's socket has taken at most;
  // -1 where that is not known.
  std::int64_t body_bytes = 0;
  std::int64_t uploaded_bytes = -1;
  int os_error = 0;       // errno of the failed connect or send, 0 when unknown.
  long verify_error = 0;  // OpenSSL's verdict on the peer's certificate, 0 when it was fine.
};

struct Verdict {
  Fate fate;
  Failure failure;
};

Verdict Judge(const Ending& ending);

// The transport's own words about a failure, free of request data; empty when answered.
std::string Detail(const Ending& ending);

}  // namespace msp::http
