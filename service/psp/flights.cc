#include "service/psp/flights.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "service/base/hash.h"

namespace msp::psp {
namespace {

// As the table knows it.
absl::string_view Name(std::string_view name) { return {name.data(), name.size()}; }

}  // namespace

Flights::Boarding Flights::Board(std::shared_ptr<const Flight> flight, OnLanding on_landing,
                                 Ticket* ticket) {
  MutexLock lock(mutex_);
  const absl::string_view name = Name(flight->name());
  const auto found = flights_.find(name);
  if (found == flights_.end()) {
    if (flights_.size() >= limits_.flights_max) return Boarding::kFull;
    const bool again = HasLanded(*flight);
    flights_.emplace(name, Flying{.leader = std::move(flight)});
    return again ? Boarding::kLeadsAfterSame : Boarding::kLeads;
  }
  Flying& flying = found->second;
  if (!EqualInConstantTime(flying.leader->digest(), flight->digest())) return Boarding::kBusy;
  if (flying.joined.size() >= limits_.joined_max) return Boarding::kFull;
  *ticket = ++last_ticket_;
  flying.joined.push_back({.ticket = *ticket, .on_landing = std::move(on_landing)});
  return Boarding::kJoined;
}

void Flights::Remember(const Flight& flight) {
  if (landed_.empty()) return;
  const std::size_t hash = std::hash<std::string_view>()(flight.name());
  landed_[hash % landed_.size()] = {
      .name = hash,
      .digest = std::hash<std::string_view>()(flight.digest()),
      .until = std::chrono::steady_clock::now() + limits_.landed_time};
}

bool Flights::HasLanded(const Flight& flight) const {
  if (landed_.empty()) return false;
  const std::size_t hash = std::hash<std::string_view>()(flight.name());
  const Landed& landed = landed_[hash % landed_.size()];
  return landed.name == hash && landed.digest == std::hash<std::string_view>()(flight.digest()) &&
         std::chrono::steady_clock::now() < landed.until;
}

void Flights::Land(std::string_view name, const void* leader, bool remember) {
  Flying landed;  // Destroyed outside the lock.
  {
    MutexLock lock(mutex_);
    const auto found = flights_.find(Name(name));
    if (found == flights_.end()) return;
    landed = std::move(found->second);
    if (remember) Remember(*landed.leader);
    flights_.erase(found);
  }
  for (Joined& joined : landed.joined) std::move(joined.on_landing)(leader);
}

bool Flights::Leave(std::string_view name, Ticket ticket) {
  OnLanding dropped;  // Destroyed outside the lock.
  MutexLock lock(mutex_);
  const auto found = flights_.find(Name(name));
  if (found == flights_.end()) return false;
  std::vector<Joined>& all = found->second.joined;
  const auto one = std::find_if(all.begin(), all.end(),
                                [&](const Joined& joined) { return joined.ticket == ticket; });
  if (one == all.end()) return false;
  dropped = std::move(one->on_landing);
  all.erase(one);
  return true;
}

std::size_t Flights::size() const {
  MutexLock lock(mutex_);
  return flights_.size();
}

}  // namespace msp::psp
