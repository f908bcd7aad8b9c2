// SPDX-License-Identifier: Apache-2.0

#include "service/event_streams/event_stream_parser.h"

#include <algorithm>
#include <utility>

#include "service/base/text.h"

namespace msp::event_streams {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kRetryDigitsMax = 9;

}  // namespace

EventStreamParser::~EventStreamParser() { ZeroizeString(line_); }

bool EventStreamParser::Feed(std::string_view bytes) {
  for (const char c : bytes) {
    if (too_long_) break;
    const bool ends_crlf = after_cr_ && c == '\n';
    after_cr_ = c == '\r';
    if (ends_crlf) continue;
    if (c == '\r' || c == '\n') {
      EndLine();
      continue;
    }
    too_long_ = ++event_bytes_ > kEventBytesMax;
    ReserveZeroizing(line_, 1);
    line_ += c;
  }
  return !too_long_;
}

void EventStreamParser::Restart() {
  line_.clear();
  id_ = last_event_id_;
  event_bytes_ = 0;
  has_data_ = after_cr_ = too_long_ = false;
  at_start_ = true;
}

std::int64_t EventStreamParser::TakeEvents() { return std::exchange(events_, 0); }

void EventStreamParser::EndLine() {
  std::string_view line = line_;
  if (at_start_ && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  at_start_ = false;
  if (line.empty()) {
    // An event without data does not count, but its id does.
    last_event_id_ = id_;
    if (has_data_) ++events_;
    has_data_ = false;
    event_bytes_ = 0;
  } else if (const std::size_t colon = line.find(':'); colon == std::string_view::npos) {
    TakeField(line, {});
  } else {
    std::string_view value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    TakeField(line.substr(0, colon), value);
  }
  line_.clear();
}

// A comment has an empty name. The event's type and other fields are ignored.
void EventStreamParser::TakeField(std::string_view name, std::string_view value) {
  if (name == "data") {
    has_data_ = true;
  } else if (name == "id") {
    if (value.size() <= kIdBytesMax && value.find('\0') == std::string_view::npos) id_ = value;
  } else if (name == "retry") {
    if (value.empty() || value.size() > kRetryDigitsMax || !std::ranges::all_of(value, IsDigit))
      return;
    retry_ms_ = std::stoll(std::string(value));
  }
}

}  // namespace msp::event_streams
