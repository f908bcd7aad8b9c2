#include "service/server/turnstile.h"

#include <algorithm>
#include <cmath>

namespace msp::server {
namespace {

using std::chrono::milliseconds;

// The wait after one flood; twice that after two, and so on.
constexpr double kFirstMs = 20;
constexpr double kLongestMs = 2'000;
// One flood is forgiven after this long, all of them after ten times that.
constexpr double kForgivenAfterS = 6;
constexpr double kFloodsMax = 10;
// Nobody waits longer: a client would have given up.
constexpr milliseconds kQueueMax{5'000};
// Of an attack from more addresses than these the earliest are forgotten.
constexpr std::size_t kRecordsMax = 4'096;

}  // namespace

Turnstile::Network Turnstile::NetworkOf(const sockaddr_storage& address) {
  if (address.ss_family != AF_INET6)
    return ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr);
  const in6_addr& bytes = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  std::uint64_t network = 0;
  const int from = IN6_IS_ADDR_V4MAPPED(&bytes) ? 12 : 0;
  const int to = from == 0 ? 8 : 16;
  for (int i = from; i < to; ++i) network = network << 8 | bytes.s6_addr[i];
  return network;
}

double Turnstile::Floods(const Record& record, Clock::time_point now) {
  const std::chrono::duration<double> passed = now - record.since;
  return std::max(0.0, record.floods - passed.count() / kForgivenAfterS);
}

void Turnstile::Flooded(Network network, Clock::time_point now) {
  if (!records_.contains(network)) MakeRoom(now);
  Record& record = records_[network];
  record.floods = std::min(kFloodsMax, Floods(record, now) + 1);
  record.since = now;
  record.turn = std::max(record.turn, now);
}

void Turnstile::MakeRoom(Clock::time_point now) {
  if (records_.size() < kRecordsMax) return;
  std::erase_if(records_, [&](const auto& entry) { return Floods(entry.second, now) == 0; });
  if (records_.size() < kRecordsMax) return;
  records_.erase(std::min_element(
      records_.begin(), records_.end(),
      [](const auto& a, const auto& b) { return a.second.since < b.second.since; }));
}

std::optional<Turnstile::Clock::time_point> Turnstile::Turn(Network network,
                                                            Clock::time_point now) {
  const auto found = records_.find(network);
  if (found == records_.end()) return now;
  Record& record = found->second;
  const double floods = Floods(record, now);
  if (floods == 0) {
    records_.erase(found);
    return now;
  }
  const double wait_ms = std::min(kLongestMs, kFirstMs * std::exp2(floods - 1));
  const auto wait = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double, std::milli>(wait_ms));
  const Clock::time_point turn = std::max(now, record.turn + wait);
  if (turn - now > kQueueMax) return std::nullopt;
  record.turn = turn;
  return turn;
}

bool Turnstile::Remembers(Network network, Clock::time_point now) const {
  const auto found = records_.find(network);
  return found != records_.end() && Floods(found->second, now) > 0;
}

}  // namespace msp::server
