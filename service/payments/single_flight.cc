// SPDX-License-Identifier: Apache-2.0

#include "service/payments/single_flight.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "service/base/hash.h"

namespace msp::payments {
namespace {

// As the table's key type.
absl::string_view Name(std::string_view name) { return {name.data(), name.size()}; }

}  // namespace

SingleFlight::SingleFlight(Limits limits)
    : limits_(limits), completed_(limits.completed_max / kSlotsOfSet * kSlotsOfSet) {}

SingleFlight::Acquired SingleFlight::Acquire(std::shared_ptr<const Flight> flight,
                                             OnCompletion on_completion, Ticket* ticket) {
  MutexLock lock(mutex_);
  const absl::string_view name = Name(flight->name());
  const auto found = in_flight_.find(name);
  if (found == in_flight_.end()) {
    if (in_flight_.size() >= limits_.flights_max) return Acquired::kFull;
    const bool again = WasCompleted(*flight);
    in_flight_.emplace(name, InFlight{.leader = std::move(flight)});
    return again ? Acquired::kLeadsAfterSame : Acquired::kLeads;
  }
  InFlight& in_flight = found->second;
  if (!EqualInConstantTime(in_flight.leader->digest(), flight->digest())) return Acquired::kBusy;
  if (in_flight.joined.size() >= limits_.joined_max) return Acquired::kFull;
  *ticket = ++last_ticket_;
  in_flight.joined.push_back({.ticket = *ticket, .on_completion = std::move(on_completion)});
  return Acquired::kJoined;
}

SingleFlight::Completed* SingleFlight::SetOf(std::size_t call) {
  return &completed_[call % (completed_.size() / kSlotsOfSet) * kSlotsOfSet];
}

// Overwrites the slot of the same call, else that of the next to expire.
void SingleFlight::Remember(const Flight& flight, std::chrono::milliseconds how_long) {
  if (completed_.empty()) return;
  const std::size_t call = std::hash<std::string_view>()(flight.text);
  Completed* const set = SetOf(call);
  Completed* slot =
      std::min_element(set, set + kSlotsOfSet,
                       [](const Completed& a, const Completed& b) { return a.until < b.until; });
  for (Completed* one = set; one != set + kSlotsOfSet; ++one) {
    if (one->call == call) slot = one;
  }
  *slot = {.call = call, .until = std::chrono::steady_clock::now() + how_long};
}

bool SingleFlight::WasCompleted(const Flight& flight) {
  if (completed_.empty()) return false;
  const std::size_t call = std::hash<std::string_view>()(flight.text);
  const Completed* const set = SetOf(call);
  const auto now = std::chrono::steady_clock::now();
  return std::any_of(set, set + kSlotsOfSet, [&](const Completed& completed) {
    return completed.call == call && now < completed.until;
  });
}

void SingleFlight::Release(std::string_view name, const void* leader,
                           std::chrono::milliseconds remember_for) {
  InFlight completed;  // Destroyed outside the lock.
  {
    MutexLock lock(mutex_);
    const auto found = in_flight_.find(Name(name));
    if (found == in_flight_.end()) return;
    completed = std::move(found->second);
    if (remember_for > std::chrono::milliseconds(0)) Remember(*completed.leader, remember_for);
    in_flight_.erase(found);
  }
  for (Joined& joined : completed.joined) std::move(joined.on_completion)(leader);
}

bool SingleFlight::CancelJoin(std::string_view name, Ticket ticket) {
  OnCompletion dropped;  // Destroyed outside the lock.
  MutexLock lock(mutex_);
  const auto found = in_flight_.find(Name(name));
  if (found == in_flight_.end()) return false;
  std::vector<Joined>& all = found->second.joined;
  const auto one = std::find_if(all.begin(), all.end(),
                                [&](const Joined& joined) { return joined.ticket == ticket; });
  if (one == all.end()) return false;
  dropped = std::move(one->on_completion);
  all.erase(one);
  return true;
}

std::size_t SingleFlight::size() const {
  MutexLock lock(mutex_);
  return in_flight_.size();
}

}  // namespace msp::payments
