// SPDX-License-Identifier: Apache-2.0

// Reads MultiSafepay's own event stream of an order while the order is watched and open. An event
// proves nothing: it makes the order watch registry read the order, as an unsigned notification
// does. So does a (re)connected stream, because earlier events may be missed. Without access, or
// where the stream is refused or given up, the order is only polled.
//
// Owned by main; any thread. Locks, in this order: the registry's, this class's, the streams'.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "service/base/mutex.h"
#include "service/event_streams/event_streams.h"
#include "service/payments/event_access.h"
#include "service/webhooks/order_watch_registry.h"
#include "service/webhooks/push_source.h"

namespace msp::webhooks {

class OrderEventStreams final : public PushSource {
 public:
  // All outlive this; `streams` are stopped before its destruction.
  OrderEventStreams(payments::EventAccessTable& access, event_streams::EventStreams& streams,
                    OrderWatchRegistry& registry);

  void Follow(const std::string& site, const std::string& order_id) override;
  void Unfollow(const std::string& site, const std::string& order_id) override;

 private:
  using Key = std::pair<std::string, std::string>;  // Site and order id.
  struct Stream {
    event_streams::EventStreams::Id id = 0;
    std::uint64_t access = 0;  // The number of the access that it was opened with.
    bool ended = false;
  };

  void OnSignal(const Key& key, event_streams::EventStreams::Id id,
                event_streams::StreamSignal signal);

  payments::EventAccessTable& access_;
  event_streams::EventStreams& streams_;
  OrderWatchRegistry& registry_;
  Mutex mutex_;
  std::map<Key, Stream> followed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace msp::webhooks
