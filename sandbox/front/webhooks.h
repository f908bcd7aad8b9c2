// SPDX-License-Identifier: Apache-2.0

// Notifications to the merchant: signed, in order for each order, retried on the sandbox's clock.
//
// Owned by `Front`, which queues notifications; its own threads send them. Safe from any
// thread. The signature is that of MultiSafepay: Auth is base64("<unix>:<hex HMAC-SHA512(key,
// unix:body)>").
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sandbox/core/order.h"
#include "sandbox/core/random.h"
#include "service/base/mutex.h"

namespace httplib {
class Client;
}

namespace msp::sandbox {

// One notification for the merchant.
struct Notification {
  std::uint64_t order_seq = 0;
  std::string order_id;
  std::string url;
  bool post = true;
  std::string key;
  // The order as it was when it changed.
  std::string body;
  int attempt = 1;
  // Not sent before, nor anything of its order behind it: set when it is queued, by `delay_ms`.
  std::chrono::steady_clock::time_point due;
  // Lets newer ones of its order go first.
  bool yields = false;
};

// Faults of sending, each with its share of the notifications, 0 to 1; they stay until changed.
struct WebhookKnobs {
  double drop = 0;
  double duplicate = 0;
  double reorder = 0;
  double bad_signature = 0;
  double stale_timestamp = 0;
  double tamper_body = 0;
  std::int64_t delay_ms = 0;
  double delay_share = 1;  // Of the notifications that `delay_ms` holds back.
};

// The value of the Auth header.
std::string WebhookAuth(std::string_view key, std::int64_t unix_s, std::string_view body);

// True when the first 100 bytes of a response hold the word that acknowledges.
bool Acknowledges(int status, std::string_view body);

class Webhooks {
 public:
  struct Hooks {
    std::function<std::int64_t()> now_ms;
    // The order as it is now, for a retry; empty when it is gone.
    std::function<std::string(std::uint64_t order_seq)> fresh_body;
  };
  Webhooks(Hooks hooks, std::uint64_t seed);
  ~Webhooks();
  Webhooks(const Webhooks&) = delete;
  Webhooks& operator=(const Webhooks&) = delete;

  void Enqueue(Notification notification);
  // Queues the retries that are due by then, and ends exchanges that take too long by the wall's
  // clock.
  void AdvanceTo(std::int64_t now_ms);
  // Records a target that is not allowed.
  void RecordBlocked(const Notification& notification, std::int64_t now_ms);
  // Waits until nothing is queued or being sent (retries that are not due do not count), at most
  // that long.
  bool WaitUntilIdle(std::int64_t ms);
  void Reset();
  // Stops sending and aborts notifications in flight.
  void Stop();

  // Attempts, oldest first; of one order unless empty.
  Json Attempts(const std::string& order_id);
  // When the next attempts for the order are due, by the sandbox's clock.
  std::vector<std::int64_t> RetriesDue(std::uint64_t order_seq);
  // Applies the members that are there; false when one has the wrong type.
  bool SetKnobs(const Json& knobs);
  Json Counts();

 private:
  struct Retry {
    std::int64_t due_ms;
    Notification notification;
  };
  void SendLoop();
  // The faults of one notification, drawn at random.
  struct DeliveryFaults {
    bool drop = false;
    bool duplicate = false;
    bool bad_signature = false;
    bool stale_timestamp = false;
    bool tamper_body = false;
  };
  // Takes the next notification whose order is not being sent; nothing when stopping.
  std::optional<Notification> Take(DeliveryFaults* faults);
  void Queue(Notification notification) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  DeliveryFaults DrawFaults() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Send(const Notification& notification, const DeliveryFaults& faults, bool is_copy);
  struct Outcome {
    int status = 0;
    std::string head;  // first 100 bytes
    std::string problem;
  };
  Outcome Post(const Notification& notification, const std::string& url, const std::string& auth,
               const std::string& body);
  void Record(const Notification& notification, const DeliveryFaults& faults,
              const std::string& url, const Outcome& outcome, bool acked);

  const Hooks hooks_;
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Notification> queue_ ABSL_GUARDED_BY(mutex_);
  std::set<std::uint64_t> busy_ ABSL_GUARDED_BY(mutex_);
  std::vector<Retry> retries_ ABSL_GUARDED_BY(mutex_);
  std::deque<Json> attempts_ ABSL_GUARDED_BY(mutex_);
  std::map<httplib::Client*, std::chrono::steady_clock::time_point> clients_
      ABSL_GUARDED_BY(mutex_);
  WebhookKnobs knobs_ ABSL_GUARDED_BY(mutex_);
  Random random_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::uint64_t> counts_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> senders_;
};

}  // namespace msp::sandbox
