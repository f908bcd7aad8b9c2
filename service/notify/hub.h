// The event core: which orders are watched, what is known of each, and who is told. Notifications
// come at least once and in any order; each watcher gets each state once, and in doubt the order is
// read (GET). A read may show an older state: where that is possible a second one has to confirm it
// (confirmation.h). While an order is watched it is read ever less often, once for all of its
// watchers, so that a lost notification does not matter: from poll_first_ms to poll_max_ms while it
// is open, and for watchers that follow it beyond its end rarely, up to kRareTimes poll_max_ms.
//
// Owned by main. Any thread may call; `RunDue` is driven by a Ticker, or by a test with a time of
// its own. One lock; looks are started outside it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "service/base/mutex.h"
#include "service/notify/counters.h"
#include "service/notify/state.h"
#include "service/notify/watcher.h"
#include "service/psp/failure.h"

namespace msp::notify {

struct HubOptions {
  std::int64_t watchers_max = 10'000;
  // The first wait between two looks at an open order; it doubles up to the second one.
  std::int64_t poll_first_ms = 5'000;
  std::int64_t poll_max_ms = 300'000;
  // How long a stream stays open at a state that is mostly the end.
  std::int64_t quiet_ms = 5'000;
  // How long a read may lag behind.
  std::int64_t settle_ms = 4'000;
};

class Hub {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  using Now = std::function<Time()>;
  // What a look found: an order, completed, or why not.
  struct Found {
    std::optional<multisafepay::v1::Order> order;
    psp::Failure failure;
  };
  using Looked = absl::AnyInvocable<void(Found) &&>;
  // Reads an order. May answer at once, or later on any thread.
  using Look = std::function<void(const std::string& site, const std::string& order_id, Looked)>;

  Hub(HubOptions options, Look look, Counters& counters, Now now = Clock::now);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // Tells `watcher` the order's state, then each change, until `Leave`. A failure when there is no
  // room, or the server is leaving: then the watcher is not known.
  std::optional<psp::Failure> Watch(const WatchAsk& ask, Watcher* watcher);
  void Leave(Watcher* watcher);

  bool Watches(const std::string& site, const std::string& order_id);

  // A notification that was verified.
  void Tell(const std::string& site, State told);
  // Somebody says, without proof, that the order has changed. Bounded for each order and in all.
  void Hint(const std::string& site, const std::string& order_id);
  // Notifications may have been missed: every watched order is read, spread over a while.
  void CatchUp();
  // Ends every stream, and each new one at once: callers go on elsewhere.
  void Drain();

  // Does what is due and says when to come again.
  Time RunDue();
  // Called, with the lock held, whenever that time may have become an earlier one. Set before use.
  void OnEarlier(std::function<void()> wake) { wake_ = std::move(wake); }

 private:
  struct Seat;
  struct Topic;
  using Key = std::pair<std::string, std::string>;  // Site and order id.
  using Due = std::multimap<Time, std::variant<Topic*, Seat*>>;
  struct ToLook {
    Key key;
    std::uint64_t number = 0;
  };

  Topic& TopicOf(const Key& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Topic* FindTopic(const std::string& site, const std::string& order_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The first read has told the order's own id: the topic goes by it, or joins the one that does.
  Topic* UseOwnId(Topic& topic, const std::string& order_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Join(Topic& topic, Seat& seat) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropTopic(Topic& topic) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Weighed(Topic& topic, State told) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Accept(Topic& topic, State state, Cause cause) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Show(Topic& topic, Seat& seat, Cause cause) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ShowEnd(Seat& seat, std::optional<psp::Failure> failure)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LookAt(Topic& topic, Why why, Time when) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LookLater(Topic& topic) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PollLater(Topic& topic) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetDue(Topic& topic, Time when) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetSeatDue(Seat& seat) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunSeat(Seat& seat) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool StartLook(Topic& topic, ToLook& look) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnLooked(const Key& key, std::uint64_t number, Found found);
  void FailFirst(Topic& topic, const psp::Failure& failure) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Read(Topic& topic, State read) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const HubOptions options_;
  const Look look_;
  Counters& counters_;
  const Now now_;
  std::function<void()> wake_;

  Mutex mutex_;
  std::map<Key, std::unique_ptr<Topic>> topics_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<Watcher*, std::unique_ptr<Seat>> seats_ ABSL_GUARDED_BY(mutex_);
  Due due_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t looks_ ABSL_GUARDED_BY(mutex_) = 0;  // Numbers looks.
  double hint_tokens_ ABSL_GUARDED_BY(mutex_);
  Time hint_filled_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace msp::notify
