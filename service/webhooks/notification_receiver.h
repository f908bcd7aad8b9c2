// SPDX-License-Identifier: Apache-2.0

// Receives notifications, from the listener and from HandleNotification alike: verifies the
// signature of the raw bytes, decodes them and passes the state to the order watch registry and to
// the other replicas.
//
// Owned by main; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "multisafepay/v1/order.pb.h"
#include "service/base/mutex.h"
#include "service/codec/message_schema.h"
#include "service/webhooks/counters.h"
#include "service/webhooks/event_publisher.h"
#include "service/webhooks/order_watch_registry.h"
#include "service/webhooks/sites.h"

namespace msp::webhooks {

// No order has a longer id.
inline constexpr std::size_t kOrderIdMax = 255;

struct Notification {
  std::string_view auth;
  std::string_view body;
  std::string_view transactionid;  // The query's: the order id; "" for none.
};

class NotificationReceiver {
 public:
  struct ReceiveResult {
    Received received = Received::kAccepted;
    std::string detail = {};             // Human-readable, without any of the body's text.
    multisafepay::v1::Order order = {};  // Completed, where genuine.
    bool duplicate() const { return received == Received::kDuplicate; }
    bool genuine() const { return received == Received::kAccepted || duplicate(); }
  };
  // The order in a genuine body, or why there is none.
  struct Body {
    multisafepay::v1::Order order = {};  // Completed.
    bool numeric_id = false;  // Its order_id is a JSON number, which has no leading zeros.
    std::string error = {};   // Empty where there is an order.
  };

  // `window_s`: how old a notification may be.
  NotificationReceiver(std::int64_t window_s, const codec::MessageSchema& order_schema,
                       OrderWatchRegistry& registry, Counters& counters);
  // To other replicas. Optional; set before use.
  void Connect(EventPublisher* publisher) { publisher_ = publisher; }

  using Done = absl::AnyInvocable<void(ReceiveResult) &&>;
  // `done` runs when the notification is refused, or when its event is published to other replicas
  // where there are any: at once, or on another thread within a second.
  void Receive(const payments::Site& site, const Notification& notification, Done done);
  // A notification without body and signature.
  void ReceiveUnauthenticated(const payments::Site& site, std::string_view order_id);
  Body Read(std::string body) const;

 private:
  ReceiveResult Handle(const payments::Site& site, const Notification& notification);
  bool SeenBefore(const std::string& site, const OrderState& state);

  const std::int64_t window_s_;
  const codec::MessageSchema& order_schema_;
  OrderWatchRegistry& registry_;
  EventPublisher* publisher_ = nullptr;
  Counters& counters_;
  Mutex mutex_;
  // The last state of each order that was passed on, in two generations: the older one is dropped
  // when the younger is full.
  std::unordered_map<std::string, std::string> young_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::string> old_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace msp::webhooks
