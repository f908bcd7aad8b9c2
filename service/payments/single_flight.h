// SPDX-License-Identifier: Apache-2.0

// Single flight: at most one money-moving call per (site, order) at a time in this process. An
// identical call that arrives meanwhile joins the call in flight and gets the same answer; a
// different call is refused. An identical call shortly after its completion, such as a second
// submit, is recognized as a repeat, whatever else was done to the order in between.
//
// Owned by Api; any thread. Sharded by (site, order), so that loops on different cores seldom wait
// for each other. Holds order ids and keyed digests in memory, no card data. A hash of a
// completed flight remains for a while.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "service/base/mutex.h"

namespace msp::payments {

class SingleFlight {
 public:
  // Of all shards together; each has its part.
  struct Limits {
    std::size_t shards = 16;
    std::size_t flights_max = 100'000;
    std::size_t joined_max = 64;  // Calls that wait for one flight.
    // Completed calls that are remembered (16 bytes each); the next to expire is evicted.
    std::size_t completed_max = 32'768;
    std::chrono::milliseconds completed_time{
        60'000};  // For how long, unless `Release` says otherwise.
  };
  enum class Acquired : std::uint8_t {
    kLeads,           // No call for this order is in flight: this call leads.
    kLeadsAfterSame,  // The same, and an identical call completed a short while ago.
    kJoined,          // It waits for the call in flight; `on_completion` will run.
    kBusy,            // A different call for the same order is in flight.
    kFull,            // A bound is reached.
  };
  // Runs for a joined call when the flight completes, with the `leader` that `Release` was given.
  using OnCompletion = absl::AnyInvocable<void(const void* leader) &&>;
  // A call that acquires a flight. Part of that call, which the flight keeps alive until
  // completion.
  struct Flight {
    std::string text;  // The digest, then the name.
    std::size_t digest_bytes = 0;

    // Equal for identical calls.
    std::string_view digest() const { return std::string_view(text).substr(0, digest_bytes); }
    // The (site, order).
    std::string_view name() const { return std::string_view(text).substr(digest_bytes); }
  };
  // Identifies a joined call, so that it can leave before completion.
  using Ticket = std::uint64_t;

  explicit SingleFlight(Limits limits);

  // `flight` must not change until completion. A flight that does not lead is dropped at once.
  Acquired Acquire(std::shared_ptr<const Flight> flight, OnCompletion on_completion,
                   Ticket* ticket);
  // Ends the flight and runs every joined call's closure with `leader` on this thread. For
  // `remember_for` an identical call gets kLeadsAfterSame; zero when the call certainly had no
  // effect.
  void Release(std::string_view name, const void* leader, std::chrono::milliseconds remember_for);
  // The same with `Limits::completed_time`, or with zero.
  void Release(std::string_view name, const void* leader, bool remember) {
    Release(name, leader, remember ? limits_.completed_time : std::chrono::milliseconds(0));
  }
  // Removes a joined call; false when it has completed already.
  bool CancelJoin(std::string_view name, Ticket ticket);

  std::size_t size() const;

 private:
  struct Joined {
    Ticket ticket;
    OnCompletion on_completion;
  };
  struct InFlight {
    std::shared_ptr<const Flight> leader;
    std::vector<Joined> joined;
  };

  // A completed call, by a hash of its name and digest, in one of the slots of the set that the
  // hash selects. A hash collision costs a lookup, no more.
  struct Completed {
    std::size_t call = 0;
    std::chrono::steady_clock::time_point until;
  };
  static constexpr std::size_t kSlotsOfSet = 4;

  struct alignas(64) Shard {  // A cache line or more of its own.
    mutable Mutex mutex;
    // By name, which points into the leader's text.
    absl::flat_hash_map<absl::string_view, InFlight> in_flight ABSL_GUARDED_BY(mutex);
    std::vector<Completed> completed ABSL_GUARDED_BY(mutex);

    Completed* SetOf(std::size_t call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
    void Remember(const Flight& flight, std::chrono::milliseconds how_long)
        ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
    bool WasCompleted(const Flight& flight) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  };
  Shard& ShardOf(std::string_view name);

  const Limits limits_;
  std::vector<Shard> shards_;
  std::atomic<Ticket> last_ticket_{0};
};

}  // namespace msp::payments
