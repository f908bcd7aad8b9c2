// SPDX-License-Identifier: Apache-2.0

// Events between replicas through Redis, published on one channel that every replica subscribes to.
// They carry the body, so that other replicas need not read the order. Bodies hold personal data
// and states are worth money: an event is encrypted (AEAD) with a key derived from the site's API
// key. A reader of Redis sees the site's name and an event's size. A writer cannot forge a state,
// only replay an old one, which is stale.
//
// Nothing is stored in Redis. A replica misses what is published while it is not subscribed: it
// polls its open orders, and reads them all when it is subscribed again.
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
  struct Dependencies {
    SiteFinder sites;
    const NotificationReceiver& receiver;  // Decodes bodies; outlives the publisher.
    OrderWatchRegistry& registry;
    Counters& counters;
    telemetry::Log& log;
  };
  RedisEventPublisher(const RedisAddress& address, Dependencies dependencies);

  void Publish(const payments::Site& site, const Event& event, Done done) override;

 private:
  void OnMessage(std::string_view payload);
  void OnConnectionChange(bool connected);

  const std::string origin_;  // Identifies this process: random, new at every start.
  const Dependencies dependencies_;
  std::atomic<std::int64_t> logged_s_{0};
  Redis redis_;
  RedisChannel channel_;  // Last: it calls back.
};

// The wire form of an event, for the publisher and its tests: origin, site and ciphertext.
std::string Packed(std::string_view origin, const payments::Site& site, const Event& event);
struct Unpacked {
  std::string_view origin;
  std::string site;
  std::string_view ciphertext;
};
bool Unpack(std::string_view payload, Unpacked* unpacked);
bool OpenEvent(const Unpacked& unpacked, const payments::Site& site, Event* event);

}  // namespace msp::webhooks
