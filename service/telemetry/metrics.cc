// SPDX-License-Identifier: Apache-2.0

#include "service/telemetry/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include "service/telemetry/bounded_family.h"
#include "service/telemetry/collected_metrics.h"
#include "service/telemetry/label_text.h"

namespace msp::telemetry {
namespace {

using prometheus::Counter;
using prometheus::Histogram;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Covers the latency of gRPC on loopback, that of MultiSafepay, and our own limits.
const Histogram::BucketBoundaries kSeconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                           0.25,  0.5,    1,     2.5,  5,     10,   30};

constexpr Label kMethod{.name = "method", .values_max = kMethodsMax};
constexpr Label kCode{.name = "code", .values_max = 17};
constexpr Label kOutcome{.name = "outcome", .values_max = 8};

constexpr std::array<std::string_view, 3> kVerdicts{"reconciled", "replayed", "unknown"};

// A registry that also exports families without series.
class MetricRegistry {
 public:
  BoundedFamily<Counter> Counters(const char* name, const char* help,
                                  std::vector<Label> labels = {}) {
    Note(name, help, MetricType::Counter);
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(registry_);
    return {family, std::move(labels),
            [](auto& of, const auto& values) -> Counter& { return of.Add(values); }};
  }
  BoundedFamily<Histogram> Histograms(const char* name, const char* help,
                                      std::vector<Label> labels) {
    Note(name, help, MetricType::Histogram);
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(registry_);
    return {family, std::move(labels),
            [](auto& of, const auto& values) -> Histogram& { return of.Add(values, kSeconds); }};
  }

  std::vector<MetricFamily> Collect() const {
    std::vector<MetricFamily> all = registry_.Collect();
    for (const MetricFamily& noted : noted_) {
      const bool there = std::any_of(all.begin(), all.end(), [&](const MetricFamily& family) {
        return family.name == noted.name;
      });
      if (!there) all.push_back(noted);
    }
    return all;
  }

 private:
  void Note(const char* name, const char* help, MetricType type) {
    noted_.push_back({.name = name, .help = help, .type = type, .metric = {}});
  }

  prometheus::Registry registry_;
  std::vector<MetricFamily> noted_;
};

thread_local std::size_t shard_of_this_thread = 0;

// Adds the counts of a series in another shard.
void Add(const prometheus::ClientMetric& more, prometheus::ClientMetric& into) {
  into.counter.value += more.counter.value;
  into.histogram.sample_count += more.histogram.sample_count;
  into.histogram.sample_sum += more.histogram.sample_sum;
  for (std::size_t i = 0; i < more.histogram.bucket.size(); ++i)
    into.histogram.bucket[i].cumulative_count += more.histogram.bucket[i].cumulative_count;
}

// Adds the families of another shard: series by their labels.
void Merge(std::vector<MetricFamily> more, std::vector<MetricFamily>& into) {
  for (MetricFamily& family : more) {
    auto& there = std::find_if(into.begin(), into.end(), [&](const MetricFamily& one) {
                    return one.name == family.name;
                  })->metric;  // Every shard has every family.
    for (prometheus::ClientMetric& series : family.metric) {
      const auto same = std::find_if(there.begin(), there.end(),
                                     [&](const auto& one) { return one.label == series.label; });
      if (same != there.end()) {
        Add(series, *same);
      } else {
        there.push_back(std::move(series));
      }
    }
  }
}

double Seconds(std::int64_t us) { return static_cast<double>(us) * 1e-6; }

}  // namespace

struct Metrics::Families {
  MetricRegistry all;
  BoundedFamily<Counter> calls = all.Counters(
      "msp_calls_total", "Completed calls, by gRPC code and outcome.", {kMethod, kCode, kOutcome});
  BoundedFamily<Histogram> seconds = all.Histograms(
      "msp_call_duration_seconds", "Time from a call's arrival to its reply.", {kMethod});
  BoundedFamily<Histogram> upstream_seconds = all.Histograms(
      "msp_call_upstream_seconds",
      "Total time of the REST calls of one call, without the wait in the queue.", {kMethod});
  BoundedFamily<Histogram> exchange_seconds = all.Histograms(
      "msp_exchange_duration_seconds",
      "Duration of a REST call by part: queue (before it begins), connect (name lookup and "
      "TCP), tls, first_byte (from its beginning) and total (from its beginning).",
      {Label{.name = "part", .values_max = 5}});
  BoundedFamily<Counter> exchanges = all.Counters(
      "msp_exchanges_total",
      "Completed REST calls, by send outcome, HTTP status and "
      "MultiSafepay's error code (0 for none).",
      {Label{.name = "fate", .values_max = 3}, Label{.name = "http_status", .values_max = 40},
       Label{.name = "error_code", .values_max = 60}});
  BoundedFamily<Counter> drift = all.Counters(
      "msp_upstream_drift_total",
      "Members of MultiSafepay's answers that are not in the schema or do not fit it.",
      {Label{.name = "kind", .values_max = 3}, Label{.name = "path", .values_max = 200}});
  BoundedFamily<Counter> odd_states =
      all.Counters("msp_odd_payment_states_total",
                   "Pairs of status and financial status without a documented meaning.",
                   {Label{.name = "pair", .values_max = 200}});
  BoundedFamily<Counter> declines =
      all.Counters("msp_declines_total",
                   "Orders that were declined in answer to a money-moving call, by category.",
                   {Label{.name = "category", .values_max = 30}});
  BoundedFamily<Counter> callers_gone = all.Counters(
      "msp_callers_gone_total",
      "Money-moving calls that completed after their caller had cancelled.", {kMethod, kOutcome});
  BoundedFamily<Counter> retries = all.Counters("msp_retries_total", "Retried reads.", {kMethod});
  BoundedFamily<Counter> reconciliations =
      all.Counters("msp_reconciliations_total",
                   "Money-moving calls whose outcome was read from MultiSafepay's record, or could "
                   "not be determined from it.",
                   {kMethod, Label{.name = "verdict", .values_max = 3}});
  BoundedFamily<Counter> leases_unavailable =
      all.Counters("msp_leases_unavailable_total",
                   "Calls that ran without a lease because Redis did not answer.");

  // The counters of each call, resolved once; the others are rare.
  struct MethodMetrics {
    std::string_view success;  // The outcome of a call that succeeds; "" where no money moves.
    Counter& succeeded;
    Histogram& seconds;
    Histogram& upstream_seconds;
  };
  std::map<std::string, MethodMetrics, std::less<>> methods;  // Written only by Prepare.
  Counter& answered = exchanges.At({"answered", "200", "0"});
  Histogram& queue = exchange_seconds.At({"queue"});
  Histogram& connect = exchange_seconds.At({"connect"});
  Histogram& tls = exchange_seconds.At({"tls"});
  Histogram& first_byte = exchange_seconds.At({"first_byte"});
  Histogram& total = exchange_seconds.At({"total"});
};

struct Metrics::State {
  explicit State(std::size_t shard_count) : shards(shard_count) {}

  std::vector<Families> shards;
  CollectedMetrics collected;
};

void CountInShard(std::size_t shard) { shard_of_this_thread = shard; }

Metrics::Metrics(bool enabled, std::size_t shards)
    : enabled_(enabled), state_(std::make_unique<State>(shards)) {
  state_->shards[0].leases_unavailable.At({});
}
Metrics::~Metrics() = default;

Metrics::Families& Metrics::Own() const {
  return state_->shards[shard_of_this_thread % state_->shards.size()];
}

void Metrics::Prepare(std::string_view method, bool moves_money) {
  const std::string_view success = moves_money ? "CONFIRMED" : "";
  for (Families& shard : state_->shards) {
    shard.methods.emplace(
        method, Families::MethodMetrics{.success = success,
                                        .succeeded = shard.calls.At({method, "OK", success}),
                                        .seconds = shard.seconds.At({method}),
                                        .upstream_seconds = shard.upstream_seconds.At({method})});
  }
  if (!moves_money) return;
  Families& first = state_->shards[0];
  first.calls.At({method, "UNKNOWN", "UNKNOWN"});
  for (const std::string_view verdict : kVerdicts) first.reconciliations.At({method, verdict});
}

void Metrics::AddCollected(CollectedMetric metric) { state_->collected.Add(std::move(metric)); }

void Metrics::CountCall(const CallSample& call) {
  if (!enabled_) return;
  Families& own = Own();
  const auto found = own.methods.find(call.method);
  const Families::MethodMetrics* const known =
      found == own.methods.end() ? nullptr : &found->second;
  Counter& count = known != nullptr && call.code == "OK" && call.outcome == known->success
                       ? known->succeeded
                       : own.calls.At({call.method, call.code, call.outcome});
  count.Increment();
  Histogram& seconds = known != nullptr ? known->seconds : own.seconds.At({call.method});
  seconds.Observe(Seconds(call.total_us));
  if (call.upstream_us == 0) return;
  Histogram& upstream =
      known != nullptr ? known->upstream_seconds : own.upstream_seconds.At({call.method});
  upstream.Observe(Seconds(call.upstream_us));
}

void Metrics::CountStream(std::string_view method, std::string_view code) {
  if (enabled_) Own().calls.At({method, code, ""}).Increment();
}

void Metrics::CountRestCall(const RestCallSample& sample) {
  if (!enabled_) return;
  Families& own = Own();
  const bool answered =
      sample.send_outcome == "answered" && sample.http_status == 200 && sample.error_code == 0;
  Counter& count =
      answered
          ? own.answered
          : own.exchanges.At({sample.send_outcome, std::to_string(std::max(sample.http_status, 0)),
                              std::to_string(std::max(sample.error_code, 0))});
  count.Increment();
  const auto observe = [](Histogram& part, std::int64_t us) {
    if (us > 0) part.Observe(Seconds(us));
  };
  observe(own.queue, sample.queue_us);
  observe(own.connect, sample.connect_us);
  observe(own.tls, sample.tls_us);
  observe(own.first_byte, sample.first_byte_us);
  observe(own.total, sample.total_us);
}

void Metrics::CountDrift(std::string_view kind, std::string_view path) {
  if (enabled_) Own().drift.At({kind, LabelText(path)}).Increment();
}

void Metrics::CountOddState(std::string_view status, std::string_view financial_status) {
  if (!enabled_) return;
  const std::string pair = LabelText(status) + "/" + LabelText(financial_status);
  Own().odd_states.At({pair}).Increment();
}

void Metrics::CountDecline(std::string_view category) {
  if (enabled_) Own().declines.At({category}).Increment();
}

void Metrics::CountRetry(std::string_view method) {
  if (enabled_) Own().retries.At({method}).Increment();
}

void Metrics::CountReconciliation(std::string_view method, std::string_view verdict) {
  if (enabled_) Own().reconciliations.At({method, verdict}).Increment();
}

void Metrics::CountLeaseUnavailable() {
  if (enabled_) Own().leases_unavailable.At({}).Increment();
}

void Metrics::CountCallerGone(std::string_view method, std::string_view outcome) {
  if (enabled_) Own().callers_gone.At({method, outcome}).Increment();
}

std::string Metrics::Exposition() const {
  std::vector<MetricFamily> all = state_->shards[0].all.Collect();
  for (std::size_t i = 1; i < state_->shards.size(); ++i)
    Merge(state_->shards[i].all.Collect(), all);
  for (MetricFamily& family : state_->collected.Collect()) all.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace msp::telemetry
