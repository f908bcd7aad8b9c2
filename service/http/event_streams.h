// SPDX-License-Identifier: Apache-2.0

// The seam between what waits for events and the network: streams of server-sent events that are
// read in the background, connected again after a break and resumed after the last event.
// `CurlEventStreams` implements it, tests fake it. It knows nothing of orders.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"

namespace msp::http {

// Where streams may be besides the API's own address, unless a setting says otherwise.
inline constexpr std::string_view kEventStreamDomains = "multisafepay.com";

struct EventStreamRequest {
  // Longer ones are refused.
  static constexpr std::size_t kUrlBytesMax = 2'048;
  static constexpr std::size_t kTokenBytesMax = 4'096;

  std::string url;
  std::string token;  // Sent as Authorization: Bearer. Zeroized by the streams.
};

// What a stream tells. Whatever an event says is left out: it is no more than a reason to look.
enum class StreamSignal : std::uint8_t {
  kConnected,  // The stream is there, perhaps again: what happened before may have been missed.
  kEvents,     // One or more events.
  kEnded,      // It was refused or given up; nothing follows.
};

// Why a stream was not opened; kOpened when it was.
enum class StreamOpened : std::uint8_t {
  kOpened,
  kBadAddress,  // The URL leads elsewhere than a stream's may.
  kBadToken,    // The token could not be sent as one: empty, too long, or not of one line.
  kFull,        // As many streams are open as may be.
  kStopped,
};

class EventStreams {
 public:
  // Not used again within a process.
  using Id = std::uint64_t;
  using OnSignal = absl::AnyInvocable<void(Id, StreamSignal)>;
  struct Result {
    StreamOpened opened = StreamOpened::kOpened;
    Id id = 0;  // When opened.
  };

  virtual ~EventStreams() = default;
  // Begins to read a stream and returns at once. `on_signal` runs on a thread of the streams' own,
  // perhaps before this has returned; it must not block for long.
  virtual Result Open(EventStreamRequest request, OnSignal on_signal) = 0;
  // Ends a stream and returns at once. A signal that is on its way may still come.
  virtual void Close(Id id) = 0;
};

// What became of streams and their connections; the names are a metric's label.
inline constexpr std::array<std::string_view, 8> kStreamCountNames{
    "connected", "event", "reconnect", "refused", "given_up", "bad_address", "bad_token", "full"};
enum class StreamCount : std::uint8_t {
  kConnected,   // A connection was answered with a stream.
  kEvent,       // An event came.
  kReconnect,   // A connection ended or failed, and another one follows.
  kRefused,     // An answer that says not to come again: 401, 403, 204, a redirect, no stream.
  kGivenUp,     // Too many connections in a row failed, or the stream reached its age.
  kBadAddress,  // The rest: StreamOpened.
  kBadToken,
  kFull,
};

// Counters since the start, and how many streams there are now.
struct StreamCounts {
  void Count(StreamCount what, std::int64_t times = 1) {
    counts[static_cast<std::size_t>(what)].fetch_add(times, std::memory_order_relaxed);
  }
  std::int64_t At(std::size_t what) const { return counts[what].load(std::memory_order_relaxed); }
  std::int64_t At(StreamCount what) const { return At(static_cast<std::size_t>(what)); }
  std::array<std::atomic<std::int64_t>, kStreamCountNames.size()> counts{};
  std::atomic<std::int64_t> open{0};
};

}  // namespace msp::http
