// Single flight: at most one money-moving call per (site, order) at a time in this process. An
// identical call that arrives meanwhile joins the one in flight and gets the same answer; a
// different one is turned away. An identical call that comes shortly after the landing, as a second
// submit does, is told apart from a first one.
//
// Owned by Api; any thread. Holds order ids and keyed digests in memory, nothing of a card; of a
// flight that has landed two hashes stay for a while.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "service/base/mutex.h"

namespace msp::psp {

class Flights {
 public:
  struct Limits {
    std::size_t flights_max = 100'000;
    std::size_t joined_max = 64;     // Calls that wait for one flight.
    std::size_t landed_max = 8'192;  // Landings that are remembered; older ones give way.
    std::chrono::milliseconds landed_time{60'000};  // And for how long.
  };
  enum class Boarding : std::uint8_t {
    kLeads,           // No call for this order is in flight: this one goes.
    kLeadsAfterSame,  // So too, and an identical one landed a short while ago.
    kJoined,          // It waits for the one in flight; `on_landing` will run.
    kBusy,            // A different call for the same order is in flight.
    kFull,            // A bound is reached.
  };
  // What a joined call is handed when the flight lands: the leader, as whatever `Land` was given.
  using OnLanding = absl::AnyInvocable<void(const void* leader) &&>;
  // Names one joined call, so that it can leave before the landing.
  using Ticket = std::uint64_t;

  explicit Flights(Limits limits) : limits_(limits), landed_(limits.landed_max) {}

  // `name` is the (site, order); `digest` tells identical calls from different ones.
  Boarding Board(const std::string& name, std::string_view digest, OnLanding on_landing,
                 Ticket* ticket);
  // Ends the flight; runs every joined call's closure with `leader` on this thread. `remember` when
  // its call has, or may have, done something.
  void Land(const std::string& name, const void* leader, bool remember);
  // Takes a joined call out; false when it has landed already.
  bool Leave(const std::string& name, Ticket ticket);

  std::size_t size() const;

 private:
  struct Joined {
    Ticket ticket;
    OnLanding on_landing;
  };
  struct Flight {
    std::string digest;
    std::vector<Joined> joined;
  };

  // Placed by the hash of the name: two names in one place cost a look, no more.
  struct Landed {
    std::size_t name = 0;
    std::size_t digest = 0;
    std::chrono::steady_clock::time_point until;
  };

  void Remember(const std::string& name, const std::string& digest)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasLanded(const std::string& name, std::string_view digest) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Limits limits_;
  mutable Mutex mutex_;
  std::unordered_map<std::string, Flight> flights_ ABSL_GUARDED_BY(mutex_);
  std::vector<Landed> landed_ ABSL_GUARDED_BY(mutex_);
  Ticket last_ticket_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace msp::psp
