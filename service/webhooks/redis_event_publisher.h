// SPDX-License-Identifier: Apache-2.0

// Events between replicas through Redis, published on one channel that every replica listens to.
// They carry the body, so that a state that came by notification costs no look on the other side.
// Bodies hold personal data and states are worth money: an event is sealed with a key made from the
// site's API key. Who reads Redis learns the site's name and an event's size, and who writes to it
// cannot make a state up, only play an old one again, which is stale.
//
// Nothing is stored in Redis. What is published while a replica does not listen is lost to it: it
// looks at its open orders when it hears again, and until then now and then.
//
// Owned by main; any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "service/base/redis.h"
#include "service/base/redis_channel.h"
#include "service/telemetry/log.h"
#include "service/webhooks/counters.h"
#include "service/webhooks/event_publisher.h"
#include "service/webhooks/order_watch_registry.h"
#include "service/webhooks/sites.h"

namespace msp::webhooks {

class NotificationReceiver;

class RedisEventPublisher final : public EventPublisher {
 public:
  struct Parts {
    SiteFinder sites;
    const NotificationReceiver& receiver;  // Reads bodies; outlives the bus.
    OrderWatchRegistry& registry;
    Counters& counters;
    telemetry::Log& log;
  };
  RedisEventPublisher(const RedisAddress& address, Parts parts);

  void Publish(const payments::Site& site, const Event& event, Done done) override;

 private:
  void OnMessage(std::string_view payload);
  void OnConnectionChange(bool connected);

  const std::string origin_;  // This process: random, new at every start.
  const Parts parts_;
  std::atomic<std::int64_t> complained_s_{0};
  Redis redis_;
  RedisChannel channel_;  // Last: it calls back.
};

// The wire form of an event, for the bus and its tests: origin, site and what is sealed.
std::string Packed(std::string_view origin, const payments::Site& site, const Event& event);
struct Unpacked {
  std::string_view origin;
  std::string site;
  std::string_view sealed;
};
bool Unpack(std::string_view payload, Unpacked* unpacked);
bool OpenEvent(const Unpacked& unpacked, const payments::Site& site, Event* event);

}  // namespace msp::webhooks
