// One easy handle and the request that it carries at the moment.
//
// Owned by a worker, used in its turn alone, and used again for one request after the other:
// setting up a handle anew costs more than the rest of a request's bookkeeping. It holds the guard
// that keeps libcurl from sending a money-moving request twice.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "service/http/curl_sockets.h"
#include "service/http/inbox.h"

namespace msp::http {

// What every transfer of a worker has in common. Outlives its transfers.
struct TransferOptions {
  std::string base_url;  // Scheme, host, optional port and path; no '/' at the end.
  std::string proxy;
  std::string ca_file;
  std::size_t body_max_bytes = 0;
  long connect_timeout_ms = 0;
  long connection_idle_max_s = 0;
  long connection_age_max_s = 0;
  bool http2 = false;
  bool scrub_memory = false;
};

// What the bodies of a worker's answers may still take together.
struct BodyRoom {
  std::size_t left_bytes = 0;
};

class Transfer {
 public:
  // The arguments outlive the transfer.
  Transfer(const TransferOptions& options, SocketTable& sockets, BodyRoom& room);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // The transfer that `easy` belongs to.
  static Transfer& Of(CURL* easy);

  CURL* easy() const { return easy_; }
  bool is_read() const { return job_.request.read; }

  // Takes the job and prepares the handle for it. False when libcurl refuses an option (no memory);
  // `Finish` with CURLE_FAILED_INIT then ends it as unsent. `now` is before the request's deadline
  // by at least 1 ms.
  bool Begin(Job job, Clock::time_point now);

  // The transfer has gone well and is still in the multi handle: its connection, now idle, is
  // libcurl's to use again, and is known to the socket table from here on.
  void KeepConnection();
  // The request has ended with `code` and the handle is out of the multi handle: what came of it.
  // Wipes the request.
  Response Finish(CURLcode code);
  // What the caller wants to run with that response.
  Done TakeDone() { return std::move(job_.done); }

 private:
  // Callbacks of libcurl; `self` is the transfer.
  static int OnPermission(void* self, char* remote_ip, char* local_ip, int remote_port,
                          int local_port);
  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t OnOpen(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int OnClose(void* sockets, curl_socket_t fd);

  void Renew();
  bool SetForever();
  bool SetMethod();
  bool SetHeaders();
  int Permit();
  void Collect(Response& response) const;
  std::int64_t DateSeconds() const;
  std::int64_t RetryAfterSeconds() const;

  template <class Value>
  bool Set(CURLoption option, Value value) {
    return curl_easy_setopt(easy_, option, value) == CURLE_OK;
  }

  const TransferOptions& options_;
  SocketTable& sockets_;
  BodyRoom& room_;
  CURL* easy_ = nullptr;
  bool ready_ = false;  // The options that never change are set.

  // The request of the moment.
  Job job_;
  Clock::time_point begun_at_;
  long timeout_ms_ = 0;
  std::string url_;
  std::vector<curl_slist> extra_headers_;  // Borrow the request's text, end in the shared list.
  std::string body_;
  std::size_t body_max_bytes_ = 0;
  int permissions_ = 0;
  bool opened_socket_ = false;  // The connection is a new one.
  bool head_complete_ = false;  // The answer's header block has come to its empty line.
  bool too_large_ = false;
  bool resend_stopped_ = false;
};

}  // namespace msp::http
