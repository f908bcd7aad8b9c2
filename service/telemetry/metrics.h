// What the service counts about itself, as Prometheus families. Owned by main; any thread may
// count. Every label has a bounded set of values: those that come from outside are cut off at a
// limit and counted as "other".
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace msp::telemetry {

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // One ended call. `code` is gRPC's name for it, `outcome` "" where no money could move.
  void CountCall(std::string_view method, std::string_view code, std::string_view outcome,
                 std::int64_t total_us, std::int64_t upstream_us);
  // A member that our schema does not know ("unknown_member"), that did not fit ("unfit_value") or
  // that came twice
  // ("duplicate_member"), by its path; paths beyond the first 200 are counted as "other".
  void CountDrift(std::string_view kind, std::string_view path);
  // A pair of statuses that has no reading (payment state UNRECOGNIZED or the odd PENDING).
  void CountOddState(std::string_view status, std::string_view financial_status);
  // libcurl wanted to send a money-moving request a second time and was stopped.
  void CountResendStopped();
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

  // The text exposition format.
  std::string Exposition() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace msp::telemetry
