// SPDX-License-Identifier: Apache-2.0

// Parses one HTTP/1.1 answer from the bytes of a connection, with Boost.Beast.
//
// Owned by a connection, used on its event loop. Strict where lenient parsers could disagree: a
// body has one length, lines end with CRLF, the header has a bound. Interim answers (1xx) are
// skipped; 101 is malformed, since no upgrade was requested.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace msp::http {

// The remaining memory for the bodies of an event loop's answers.
struct BodyBudget {
  std::size_t left_bytes = 0;
};

class ResponseParser {
 public:
  enum class ParseState : std::uint8_t { kIncomplete, kComplete, kMalformed, kTooLarge };

  // `budget` outlives the parser.
  explicit ResponseParser(BodyBudget& budget);
  ~ResponseParser();
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  // Begins a new answer whose body, also as decoded, has at most `body_max_bytes`. The body reuses
  // the memory of `spare`. `keep_date`: the Date header is wanted.
  void Begin(std::size_t body_max_bytes, bool keep_date, std::string spare);
  // Takes the next bytes of the connection, until the answer is complete or has failed.
  ParseState Parse(std::string_view bytes);
  // The connection was closed: the end of an answer without a length. libcurl does not distinguish
  // TLS's close_notify from a truncation, so such an answer may lack its end; the JSON parser
  // detects that.
  ParseState ParseEnd();
  // Zeroizes what has come so far and returns its part of the budget.
  void Drop();

  // True when a byte of an answer came.
  bool begun() const { return begun_; }
  // True when the connection can carry another request: the answer allows it, and nothing follows
  // it.
  bool keep_alive() const;
  int status() const { return status_; }
  // Seconds of a Retry-After header given as a number or a date; -1 when absent.
  std::int64_t retry_after_s() const;
  // The Date header as Unix seconds; -1 when absent.
  std::int64_t date_s() const;
  // The body, with kBodyPadding bytes of spare capacity; returns its part of the budget.
  std::string TakeBody();

 private:
  class Message;  // Beast's parser of one message, whose callbacks fill this object.

  void StartMessage();
  ParseState Advance(std::string_view& bytes);
  ParseState Decode();

  BodyBudget& budget_;
  std::unique_ptr<Message> message_;
  std::size_t body_max_bytes_ = 0;
  bool keep_date_ = false;
  bool begun_ = false;
  bool too_large_ = false;
  int interim_count_ = 0;
  int status_ = 0;
  std::string pending_;  // Received, but not a whole line yet.
  std::string encodings_;
  std::string retry_after_;
  std::string date_;
  std::string body_;
};

}  // namespace msp::http
