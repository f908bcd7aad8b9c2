// SPDX-License-Identifier: Apache-2.0

// What a scripted upstream receives and what it answers. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace msp::testing {

struct RecordedRequest {
  std::string method;
  std::string target;
  // Names as they were spelt, in the order of their arrival.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  int connection = 0;     // Number of the connection, from 0.
  int on_connection = 0;  // Number of the request on it, from 0.

  // The value of the header with this name, whatever its case; "" when absent.
  std::string Header(std::string_view name) const;
  // True when a header is spelt exactly like this.
  bool HasExactHeader(std::string_view name) const;
};

// What happens to the connection after a reply, or instead of one.
// kCloseNotify: as kFin, with TLS's own goodbye first, as every orderly server sends it.
enum class CloseMode : std::uint8_t { kKeepAlive, kFin, kRst, kCloseNotify };

struct Reply {
  // A complete answer with Content-Length.
  static Reply Json(int status, std::string body);
  // Nothing but the end of the connection, after the whole request has been read.
  static Reply Close(CloseMode mode) { return Raw("", mode); }
  // These bytes, whatever they are.
  static Reply Raw(std::string bytes, CloseMode mode);

  Reply& Header(std::string name, std::string value);
  Reply& Chunked();                      // The body in chunks of 7 bytes, without Content-Length.
  Reply& DeclaredLength(std::size_t n);  // A Content-Length that is not the body's.
  Reply& Then(CloseMode mode);
  Reply& InPieces(std::size_t bytes);  // Written so many bytes at a time.

  int status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  bool chunked = false;
  std::optional<std::size_t> declared_length;
  std::optional<std::string> raw;
  CloseMode close_mode = CloseMode::kKeepAlive;
  std::size_t piece_bytes = 0;  // 0: all at once.
};

// The request that this header block (without the empty line at its end) describes; no body yet.
RecordedRequest ParseHead(std::string_view head);
// What goes over the wire for this reply.
std::string BytesOf(const Reply& reply);

}  // namespace msp::testing
