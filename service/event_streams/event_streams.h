// SPDX-License-Identifier: Apache-2.0

// The interface between consumers of events and the network: streams of server-sent events that are
// read in the background, reconnected after a break and resumed after the last event.
// `CurlEventStreams` implements it, tests fake it. Independent of orders.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"

namespace msp::event_streams {

// The default of the domains where streams may be, besides the API's own address.
inline constexpr std::string_view kEventStreamDomains = "multisafepay.com";

struct EventStreamRequest {
  // Longer ones are refused.
  static constexpr std::size_t kUrlBytesMax = 2'048;
  static constexpr std::size_t kTokenBytesMax = 4'096;

  std::string url;
  std::string token;  // Sent as Authorization: Bearer. Zeroized by the streams.
};

// The signals of a stream. They carry no content: an event is only a reason to read the order.
enum class StreamSignal : std::uint8_t {
  kConnected,  // The stream is (re)connected: earlier events may have been missed.
  kEvents,     // One or more events.
  kEnded,      // The stream was refused or given up: the last signal.
};

// Why a stream was not opened; kOpened when it was.
enum class StreamOpened : std::uint8_t {
  kOpened,
  kBadAddress,  // Not an allowed address of a stream.
  kBadToken,    // Not a token: empty, too long, or more than one line.
  kFull,        // At the limit on open streams.
  kStopped,
};

class EventStreams {
 public:
  // Unique within a process.
  using Id = std::uint64_t;
  using OnSignal = absl::AnyInvocable<void(Id, StreamSignal)>;
  struct OpenResult {
    StreamOpened opened = StreamOpened::kOpened;
    Id id = 0;  // When opened.
  };

  virtual ~EventStreams() = default;
  // Begins to read a stream and returns at once. `on_signal` runs on the streams' own thread,
  // possibly before this returns; it must not block for long.
  virtual OpenResult Open(EventStreamRequest request, OnSignal on_signal) = 0;
  // Ends a stream and returns at once. A pending signal may still come.
  virtual void Close(Id id) = 0;
};

// Events of streams and their connections; the names are label values of a metric.
inline constexpr std::array<std::string_view, 8> kStreamCountNames{
    "connected", "event", "reconnect", "refused", "given_up", "bad_address", "bad_token", "full"};
enum class StreamCount : std::uint8_t {
  kConnected,   // A connection was answered with a stream.
  kEvent,       // An event came.
  kReconnect,   // A connection ended or failed; another one follows.
  kRefused,     // A final answer: 401, 403, 204, a redirect, no stream.
  kGivenUp,     // Too many consecutive failures, or the stream reached its maximum age.
  kBadAddress,  // The rest: StreamOpened.
  kBadToken,
  kFull,
};

// Counters since the start, and the number of open streams.
struct StreamCounts {
  void Count(StreamCount what, std::int64_t times = 1) {
    counts[static_cast<std::size_t>(what)].fetch_add(times, std::memory_order_relaxed);
  }
  std::int64_t At(std::size_t what) const { return counts[what].load(std::memory_order_relaxed); }
  std::int64_t At(StreamCount what) const { return At(static_cast<std::size_t>(what)); }
  std::array<std::atomic<std::int64_t>, kStreamCountNames.size()> counts{};
  std::atomic<std::int64_t> open{0};
};

}  // namespace msp::event_streams
