// SPDX-License-Identifier: Apache-2.0

// The registry's records of a watched order and of each of its watchers. Internal to
// order_watch_registry.cc and order_watch_reads.cc; guarded by the registry's lock.
#pragma once

#include <cstdint>
#include <list>
#include <optional>

#include "service/webhooks/confirmation.h"
#include "service/webhooks/order_watch_registry.h"

namespace msp::webhooks {

// A known state that was confirmed within this time is current for a new watcher.
inline constexpr std::chrono::milliseconds kFresh{1'000};

// One watcher of an order.
struct OrderWatchRegistry::Subscriber {
  Watcher* watcher = nullptr;
  OrderSubscription* subscription = nullptr;  // Null once it has ended.
  bool follow = false;
  // It has got its first state and gets each later one. Before that another replica may have sent
  // it a later state than the known one.
  bool in_step = false;
  std::optional<LastSent> last_sent;
  Time joined;
  Confirmation reads;  // Of a state that may be older than `last_sent`.
  std::chrono::milliseconds heartbeat{0};
  Time beat_at = Time::max();
  Time quiet_until = Time::max();
  bool queued = false;
  Due::iterator due;
  std::list<Subscriber*>::iterator at;
};

// One watched order.
struct OrderWatchRegistry::OrderSubscription {
  Key key;
  std::list<Subscriber*> subscribers;
  std::optional<State> known;
  std::optional<State> held;      // The newest notification before the first read's answer.
  Time known_at;                  // When `known` was last confirmed.
  Time known_since;               // When it became known,
  Time changed_at = Time::min();  // and, if not the first state, sent as a change.
  Confirmation reads;             // Of a state that may be older than `known`.
  int unproven = 0;               // Consecutive reads without proof, or failed first reads.
  bool changed_in_fetch = false;
  std::uint64_t fetching = 0;  // The number of the read under way; 0 for none.
  Time fetch_began = Time::min();
  bool fetch_again = false;  // Read again when this read has ended.
  FetchReason why = FetchReason::kSnapshot;
  std::int64_t backoff_ms = 0;
  bool followed = false;         // By the push source.
  Time pushed_at = Time::min();  // Of its last news that no read has settled yet.
  int pushes_in_vain = 0;        // Its pushes since the last change.
  bool queued = false;
  Due::iterator due;
};

}  // namespace msp::webhooks
