// SPDX-License-Identifier: Apache-2.0

// Reads text/event-stream as the HTML standard's section "Server-sent events" has it. No library of
// Debian's does that for a client (cpp-httplib's is newer than Debian 12's), and a browser's way of
// reading is what those who write such streams test with.
//
// What an event says is not kept: to this service an event is a reason to read the order, nothing
// more. Its bytes are counted, so that a stream without an end to a line costs no memory. Owned by
// a stream; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace msp::http {

class EventStreamParser {
 public:
  // What comes between two empty lines may have so many bytes, comments included.
  static constexpr std::size_t kEventBytesMax = std::size_t{64} << 10;
  // A longer id is not taken: the one before it stays.
  static constexpr std::size_t kIdBytesMax = 1024;

  EventStreamParser() = default;
  ~EventStreamParser();
  EventStreamParser(const EventStreamParser&) = delete;
  EventStreamParser& operator=(const EventStreamParser&) = delete;

  // Takes the next bytes of the stream, cut anywhere. False once an event was too long; then the
  // rest of this stream is of no use.
  bool Feed(std::string_view bytes);
  // Another connection begins: what is left of an event that did not end is dropped. The last event
  // id and the time to wait stay.
  void Restart();

  // Events that were complete since this was called last.
  std::int64_t TakeEvents();
  // The id to resume after; "" for none. No CR, LF or NUL, but perhaps other control characters.
  const std::string& last_event_id() const { return last_event_id_; }
  // How long to wait before another connection, as the stream said last, in milliseconds; at most
  // nine digits count.
  std::optional<std::int64_t> retry_ms() const { return retry_ms_; }

 private:
  void EndLine();
  void TakeField(std::string_view name, std::string_view value);

  std::string line_;
  std::string id_;  // Of the event that is being read; becomes the last one at its end.
  std::string last_event_id_;
  std::optional<std::int64_t> retry_ms_;
  std::size_t event_bytes_ = 0;
  std::int64_t events_ = 0;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool at_start_ = true;  // No line has ended yet: a byte order mark may stand before it.
  bool too_long_ = false;
};

}  // namespace msp::http
