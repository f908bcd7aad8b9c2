// SPDX-License-Identifier: Apache-2.0

// Single flight across replicas: who holds the lease of a (site, order) in Redis may send for it.
// Without Redis the flights of each replica are all there is; that is counted, and the marker still
// tells whose attempt made an order.
//
// A lease is short: its holder renews it as long as its call runs, so that one whose process was
// killed ends within seconds. Beside it stands a note for each call that has done something.
//
// Owned by main; any thread. Only keyed digests reach Redis, no order id and nothing of a card.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "service/base/mutex.h"
#include "service/base/redis.h"
#include "service/base/timer.h"
#include "service/telemetry/metrics.h"

namespace msp::payments {

class Lease {
 public:
  enum class Grant : std::uint8_t {
    kGranted,
    kGrantedAfterSame,  // So too, and an identical call has landed a short while ago.
    kGrantedBlind,      // So too, and Redis has not been there for long enough to know of one.
    kHeldBySame,        // An identical call is in flight elsewhere.
    kHeldByOther,       // A different call for this order is in flight elsewhere.
    kUnavailable,       // Redis did not say.
  };

  static constexpr std::chrono::milliseconds kTerm{5'000};
  static constexpr std::chrono::milliseconds kMemory{300'000};

  // `term`: how long a lease lasts without being renewed; `memory`: the longest that a call is
  // remembered, and so for how long a Redis that has lost everything is not relied on.
  Lease(RedisAddress address, telemetry::Metrics& metrics, std::chrono::milliseconds term = kTerm,
        std::chrono::milliseconds memory = kMemory);
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  // `name` and `digest` as for a flight. A lease that is granted is renewed until `Release`, for
  // `max_ms` at most.
  void Acquire(std::string_view name, std::string_view digest, std::int64_t max_ms,
               absl::AnyInvocable<void(Grant) &&> done);
  // Gives up a lease that was granted for this name and digest; one that has passed to another
  // holder stays. For the time `remember_for` an identical call, through any replica, is told that
  // this one came before; zero when its call has done nothing for certain.
  void Release(std::string_view name, std::string_view digest,
               std::chrono::milliseconds remember_for);
  // The same with a minute, or not at all.
  void Release(std::string_view name, std::string_view digest, bool remember) {
    Release(name, digest, std::chrono::milliseconds(remember ? 60'000 : 0));
  }

 private:
  using Clock = Timer::Clock;
  // A lease of this process.
  struct Held {
    std::string value;
    Clock::time_point renewed_at;
    Clock::time_point until;  // Not renewed beyond.
  };

  std::string Value(std::string_view digest) const;
  void Hold(std::string key, std::string value, std::int64_t max_ms);
  void PlanRenewal() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Renew();

  const std::string owner_;  // This process: random, new at every start.
  const std::chrono::milliseconds term_;
  const std::chrono::milliseconds memory_;
  telemetry::Metrics& metrics_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, Held> held_ ABSL_GUARDED_BY(mutex_);  // By key in Redis.
  bool renewal_planned_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  Redis redis_;  // Its closures use the above,
  Timer timer_;  // and those of the timer use it: destroyed first.
};

}  // namespace msp::payments
