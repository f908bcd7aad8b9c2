// SPDX-License-Identifier: Apache-2.0

// One request on its way and its answer: writes the request's bytes to a connection, once, and
// reads the answer.
//
// Owned by an event loop, used under its lock, and used again for one request after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "service/http/curl_connection.h"
#include "service/http/response_parser.h"

namespace msp::http {

// What every request of a pool has in common. Outlives the transfers.
struct RequestOptions {
  std::string path;         // Of the base URL; goes before each request's target.
  std::string header_text;  // Header lines with CRLF: Host and those that never change.
  std::size_t body_max_bytes = 0;
};

// A request on its way, with what ends it.
struct PendingRequest {
  Request request;
  Done done;
  Clock::time_point submitted_at;
};

class Transfer {
 public:
  // The arguments outlive the transfer.
  Transfer(const RequestOptions& options, BodyBudget& budget);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Takes the request and writes it into memory.
  void Begin(PendingRequest pending, Clock::time_point now);

  // Sends what the connection takes. Later calls go on where the last one stopped.
  void Write();
  // Receives what is there, by way of `buffer`, which is overwritten at the end.
  void Read(char* buffer, std::size_t size);

  // Nothing more will come: the answer is complete, or cannot become so.
  bool has_ended() const { return has_ended_; }
  // The connection takes no more.
  bool write_failed() const { return write_failed_; }
  // It took no byte, so another connection may have the request.
  bool has_failed_unsent() const { return write_failed_ && sent_bytes_ == 0; }
  bool wants_to_write() const { return sent_bytes_ < out_.size() && !write_failed_; }
  // A read that a connection which was used before ended without a byte of an answer, for the
  // first time: another connection may have it.
  bool may_send_again() const;
  // Takes the request back to its start, for another connection. `was_sent`: a second time.
  void Rewind(bool was_sent);
  // Whether the connection can carry another request.
  bool keeps_connection() const;

  void SetDeadlinePassed() { deadline_passed_ = true; }
  // libcurl could not connect, or the connection broke.
  void SetFailed(CURLcode code);

  // What came of the request. Overwrites it.
  Response Finish();
  // What the caller wants to run with that response.
  Done TakeDone() { return std::move(pending_.done); }

  const Request& request() const { return pending_.request; }

  CurlConnection* connection = nullptr;
  std::unique_ptr<CurlConnection> connecting;  // Owns `connection` until it is established.
  std::size_t index = 0;                       // In the event loop's list.

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
