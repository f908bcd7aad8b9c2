// SPDX-License-Identifier: Apache-2.0

// One request in flight and its answer: writes the request's bytes to a connection, once, and reads
// the answer.
//
// Owned by an event loop, used under its lock, and reused for further requests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "service/curl/connection.h"
#include "service/http/client.h"
#include "service/http/response_parser.h"

namespace msp::http {

// The options of all requests of a pool. Outlives the transfers.
struct RequestOptions {
  std::string path;         // Of the base URL; precedes each request's target.
  std::string header_text;  // Header lines with CRLF: Host and constant ones.
  std::size_t body_max_bytes = 0;
};

// A request with its callback.
struct PendingRequest {
  Request request;
  Done done;
  Clock::time_point submitted_at;
};

// The response to a request that was not sent. Zeroizes its body.
Response Refuse(PendingRequest& pending, TransferError failure, const char* detail);

class Transfer {
 public:
  // The arguments outlive the transfer.
  Transfer(const RequestOptions& options, BodyBudget& budget);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Takes the request and serializes it.
  void Begin(PendingRequest pending, Clock::time_point now);

  // Sends as much as the connection accepts. The next call continues there.
  void Write();
  // Receives what has arrived, through `buffer`, which is zeroized at the end.
  void Read(char* buffer, std::size_t size);

  // The answer is complete, or cannot become complete.
  bool has_ended() const { return has_ended_; }
  // The connection accepts no more bytes.
  bool write_failed() const { return write_failed_; }
  // The connection accepted no byte, so the request may use another one.
  bool has_failed_unsent() const { return write_failed_ && sent_bytes_ == 0; }
  bool wants_to_write() const { return sent_bytes_ < out_.size() && !write_failed_; }
  // True for a read whose reused connection ended without a byte of an answer, the first time: the
  // request may use another connection.
  bool may_send_again() const;
  // Rewinds the request for another connection. `was_sent`: it is sent a second time.
  void Rewind(bool was_sent);
  // Whether the connection can carry another request.
  bool keeps_connection() const;

  // Nobody waits for the answer any more, and no byte was written.
  bool is_abandoned() const { return sent_bytes_ == 0 && IsAbandoned(pending_.request); }

  void SetDeadlinePassed() { deadline_passed_ = true; }
  // libcurl could not connect, or the connection broke.
  void SetFailed(CURLcode code);

  // Returns the result. Zeroizes the request.
  Response Finish();
  // The caller's callback for that response.
  Done TakeDone() { return std::move(pending_.done); }

  const Request& request() const { return pending_.request; }

  curl::Connection* connection = nullptr;
  std::unique_ptr<curl::Connection> connecting;  // Owns `connection` until it is established.
  std::size_t index = 0;                         // In the event loop's list.

 private:
  void WriteRequest();
  std::string Detail() const;
  void Collect(Timings& timings) const;

  const RequestOptions& options_;
  PendingRequest pending_;
  Clock::time_point begun_at_;
  Clock::time_point first_byte_at_;
  std::string out_;  // The request, header and body.
  std::size_t sent_bytes_ = 0;
  ResponseParser parser_;
  CURLcode code_ = CURLE_OK;
  bool has_ended_ = false;
  bool write_failed_ = false;
  bool complete_ = false;
  bool too_large_ = false;
  bool deadline_passed_ = false;
  bool sent_again_ = false;
};

}  // namespace msp::http
