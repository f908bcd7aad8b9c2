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
  struct Result {
    Received received = Received::kAccepted;
    std::string detail;             // Human-readable, without any of the body's text.
    multisafepay::v1::Order order;  // Completed, where accepted.
    bool duplicate = false;
    bool genuine() const {
      return received == Received::kAccepted || received == Received::kDuplicate;
    }
  };

  // `window_s`: how old a notification may be.
  NotificationReceiver(std::int64_t window_s, const codec::MessageSchema& order_plan,
                       OrderWatchRegistry& registry, Counters& counters);
  // To other replicas. Optional; set before use.
  void Connect(EventPublisher* bus) { bus_ = bus; }

  using Taken = absl::AnyInvocable<void(Result) &&>;
  // `taken` runs when the notification is refused, or when its event is published to other replicas
  // where there are any: at once, or on another thread within a second.
  void Take(const payments::Site& site, const Notification& notification, Taken taken);
  // A notification without body and signature.
  void NotifyUnauthenticated(const payments::Site& site, std::string_view order_id);
  // Reads the order in a genuine body; false with an explanation in `detail`.
  bool Read(std::string body, multisafepay::v1::Order& order, std::string& detail) const;

 private:
  Result Handle(const payments::Site& site, const Notification& notification);
  bool SeenBefore(const std::string& site, const State& state);

  const std::int64_t window_s_;
  const codec::MessageSchema& order_plan_;
  OrderWatchRegistry& registry_;
  EventPublisher* bus_ = nullptr;
  Counters& counters_;
  Mutex mutex_;
  // The last state of each order that was passed on, in two generations: the older one is dropped
  // when the younger is full.
  std::unordered_map<std::string, std::string> young_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::string> old_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace msp::webhooks
