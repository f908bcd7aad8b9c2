// SPDX-License-Identifier: Apache-2.0

// Parses text/event-stream as specified in the HTML standard, "Server-sent events". No library in
// Debian 12 does that for a client (cpp-httplib's parser is newer), and authors of such streams
// test with browsers.
//
// An event's content is not kept: for this service an event is only a reason to read the order. Its
// bytes are counted, so that an endless line costs no memory. Owned by a stream; one thread at a
// time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace msp::event_streams {

class EventStreamParser {
 public:
  // Limit on the bytes between two empty lines, including comments.
  static constexpr std::size_t kEventBytesMax = std::size_t{64} << 10;
  // A longer id is ignored: the previous one stays.
  static constexpr std::size_t kIdBytesMax = 1024;

  EventStreamParser() = default;
  ~EventStreamParser();
  EventStreamParser(const EventStreamParser&) = delete;
  EventStreamParser& operator=(const EventStreamParser&) = delete;

  // Takes the next bytes of the stream, split anywhere. False once an event was too long; then the
  // rest of the stream is useless.
  bool Feed(std::string_view bytes);
  // Another connection begins: drops an incomplete event. The last event id and the wait stay.
  void Restart();

  // The complete events since the last call.
  std::int64_t TakeEvents();
  // The id to resume after; "" for none. Has no CR, LF or NUL, but may have other control
  // characters.
  const std::string& last_event_id() const { return last_event_id_; }
  // The stream's last wait before another connection, in milliseconds; at most nine digits count.
  std::optional<std::int64_t> retry_ms() const { return retry_ms_; }

 private:
  void EndLine();
  void TakeField(std::string_view name, std::string_view value);

  std::string line_;
  std::string id_;  // Of the current event; becomes last_event_id_ at its end.
  std::string last_event_id_;
  std::optional<std::int64_t> retry_ms_;
  std::size_t event_bytes_ = 0;
  std::int64_t events_ = 0;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool at_start_ = true;  // Before the end of the first line, which a byte order mark may precede.
  bool too_long_ = false;
};

}  // namespace msp::event_streams
