// SPDX-License-Identifier: Apache-2.0

// Access to MultiSafepay's event stream of an order: the address and token in answers about the
// order, mostly in that to its creation at a terminal or on a page. Kept for a while, because a
// caller watches an order after its creation; bounded, the oldest is evicted first. Only this
// process's answers are known: orders of other replicas are polled.
//
// Owned by main. Between calls only this table holds the tokens; they are zeroized when dropped.
// Any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/base/thread_annotations.h"
#include "multisafepay/v1/order.pb.h"
#include "service/base/mutex.h"

namespace msp::payments {

// Read from an answer, not checked: the HTTP client checks the address.
struct EventAccess {
  std::string url;
  std::string token;         // The user zeroizes it.
  std::uint64_t number = 0;  // From 1; changes with the token or address.
};

class EventAccessTable {
 public:
  using Clock = std::chrono::steady_clock;

  // The most orders (the oldest is evicted) and how long an entry is kept.
  static constexpr std::size_t kOrdersMax = 4'096;
  static constexpr std::chrono::minutes kLifetime{60};

  explicit EventAccessTable(std::function<Clock::time_point()> now = Clock::now);
  ~EventAccessTable();
  EventAccessTable(const EventAccessTable&) = delete;
  EventAccessTable& operator=(const EventAccessTable&) = delete;

  // Stores the access in an answer; most have none. `order_id` is the shop's. Some answers use
  // event_token and event_stream_url, names that the schema does not have.
  void Take(std::string_view site, std::string_view order_id,
            const multisafepay::v1::Order& order) {
    if (order.has_events_token() || order.has_unmodelled()) Keep(site, order_id, order);
  }
  // Nothing for none, and where its number is `but`.
  std::optional<EventAccess> Find(std::string_view site, std::string_view order_id,
                                  std::uint64_t but = 0);

  std::size_t size();

 private:
  struct Entry {
    std::string key;
    EventAccess access;
    Clock::time_point until;
  };
  using Entries = std::list<Entry>;  // The oldest first.

  void Keep(std::string_view site, std::string_view order_id, const multisafepay::v1::Order& order);
  void Drop(Entries::iterator entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropExpired() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::function<Clock::time_point()> now_;
  Mutex mutex_;
  Entries entries_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::string_view, Entries::iterator> by_key_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t numbers_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace msp::payments
