// SPDX-License-Identifier: Apache-2.0

// The counters of this component, read at each scrape of the admin port. Owned by main; any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace msp::webhooks {

// The result of a notification; the names are label values of a metric.
inline constexpr std::array<std::string_view, 15> kReceivedNames{
    "accepted",      "duplicate",   "hint",      "ignored",   "bad_auth_header",
    "bad_signature", "stale",       "future",    "malformed", "wrong_order",
    "unknown_site",  "bad_request", "too_large", "too_slow",  "not_found"};
enum class Received : std::uint8_t {
  kAccepted,
  kDuplicate,        // Accepted, too; its state was published before.
  kUnauthenticated,  // By GET: unsigned, so only a reason to read the order.
  kIgnored,          // Without a timestamp, as from a browser.
  kBadAuthHeader,
  kBadSignature,
  kStale,
  kFuture,
  kMalformed,   // Genuine, but no order.
  kWrongOrder,  // Genuine, but of another order than the query names.
  kUnknownSite,
  kBadRequest,  // HTTP that is ambiguous to parsers.
  kTooLarge,
  kTooSlow,
  kNotFound,
};

// What became of a notification or a read of a watched order; label values of a metric.
inline constexpr std::array<std::string_view, 6> kWatchUpdateNames{"news",  "same",   "stale",
                                                                   "doubt", "looked", "pushed"};
enum class WatchUpdate : std::uint8_t { kNews, kSame, kStale, kIndeterminate, kRead, kPushed };
// Why an order was read; label values of a metric.
inline constexpr std::array<std::string_view, 5> kFetchReasonNames{"snapshot", "poll", "doubt",
                                                                   "hint", "push"};
enum class FetchReason : std::uint8_t { kSnapshot, kPoll, kUnproven, kUnauthenticated, kPushed };

inline constexpr std::array<std::string_view, 4> kPublisherNames{"published", "unpublished",
                                                                 "received", "refused"};
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
  Counts<kWatchUpdateNames.size()> events;
  Counts<kFetchReasonNames.size()> fetches;
  Counts<kPublisherNames.size()> publisher;
  std::atomic<std::int64_t> fetches_failed{0};
  std::atomic<std::int64_t> watchers{0};
  std::atomic<std::int64_t> watchers_refused{0};
  std::atomic<std::int64_t> orders{0};               // Watched now.
  std::atomic<std::int64_t> publisher_connected{0};  // 1 while subscribed to Redis.
};

}  // namespace msp::webhooks
