#include "service/telemetry/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <set>
#include <string>

#include "service/base/mutex.h"

namespace msp::telemetry {
namespace {

constexpr std::size_t kOutsideValuesMax = 200;
const prometheus::Histogram::BucketBoundaries kSeconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                       0.25,  0.5,    1,     2.5,  5,     10,   30};

// Values of a label that come from outside, cut off at a limit.
class BoundedValues {
 public:
  std::string Admit(std::string value) {
    MutexLock lock(mutex_);
    if (seen_.count(value) > 0) return value;
    if (seen_.size() >= kOutsideValuesMax) return "other";
    seen_.insert(value);
    return value;
  }

 private:
  Mutex mutex_;
  std::set<std::string> seen_ ABSL_GUARDED_BY(mutex_);
};

prometheus::Family<prometheus::Counter>& Counter(prometheus::Registry& registry, const char* name,
                                                 const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

}  // namespace

struct Metrics::Families {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& calls = Counter(
      registry, "msp_calls_total", "Calls that have ended, by method, gRPC code and outcome.");
  prometheus::Family<prometheus::Histogram>& seconds =
      prometheus::BuildHistogram()
          .Name("msp_call_seconds")
          .Help("Time from a call's arrival to its reply.")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& upstream_seconds =
      prometheus::BuildHistogram()
          .Name("msp_upstream_seconds")
          .Help("Time that MultiSafepay took, queue and connection included.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& drift =
      Counter(registry, "msp_upstream_drift_total",
              "Members of MultiSafepay's answers that the schema does not know or cannot take.");
  prometheus::Family<prometheus::Counter>& odd_states =
      Counter(registry, "msp_odd_payment_states_total",
              "Pairs of status and financial status without a certain reading.");
  prometheus::Counter& resends_stopped =
      Counter(registry, "msp_resends_stopped_total",
              "Second sendings of a money-moving request that were stopped.")
          .Add({});
  prometheus::Family<prometheus::Counter>& callers_gone =
      Counter(registry, "msp_callers_gone_total",
              "Money-moving calls whose caller had gone when the answer came, by outcome.");
  prometheus::Family<prometheus::Counter>& retries =
      Counter(registry, "msp_retries_total", "Reads that were tried again.");
  prometheus::Family<prometheus::Counter>& reconciliations =
      Counter(registry, "msp_reconciliations_total",
              "Money-moving calls that ended by looking at the order, by verdict.");
  prometheus::Counter& leases_unavailable =
      Counter(registry, "msp_leases_unavailable_total",
              "Calls that went without a lease because Redis did not answer.")
          .Add({});
  BoundedValues paths;
  BoundedValues states;
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::CountCall(std::string_view method, std::string_view code, std::string_view outcome,
                        std::int64_t total_us, std::int64_t upstream_us) {
  const std::string name(method);
  families_->calls
      .Add({{"method", name}, {"code", std::string(code)}, {"outcome", std::string(outcome)}})
      .Increment();
  families_->seconds.Add({{"method", name}}, kSeconds)
      .Observe(static_cast<double>(total_us) * 1e-6);
  if (upstream_us > 0) {
    families_->upstream_seconds.Add({{"method", name}}, kSeconds)
        .Observe(static_cast<double>(upstream_us) * 1e-6);
  }
}

void Metrics::CountDrift(std::string_view kind, std::string_view path) {
  families_->drift
      .Add({{"kind", std::string(kind)}, {"path", families_->paths.Admit(std::string(path))}})
      .Increment();
}

void Metrics::CountOddState(std::string_view status, std::string_view financial_status) {
  const std::string pair = std::string(status) + "/" + std::string(financial_status);
  families_->odd_states.Add({{"pair", families_->states.Admit(pair.substr(0, 80))}}).Increment();
}

void Metrics::CountResendStopped() { families_->resends_stopped.Increment(); }

void Metrics::CountRetry(std::string_view method) {
  families_->retries.Add({{"method", std::string(method)}}).Increment();
}

void Metrics::CountReconciliation(std::string_view method, std::string_view verdict) {
  families_->reconciliations
      .Add({{"method", std::string(method)}, {"verdict", std::string(verdict)}})
      .Increment();
}

void Metrics::CountLeaseUnavailable() { families_->leases_unavailable.Increment(); }

void Metrics::CountCallerGone(std::string_view method, std::string_view outcome) {
  families_->callers_gone.Add({{"method", std::string(method)}, {"outcome", std::string(outcome)}})
      .Increment();
}

std::string Metrics::Exposition() const {
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace msp::telemetry
