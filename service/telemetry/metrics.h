// SPDX-License-Identifier: Apache-2.0

// What the service counts about itself, as Prometheus families; docs/operations.md says what each
// is good for, and a test compares that table with what is exported.
//
// Owned by main; any thread may count. Every label has a bounded set of values: those that come
// from outside are cut off at a limit and counted as "other". What each call counts is resolved
// once, in Prepare; the rest takes a lock and is rare.
#pragma once

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
  std::int64_t upstream_us = 0;  // All of its exchanges together; 0 when there was none.
};

// One REST exchange that has ended; a part that did not happen is 0.
struct RestCallSample {
  // "answered", "not_sent" or "unknown": what became of the request.
  std::string_view fate;
  int http_status = 0;  // 0 without an answer.
  int error_code = 0;   // MultiSafepay's own; 0 where it gave none.
  std::int64_t queue_us = 0;
  std::int64_t connect_us = 0;
  std::int64_t tls_us = 0;
  std::int64_t first_byte_us = 0;
  std::int64_t total_us = 0;
};

// A value that is kept elsewhere and read at each scrape. Those of the same name make
// one family; the help text and kind of the first are used.
struct CollectedMetric {
  enum class Kind : std::uint8_t { kGauge, kCounter };
  std::string name;
  std::string help;
  Kind kind = Kind::kGauge;
  // At most one label; none where the name is empty.
  std::string label_name;
  std::string label_value;
  std::function<double()> read;  // Any thread; outlives the last `Exposition`.
  // Instead of `read`, where the label's values are known at the scrape only: each with its value.
  std::function<std::vector<std::pair<std::string, double>>()> read_each;
};

class Metrics {
 public:
  // Not `enabled`: nothing is counted, for a server that nobody can ask.
  explicit Metrics(bool enabled = true);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Before the first call of the method: resolves what each call counts. The series that alerts
  // look at exist from then on, at 0: the first event would not be seen as an increase otherwise.
  void Prepare(std::string_view method, bool moves_money);
  void AddReading(CollectedMetric reading);

  void CountCall(const CallSample& call);
  // A stream that has ended, among the calls; how long it was open is no latency, and left out.
  void CountStream(std::string_view method, std::string_view code);
  void CountExchange(const RestCallSample& exchange);
  // A member that our schema does not know ("unknown_member"), that did not fit ("unfit_value") or
  // that came twice ("duplicate_member"), by its path; paths beyond the first 200 are "other".
  void CountDrift(std::string_view kind, std::string_view path);
  // A pair of statuses whose reading is a guess (payments::IsOdd): UNRECOGNIZED, or the odd
  // PENDING.
  void CountOddState(std::string_view status, std::string_view financial_status);
  // An order that was declined in answer to a money-moving call.
  void CountDecline(std::string_view category);
  // A read that is tried again.
  void CountRetry(std::string_view method);
  // What looking at the order told about a money-moving call: "reconciled", "replayed" or
  // "unknown".
  void CountReconciliation(std::string_view method, std::string_view verdict);
  // Redis did not answer when a lease was asked for: that call relied on this replica's own
  // flights.
  void CountLeaseUnavailable();
  // A money-moving call whose caller had gone when its answer came.
  void CountCallerGone(std::string_view method, std::string_view outcome);

  // The text exposition format: every family, also one that has counted nothing yet.
  std::string Exposition() const;

 private:
  struct Families;
  const bool enabled_;
  std::unique_ptr<Families> families_;
};

}  // namespace msp::telemetry
