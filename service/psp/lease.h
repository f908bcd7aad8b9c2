// Single flight across replicas: who holds the lease of a (site, order) in Redis may send for it.
// Without Redis the flights of each replica are all there is; that is counted, and the marker still
// tells whose attempt made an order.
//
// Owned by main; any thread. Only keyed digests reach Redis, no order id and nothing of a card.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "service/base/redis.h"
#include "service/telemetry/metrics.h"

namespace msp::psp {

class Lease {
 public:
  enum class Grant : std::uint8_t {
    kGranted,
    kGrantedAfterSame,  // So too, and an identical call has landed a short while ago.
    kHeldBySame,        // An identical call is in flight elsewhere.
    kHeldByOther,       // A different call for this order is in flight elsewhere.
    kUnavailable,       // Redis did not say.
  };

  Lease(RedisAddress address, telemetry::Metrics& metrics);

  // `name` and `digest` as for a flight. The lease ends by itself after `ttl_ms`, should its holder
  // die.
  void Acquire(std::string_view name, std::string_view digest, std::int64_t ttl_ms,
               absl::AnyInvocable<void(Grant) &&> done);
  // Gives up a lease that was granted for this name and digest; one that has passed to another
  // holder stays. `remember` when the call has, or may have, done something: a second submit
  // through another replica is then known for one.
  void Release(std::string_view name, std::string_view digest, bool remember);

 private:
  std::string Value(std::string_view digest) const;

  const std::string owner_;  // This process: random, new at every start.
  telemetry::Metrics& metrics_;
  Redis redis_;
};

}  // namespace msp::psp
