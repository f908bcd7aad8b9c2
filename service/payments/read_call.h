// SPDX-License-Identifier: Apache-2.0

// A call that moves no money: a read, tried again while its deadline and a shared budget allow, or
// a harmless write, sent once. `Run` in read_call.cc is the whole of it.
//
// Kept alive by the callbacks that it waits for, which run one after the other on any thread.
#pragma once

#include <atomic>
#include <memory>

#include "service/base/task.h"
#include "service/base/timer.h"
#include "service/payments/api.h"
#include "service/payments/rest_call.h"

namespace msp::payments {

// Retries cost a token, calls earn a tenth of one: when MultiSafepay is down, retries stay below a
// tenth of the load instead of doubling it. Any thread.
class RetryBudget {
 public:
  explicit RetryBudget(std::int64_t tokens_max) : max_(tokens_max * 10), tenths_(max_) {}
  void Earn() {
    if (tenths_.load(std::memory_order_relaxed) < max_)
      tenths_.fetch_add(1, std::memory_order_relaxed);
  }
  bool Spend() {
    if (tenths_.fetch_sub(10, std::memory_order_relaxed) >= 10) return true;
    tenths_.fetch_add(10, std::memory_order_relaxed);
    return false;
  }

 private:
  const std::int64_t max_;
  std::atomic<std::int64_t> tenths_;
};

struct ReadDependencies {
  const ApiOptions& options;
  RestCall& rest_call;
  Timer& timer;
  RetryBudget& budget;
  telemetry::Metrics& metrics;
};

class ReadCall : public std::enable_shared_from_this<ReadCall> {
 public:
  ReadCall(const ReadDependencies& dependencies, Call& call, CallDone done)
      : dependencies_(dependencies), call_(call), done_(std::move(done)) {}
  ReadCall(const ReadCall&) = delete;
  ReadCall& operator=(const ReadCall&) = delete;

  // The request has been checked.
  void Start();

 private:
  Task<void> Run();
  Callback<RestResult> Send();
  // When to try again; nothing when that is not worth it.
  std::optional<http::Clock::time_point> RetryAt(const RestResult& answer) const;
  void Succeed(const RestResult& answer);
  void Fail(Failure failure);

  const ReadDependencies dependencies_;
  Call& call_;
  CallDone done_;
  Task<void> run_;  // Last: its frame refers to the others.
};

}  // namespace msp::payments
