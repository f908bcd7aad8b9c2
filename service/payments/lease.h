// SPDX-License-Identifier: Apache-2.0

// Single flight across replicas: the holder of the lease of a (site, order) in Redis may send for
// it. Without Redis only each replica's own single flight remains; that is counted, and the marker
// still shows whose attempt made an order.
//
// A lease is short and renewed while its call runs, so that the lease of a killed process expires
// within seconds. A separate note records each call that had an effect.
//
// Owned by main; any thread. Only keyed digests reach Redis, no order id and no card data.
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
    kGrantedAfterSame,  // The same, and an identical call completed a short while ago.
    kGrantedBlind,      // The same, and Redis has not been up long enough to know of one.
    kHeldBySame,        // An identical call is in flight elsewhere.
    kHeldByOther,       // A different call for this order is in flight elsewhere.
    kUnavailable,       // Redis did not answer.
  };

  static constexpr std::chrono::milliseconds kTerm{5'000};
  static constexpr std::chrono::milliseconds kMemory{300'000};

  // `term`: how long a lease lasts without renewal. `memory`: the longest time that a call is
  // remembered, so for how long a Redis that lost its data is not relied on.
  Lease(RedisAddress address, telemetry::Metrics& metrics, std::chrono::milliseconds term = kTerm,
        std::chrono::milliseconds memory = kMemory);
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  // `name` and `digest` as for single flight. A granted lease is renewed until `Release`, for at
  // most `max_ms`.
  void Acquire(std::string_view name, std::string_view digest, std::int64_t max_ms,
               absl::AnyInvocable<void(Grant) &&> done);
  // Releases the lease that was granted for this name and digest, unless it has passed to another
  // holder. For `remember_for` an identical call gets kGrantedAfterSame on any replica; zero when
  // the call certainly had no effect.
  void Release(std::string_view name, std::string_view digest,
               std::chrono::milliseconds remember_for);
  // The same with a minute, or with zero.
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
  void ScheduleRenewal() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Renew();

  const std::string owner_;  // This process: random, new at every start.
  const std::chrono::milliseconds term_;
  const std::chrono::milliseconds memory_;
  telemetry::Metrics& metrics_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, Held> held_ ABSL_GUARDED_BY(mutex_);  // By key in Redis.
  bool renewal_planned_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  Redis redis_;  // Its closures use the members above,
  Timer timer_;  // and the timer's use redis_, so timer_ is destroyed first.
};

}  // namespace msp::payments
