// SPDX-License-Identifier: Apache-2.0

// One HTTP/1.1 request and one response, as plain data.
//
// The sandbox has its own small HTTP front instead of cpp-httplib's server, because its purpose
// includes breaking HTTP: resets before, between and after the bytes, answers cut short, wrong
// lengths, a trickle of bytes. Those need the socket.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace msp::sandbox {

// Bounds of one request.
inline constexpr std::size_t kHeadBytesMax = std::size_t{32} * 1024;
inline constexpr std::size_t kHeaderCountMax = 100;
inline constexpr std::size_t kBodyBytesMax = std::size_t{1024} * 1024;

struct HttpRequest {
  std::string method;
  // As sent: path and query, still percent-encoded.
  std::string path;
  std::string query;
  // Names as sent; `Header` finds them.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool keep_alive = true;

  // The first header of that name, compared without case; null when there is none.
  const std::string* Header(std::string_view name) const;
  // The first value of the query member, percent-decoded ("+" is a space); false when absent.
  bool QueryValue(std::string_view name, std::string* value) const;
  // Every value of the query member.
  std::vector<std::string> QueryValues(std::string_view name) const;
};

// How the bytes of a response are sent; all except kWhole are requested faults.
struct Delivery {
  enum class Kind : std::uint8_t {
    kWhole,
    kReset,        // no byte, RST
    kResetInBody,  // head and `bytes` of the body, RST
    kTruncate,     // `bytes` of the body, then FIN
    kSilence,      // no byte until the peer closes or `hold_ms` have passed, then FIN
    kSlow,         // `bytes` per second
  };
  Kind kind = Kind::kWhole;
  std::size_t bytes = 0;
  std::int64_t hold_ms = 0;
  // With kTruncate: whether Content-Length states the whole body or the part that is sent.
  bool states_whole_length = true;
  // Waited before the first byte of the response.
  std::int64_t delay_ms = 0;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;  // A Date among them is the only one.
  std::string body;
  // A response without an end: what it appends goes out after `body`, again and again until it is
  // false. Called on the connection's thread; returns within about a second, also with nothing.
  std::function<bool(std::string* bytes)> more;
  bool close = false;
  Delivery delivery;
};

// "Sun, 29 Nov 2026 12:00:00 GMT".
std::string HttpDate(std::int64_t unix_ms);

// The standard phrase of a status; "Status" for unknown ones.
std::string_view StatusPhrase(int status);

// The path's segments, each percent-decoded once; a trailing slash does not count.
std::vector<std::string> PathSegments(std::string_view path);

enum class ParseResult : std::uint8_t { kComplete, kIncomplete, kBad, kTooLarge, kUnsupported };

// The head of a request, once `buffer` holds all of it. On kComplete `head_bytes` is its length
// with the empty line, and the two framing facts are set.
struct HeadFacts {
  std::size_t head_bytes = 0;
  std::size_t content_length = 0;
  bool chunked = false;
  bool expects_continue = false;
};
ParseResult ParseHead(std::string_view buffer, HttpRequest* request, HeadFacts* facts);

// A chunked body at the start of `buffer`. On kComplete `consumed` is its length.
ParseResult ParseChunked(std::string_view buffer, std::string* body, std::size_t* consumed);

}  // namespace msp::sandbox
