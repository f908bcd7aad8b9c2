// SPDX-License-Identifier: Apache-2.0

// What this component counts, read by the operators' port at each scrape. Owned by main; any
// thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace msp::webhooks {

// What became of a notification; the names are a metric's label.
inline constexpr std::array<std::string_view, 15> kReceivedNames{
    "accepted",      "duplicate",   "hint",      "ignored",   "bad_auth_header",
    "bad_signature", "stale",       "future",    "malformed", "wrong_order",
    "unknown_site",  "bad_request", "too_large", "too_slow",  "not_found"};
enum class Received : std::uint8_t {
  kAccepted,
  kDuplicate,        // Accepted as well; its state had been handed on before.
  kUnauthenticated,  // By GET: unsigned, so no more than a reason to look.
  kIgnored,          // Without a timestamp: someone's browser.
  kBadAuthHeader,
  kBadSignature,
  kStale,
  kFuture,
  kMalformed,   // Genuine, and no order.
  kWrongOrder,  // Genuine, and of another order than the query says.
  kUnknownSite,
  kBadRequest,  // HTTP that two parsers could read in two ways.
  kTooLarge,
  kTooSlow,
  kNotFound,
};

// Where watchers' states come from, and what was not worth one.
inline constexpr std::array<std::string_view, 6> kEventNames{"news",  "same",   "stale",
                                                             "doubt", "looked", "pushed"};
// Why an order was read.
inline constexpr std::array<std::string_view, 5> kFetchReasonNames{"snapshot", "poll", "doubt",
                                                                   "hint", "push"};
enum class FetchReason : std::uint8_t { kSnapshot, kPoll, kUnproven, kUnauthenticated, kPushed };

inline constexpr std::array<std::string_view, 4> kBusNames{"published", "unpublished", "received",
                                                           "refused"};
enum class PublisherCount : std::uint8_t { kPublished, kUnpublished, kReceived, kRefused };

template <std::size_t kSize>
class Counts {
 public:
  template <class Index>
  void Count(Index index) {
    counts_[static_cast<std::size_t>(index)].fetch_add(1, std::memory_order_relaxed);
  }
  std::int64_t At(std::size_t index) const {
    return counts_[index].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::int64_t>, kSize> counts_{};
};

struct Counters {
  Counts<kReceivedNames.size()> received;
  Counts<kEventNames.size()> events;
  Counts<kFetchReasonNames.size()> fetches;
  Counts<kBusNames.size()> bus;
  std::atomic<std::int64_t> fetches_failed{0};
  std::atomic<std::int64_t> watchers{0};
  std::atomic<std::int64_t> watchers_refused{0};
  std::atomic<std::int64_t> orders{0};         // Watched now.
  std::atomic<std::int64_t> bus_connected{0};  // 1 while Redis is listened to.
};

}  // namespace msp::webhooks
