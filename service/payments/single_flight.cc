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

SingleFlight::SingleFlight(Limits limits) : limits_(limits), shards_(limits.shards) {
  const std::size_t sets = limits.completed_max / kSlotsOfSet / limits.shards;
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    shard.completed.resize(sets * kSlotsOfSet);
  }
}

SingleFlight::Shard& SingleFlight::ShardOf(std::string_view name) {
  return shards_[std::hash<std::string_view>()(name) % shards_.size()];
}

SingleFlight::Acquired SingleFlight::Acquire(std::shared_ptr<const Flight> flight,
                                             OnCompletion on_completion, Ticket* ticket) {
  const absl::string_view name = Name(flight->name());
  Shard& shard = ShardOf(flight->name());
  MutexLock lock(shard.mutex);
  const auto found = shard.in_flight.find(name);
  if (found == shard.in_flight.end()) {
    if (shard.in_flight.size() >= limits_.flights_max / limits_.shards) return Acquired::kFull;
    const bool again = shard.WasCompleted(*flight);
    shard.in_flight.emplace(name, InFlight{.leader = std::move(flight)});
    return again ? Acquired::kLeadsAfterSame : Acquired::kLeads;
  }
  InFlight& in_flight = found->second;
  if (!EqualInConstantTime(in_flight.leader->digest(), flight->digest())) return Acquired::kBusy;
  if (in_flight.joined.size() >= limits_.joined_max) return Acquired::kFull;
  *ticket = ++last_ticket_;
  in_flight.joined.push_back({.ticket = *ticket, .on_completion = std::move(on_completion)});
  return Acquired::kJoined;
}

SingleFlight::Completed* SingleFlight::Shard::SetOf(std::size_t call) {
  return &completed[call % (completed.size() / kSlotsOfSet) * kSlotsOfSet];
}

// Overwrites the slot of the same call, else that of the next to expire.
void SingleFlight::Shard::Remember(const Flight& flight, std::chrono::milliseconds how_long) {
  if (completed.empty()) return;
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

bool SingleFlight::Shard::WasCompleted(const Flight& flight) {
  if (completed.empty()) return false;
  const std::size_t call = std::hash<std::string_view>()(flight.text);
  const Completed* const set = SetOf(call);
  const auto now = std::chrono::steady_clock::now();
  return std::any_of(set, set + kSlotsOfSet,
                     [&](const Completed& one) { return one.call == call && now < one.until; });
}

void SingleFlight::Release(std::string_view name, const void* leader,
                           std::chrono::milliseconds remember_for) {
  InFlight completed;  // Destroyed outside the lock.
  {
    Shard& shard = ShardOf(name);
    MutexLock lock(shard.mutex);
    const auto found = shard.in_flight.find(Name(name));
    if (found == shard.in_flight.end()) return;
    completed = std::move(found->second);
    if (remember_for > std::chrono::milliseconds(0))
      shard.Remember(*completed.leader, remember_for);
    shard.in_flight.erase(found);
  }
  for (Joined& joined : completed.joined) std::move(joined.on_completion)(leader);
}

bool SingleFlight::CancelJoin(std::string_view name, Ticket ticket) {
  OnCompletion dropped;  // Destroyed outside the lock.
  Shard& shard = ShardOf(name);
  MutexLock lock(shard.mutex);
  const auto found = shard.in_flight.find(Name(name));
  if (found == shard.in_flight.end()) return false;
  std::vector<Joined>& all = found->second.joined;
  const auto one = std::find_if(all.begin(), all.end(),
                                [&](const Joined& joined) { return joined.ticket == ticket; });
  if (one == all.end()) return false;
  dropped = std::move(one->on_completion);
  all.erase(one);
  return true;
}

std::size_t SingleFlight::size() const {
  std::size_t size = 0;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    size += shard.in_flight.size();
  }
  return size;
}

}  // namespace msp::payments
