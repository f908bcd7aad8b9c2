#include "service/payments/single_flight.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "service/base/hash.h"

namespace msp::payments {
namespace {

// As the table knows it.
absl::string_view Name(std::string_view name) { return {name.data(), name.size()}; }

}  // namespace

SingleFlight::SingleFlight(Limits limits)
    : limits_(limits), landed_(limits.landed_max / kPlacesOfSet * kPlacesOfSet) {}

SingleFlight::Boarding SingleFlight::Board(std::shared_ptr<const Flight> flight,
                                           OnLanding on_landing, Ticket* ticket) {
  MutexLock lock(mutex_);
  const absl::string_view name = Name(flight->name());
  const auto found = single_flight_.find(name);
  if (found == single_flight_.end()) {
    if (single_flight_.size() >= limits_.flights_max) return Boarding::kFull;
    const bool again = HasLanded(*flight);
    single_flight_.emplace(name, Flying{.leader = std::move(flight)});
    return again ? Boarding::kLeadsAfterSame : Boarding::kLeads;
  }
  Flying& flying = found->second;
  if (!EqualInConstantTime(flying.leader->digest(), flight->digest())) return Boarding::kBusy;
  if (flying.joined.size() >= limits_.joined_max) return Boarding::kFull;
  *ticket = ++last_ticket_;
  flying.joined.push_back({.ticket = *ticket, .on_landing = std::move(on_landing)});
  return Boarding::kJoined;
}

SingleFlight::Landed* SingleFlight::SetOf(std::size_t call) {
  return &landed_[call % (landed_.size() / kPlacesOfSet) * kPlacesOfSet];
}

// In the place of the same call before, else in the one that is forgotten first.
void SingleFlight::Remember(const Flight& flight, std::chrono::milliseconds how_long) {
  if (landed_.empty()) return;
  const std::size_t call = std::hash<std::string_view>()(flight.text);
  Landed* const set = SetOf(call);
  Landed* place = std::min_element(
      set, set + kPlacesOfSet, [](const Landed& a, const Landed& b) { return a.until < b.until; });
  for (Landed* one = set; one != set + kPlacesOfSet; ++one) {
    if (one->call == call) place = one;
  }
  *place = {.call = call, .until = std::chrono::steady_clock::now() + how_long};
}

bool SingleFlight::HasLanded(const Flight& flight) {
  if (landed_.empty()) return false;
  const std::size_t call = std::hash<std::string_view>()(flight.text);
  const Landed* const set = SetOf(call);
  const auto now = std::chrono::steady_clock::now();
  return std::any_of(set, set + kPlacesOfSet, [&](const Landed& landed) {
    return landed.call == call && now < landed.until;
  });
}

void SingleFlight::Land(std::string_view name, const void* leader,
                        std::chrono::milliseconds remember_for) {
  Flying landed;  // Destroyed outside the lock.
  {
    MutexLock lock(mutex_);
    const auto found = single_flight_.find(Name(name));
    if (found == single_flight_.end()) return;
    landed = std::move(found->second);
    if (remember_for > std::chrono::milliseconds(0)) Remember(*landed.leader, remember_for);
    single_flight_.erase(found);
  }
  for (Joined& joined : landed.joined) std::move(joined.on_landing)(leader);
}

bool SingleFlight::Leave(std::string_view name, Ticket ticket) {
  OnLanding dropped;  // Destroyed outside the lock.
  MutexLock lock(mutex_);
  const auto found = single_flight_.find(Name(name));
  if (found == single_flight_.end()) return false;
  std::vector<Joined>& all = found->second.joined;
  const auto one = std::find_if(all.begin(), all.end(),
                                [&](const Joined& joined) { return joined.ticket == ticket; });
  if (one == all.end()) return false;
  dropped = std::move(one->on_landing);
  all.erase(one);
  return true;
}

std::size_t SingleFlight::size() const {
  MutexLock lock(mutex_);
  return single_flight_.size();
}

}  // namespace msp::payments
