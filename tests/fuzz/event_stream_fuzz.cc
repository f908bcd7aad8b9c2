// SPDX-License-Identifier: Apache-2.0

// Event streams from outside: cut anywhere they say the same, what is handed out can be resumed
// from, and nothing grows beyond its bound.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "service/event_streams/event_stream_parser.h"
#include "tests/fuzz/require.h"

namespace msp::event_streams {
namespace {

using fuzz::Require;

struct Read {
  bool whole = true;
  std::int64_t events = 0;
  std::string id;
  std::optional<std::int64_t> retry_ms;
  bool operator==(const Read&) const = default;
};

Read ReadIn(EventStreamParser& parser, std::string_view stream, std::size_t piece) {
  Read read;
  while (!stream.empty() && read.whole) {
    read.whole = parser.Feed(stream.substr(0, piece));
    stream.remove_prefix(std::min(piece, stream.size()));
  }
  read.events = parser.TakeEvents();
  read.id = parser.last_event_id();
  read.retry_ms = parser.retry_ms();
  return read;
}

void Run(std::string_view stream, std::size_t piece) {
  EventStreamParser at_once;
  const Read read = ReadIn(at_once, stream, std::max<std::size_t>(stream.size(), 1));
  EventStreamParser in_pieces;
  Require(ReadIn(in_pieces, stream, piece) == read, "pieces make no difference");
  Require(read.id.size() <= EventStreamParser::kIdBytesMax, "the id is bounded");
  Require(read.id.find_first_of(std::string_view("\0\r\n", 3)) == std::string::npos,
          "the id is of one line", read.id);
  Require(read.events <= static_cast<std::int64_t>(stream.size() / 6), "no event without data");
  Require(!read.retry_ms || (*read.retry_ms >= 0 && *read.retry_ms <= 999'999'999),
          "the time to wait is a number of at most nine digits");
  // What was left half does not reach the next connection.
  at_once.Restart();
  Require(at_once.Feed("\xEF\xBB\xBF: a comment\n\n"), "another connection begins");
  Require(at_once.TakeEvents() == 0 && at_once.last_event_id() == read.id, "with the id alone");
}

}  // namespace
}  // namespace msp::event_streams

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  msp::event_streams::Run({reinterpret_cast<const char*>(data + 1), size - 1},
                          1 + std::size_t{data[0]});
  return 0;
}
