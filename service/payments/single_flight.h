// SPDX-License-Identifier: Apache-2.0

// Single flight: at most one money-moving call per (site, order) at a time in this process. An
// identical call that arrives meanwhile joins the one in flight and gets the same answer; a
// different one is turned away. An identical call that comes shortly after its completion, as a
// second submit does, is told apart from a first one, whatever else was done to the order in
// between.
//
// Owned by Api; any thread. Holds order ids and keyed digests in memory, nothing of a card; of a
// flight that is complete a hash stays for a while.
#pragma once

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
  struct Limits {
    std::size_t flights_max = 100'000;
    std::size_t joined_max = 64;  // Calls that wait for one flight.
    // Completed calls that are remembered (16 bytes each); those next to be forgotten give way.
    std::size_t completed_max = 32'768;
    std::chrono::milliseconds completed_time{
        60'000};  // For how long, unless `Release` says otherwise.
  };
  enum class Acquired : std::uint8_t {
    kLeads,           // No call for this order is in flight: this one goes.
    kLeadsAfterSame,  // So too, and an identical one completed a short while ago.
    kJoined,          // It waits for the one in flight; `on_completion` will run.
    kBusy,            // A different call for the same order is in flight.
    kFull,            // A bound is reached.
  };
  // What a joined call is handed when the flight completes: the leader, as whatever `Release` was
  // given.
  using OnCompletion = absl::AnyInvocable<void(const void* leader) &&>;
  // A call as it acquires a flight; a part of that call, which its flight keeps alive until it
  // completes.
  struct Flight {
    std::string text;  // The digest, then the name.
    std::size_t digest_bytes = 0;

    // Tells identical calls from different ones.
    std::string_view digest() const { return std::string_view(text).substr(0, digest_bytes); }
    // The (site, order).
    std::string_view name() const { return std::string_view(text).substr(digest_bytes); }
  };
  // Names one joined call, so that it can leave before that.
  using Ticket = std::uint64_t;

  explicit SingleFlight(Limits limits);

  // `flight` does not change until it has completed; one that does not lead is let go at once.
  Acquired Acquire(std::shared_ptr<const Flight> flight, OnCompletion on_completion,
                   Ticket* ticket);
  // Ends the flight; runs every joined call's closure with `leader` on this thread. For the time
  // `remember_for` an identical call is told that this one came before; zero when its call has done
  // nothing for certain.
  void Release(std::string_view name, const void* leader, std::chrono::milliseconds remember_for);
  // The same with `Limits::completed_time`, or not at all.
  void Release(std::string_view name, const void* leader, bool remember) {
    Release(name, leader, remember ? limits_.completed_time : std::chrono::milliseconds(0));
  }
  // Takes a joined call out; false when it has completed already.
  bool Leave(std::string_view name, Ticket ticket);

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

  // A completed call, by a hash of its name and digest. One of the places of a set, which the hash
  // chooses. Two calls with one hash cost a look, no more.
  struct Completed {
    std::size_t call = 0;
    std::chrono::steady_clock::time_point until;
  };
  static constexpr std::size_t kPlacesOfSet = 4;

  Completed* SetOf(std::size_t call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remember(const Flight& flight, std::chrono::milliseconds how_long)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool WasCompleted(const Flight& flight) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Limits limits_;
  mutable Mutex mutex_;
  // By name, which is the leader's own text.
  absl::flat_hash_map<absl::string_view, InFlight> in_flight_ ABSL_GUARDED_BY(mutex_);
  std::vector<Completed> completed_ ABSL_GUARDED_BY(mutex_);
  Ticket last_ticket_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace msp::payments
