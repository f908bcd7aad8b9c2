// SPDX-License-Identifier: Apache-2.0

// The service's metrics as Prometheus families. docs/operations.md explains each, and a test
// compares its table with the exported metrics.
//
// Owned by main; any thread may count. Threads on different cores count in shards of their own,
// which a scrape sums. Every label has a bounded set of values: beyond a limit,
// values from outside count as "other". The counters of every call are resolved once, in Prepare;
// the others take a lock and are rare.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace msp::telemetry {

// One call that has ended.
struct CallSample {
  std::string_view method;
  std::string_view code;     // gRPC's name for it.
  std::string_view outcome;  // "" where no money could move.
  std::int64_t total_us = 0;
  std::int64_t upstream_us = 0;  // Of all its REST calls together; 0 if there was none.
};

// One completed REST call; the time of a phase that did not occur is 0.
struct RestCallSample {
  // The outcome of the request: "answered", "not_sent" or "unknown".
  std::string_view send_outcome;
  int http_status = 0;  // 0 without an answer.
  int error_code = 0;   // MultiSafepay's own; 0 where it gave none.
  std::int64_t queue_us = 0;
  std::int64_t connect_us = 0;
  std::int64_t tls_us = 0;
  std::int64_t first_byte_us = 0;
  std::int64_t total_us = 0;
};

// A value that is kept elsewhere and read at each scrape. Values of the same name form one family;
// the help text and kind of the first are used.
struct CollectedMetric {
  enum class Kind : std::uint8_t { kGauge, kCounter };
  std::string name;
  std::string help;
  Kind kind = Kind::kGauge;
  // At most one label; none when the name is empty.
  std::string label_name;
  std::string label_value;
  std::function<double()> read;  // Any thread; outlives the last `Exposition`.
  // Instead of `read`, where the label's values are only known at the scrape: each with its value.
  std::function<std::vector<std::pair<std::string, double>>()> read_each;
};

// From here on the calling thread counts in this shard of every Metrics; 0 until then. An event
// loop and the thread that drives it have the same.
void CountInShard(std::size_t shard);

// The values of the label `method`: more than the schema has, or the calls of some count as
// "other".
inline constexpr std::size_t kMethodsMax = 64;

class Metrics {
 public:
  // Not `enabled`: nothing is counted, for a server without an admin port. `shards`: one for each
  // event loop.
  explicit Metrics(bool enabled = true, std::size_t shards = 1);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Before the first call of the method: resolves its counters. From then on the series of alerts
  // exist, at 0: otherwise the first event would not be an increase.
  void Prepare(std::string_view method, bool moves_money);
  void AddCollected(CollectedMetric metric);

  void CountCall(const CallSample& call);
  // Counts an ended stream among the calls, without its duration, which is no latency.
  void CountStream(std::string_view method, std::string_view code);
  void CountRestCall(const RestCallSample& sample);
  // A member that our schema does not have ("unknown_member"), that did not fit ("unfit_value") or
  // that came twice ("duplicate_member"), by its path; paths beyond the first 200 are "other".
  void CountDrift(std::string_view kind, std::string_view path);
  // A pair of statuses whose state is a guess (payments::IsUndocumentedState): UNRECOGNIZED, or an
  // odd PENDING.
  void CountOddState(std::string_view status, std::string_view financial_status);
  // An order that was declined in answer to a money-moving call.
  void CountDecline(std::string_view category);
  // A read that is tried again.
  void CountRetry(std::string_view method);
  // The verdict of order lookups for a money-moving call: "reconciled", "replayed" or "unknown".
  void CountReconciliation(std::string_view method, std::string_view verdict);
  // Redis did not answer a request for a lease: the call relied on this replica's own single
  // flight.
  void CountLeaseUnavailable();
  // A money-moving call whose caller had gone when its answer came.
  void CountCallerGone(std::string_view method, std::string_view outcome);

  // The text exposition format: every family, also without any count.
  std::string Exposition() const;

 private:
  struct Families;
  struct State;
  Families& Own() const;

  const bool enabled_;
  std::unique_ptr<State> state_;
};

}  // namespace msp::telemetry
