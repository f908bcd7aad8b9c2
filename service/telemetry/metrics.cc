#include "service/telemetry/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <utility>

#include "service/telemetry/label_text.h"
#include "service/telemetry/readings.h"
#include "service/telemetry/series.h"

namespace msp::telemetry {
namespace {

using prometheus::Counter;
using prometheus::Histogram;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Around what gRPC and loopback cost, around what MultiSafepay takes, and up to our own limits.
const Histogram::BucketBoundaries kSeconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                           0.25,  0.5,    1,     2.5,  5,     10,   30};

constexpr Label kMethod{.name = "method", .values_max = 32};
constexpr Label kCode{.name = "code", .values_max = 17};
constexpr Label kOutcome{.name = "outcome", .values_max = 8};

constexpr std::array<std::string_view, 3> kVerdicts{"reconciled", "replayed", "unknown"};

// A registry that also tells of families that have no series yet.
class Catalogue {
 public:
  template <std::size_t kLabels>
  Series<Counter, kLabels> Counters(const char* name, const char* help,
                                    const std::array<Label, kLabels>& labels) {
    Note(name, help, MetricType::Counter);
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(registry_);
    return {family, labels,
            [](auto& of, const auto& values) -> Counter& { return of.Add(values); }};
  }
  template <std::size_t kLabels>
  Series<Histogram, kLabels> Histograms(const char* name, const char* help,
                                        const std::array<Label, kLabels>& labels) {
    Note(name, help, MetricType::Histogram);
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(registry_);
    return {family, labels,
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

double Seconds(std::int64_t us) { return static_cast<double>(us) * 1e-6; }

}  // namespace

struct Metrics::Families {
  Catalogue all;
  Series<Counter, 3> calls =
      all.Counters<3>("msp_calls_total", "Calls that have ended, by gRPC code and by outcome.",
                      {kMethod, kCode, kOutcome});
  Series<Histogram, 1> seconds = all.Histograms<1>(
      "msp_call_duration_seconds", "Time from a call's arrival to its reply.", {kMethod});
  Series<Histogram, 1> upstream_seconds = all.Histograms<1>(
      "msp_call_upstream_seconds",
      "Time that the REST exchanges of one call took together, waiting in the queue not included.",
      {kMethod});
  Series<Histogram, 1> exchange_seconds = all.Histograms<1>(
      "msp_exchange_duration_seconds",
      "Time of one REST exchange by its part: queue (before it begins), connect (name lookup and "
      "TCP), tls, first_byte (from its beginning) and total (from its beginning).",
      {Label{.name = "part", .values_max = 5}});
  Series<Counter, 3> exchanges = all.Counters<3>(
      "msp_exchanges_total",
      "REST exchanges that have ended, by what became of the request, HTTP status and "
      "MultiSafepay's error code (0 for none).",
      {Label{.name = "fate", .values_max = 3}, Label{.name = "http_status", .values_max = 40},
       Label{.name = "error_code", .values_max = 60}});
  Series<Counter, 2> drift = all.Counters<2>(
      "msp_upstream_drift_total",
      "Members of MultiSafepay's answers that the schema does not know or cannot "
      "take.",
      {Label{.name = "kind", .values_max = 3}, Label{.name = "path", .values_max = 200}});
  Series<Counter, 1> odd_states =
      all.Counters<1>("msp_odd_payment_states_total",
                      "Pairs of status and financial status without a certain reading.",
                      {Label{.name = "pair", .values_max = 200}});
  Series<Counter, 1> declines =
      all.Counters<1>("msp_declines_total",
                      "Orders that were declined in answer to a money-moving call, by kind of "
                      "reason.",
                      {Label{.name = "category", .values_max = 30}});
  Series<Counter, 0> resends_stopped =
      all.Counters<0>("msp_resends_stopped_total",
                      "Second sendings of a money-moving request by libcurl that were stopped "
                      "before a byte left.",
                      {});
  Series<Counter, 2> callers_gone = all.Counters<2>(
      "msp_callers_gone_total", "Money-moving calls whose caller had gone when the answer came.",
      {kMethod, kOutcome});
  Series<Counter, 1> retries =
      all.Counters<1>("msp_retries_total", "Reads that were tried again.", {kMethod});
  Series<Counter, 2> reconciliations =
      all.Counters<2>("msp_reconciliations_total",
                      "Money-moving calls whose end was read from MultiSafepay's record, or could "
                      "not be.",
                      {kMethod, Label{.name = "verdict", .values_max = 3}});
  Series<Counter, 0> leases_unavailable =
      all.Counters<0>("msp_leases_unavailable_total",
                      "Calls that went without a lease because Redis did not answer.", {});
  Readings readings;
};

Metrics::Metrics(bool enabled) : enabled_(enabled), families_(std::make_unique<Families>()) {
  families_->resends_stopped.At({});
  families_->leases_unavailable.At({});
  for (const std::string_view part : {"queue", "connect", "tls", "first_byte", "total"})
    families_->exchange_seconds.At({part});
}
Metrics::~Metrics() = default;

void Metrics::Prepare(std::string_view method, bool moves_money) {
  families_->seconds.At({method});
  if (!moves_money) return;
  families_->calls.At({method, "UNKNOWN", "UNKNOWN"});
  for (const std::string_view verdict : kVerdicts) families_->reconciliations.At({method, verdict});
}

void Metrics::AddReading(Reading reading) { families_->readings.Add(std::move(reading)); }

void Metrics::CountCall(const CallSample& call) {
  if (!enabled_) return;
  families_->calls.At({call.method, call.code, call.outcome}).Increment();
  families_->seconds.At({call.method}).Observe(Seconds(call.total_us));
  if (call.upstream_us > 0)
    families_->upstream_seconds.At({call.method}).Observe(Seconds(call.upstream_us));
}

void Metrics::CountStream(std::string_view method, std::string_view code) {
  if (enabled_) families_->calls.At({method, code, ""}).Increment();
}

void Metrics::CountExchange(const ExchangeSample& exchange) {
  if (!enabled_) return;
  std::array<char, 8> status{};
  std::array<char, 12> code{};
  const auto text = [](auto& digits, int number) {
    char* at = digits.data() + digits.size();
    do {
      *--at = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number > 0 && at != digits.data());
    return std::string_view(at, static_cast<std::size_t>(digits.data() + digits.size() - at));
  };
  families_->exchanges
      .At({exchange.fate, text(status, std::max(exchange.http_status, 0)),
           text(code, std::max(exchange.error_code, 0))})
      .Increment();
  const auto observe = [this](std::string_view part, std::int64_t us) {
    if (us > 0) families_->exchange_seconds.At({part}).Observe(Seconds(us));
  };
  observe("queue", exchange.queue_us);
  observe("connect", exchange.connect_us);
  observe("tls", exchange.tls_us);
  observe("first_byte", exchange.first_byte_us);
  observe("total", exchange.total_us);
}

void Metrics::CountDrift(std::string_view kind, std::string_view path) {
  if (enabled_) families_->drift.At({kind, LabelText(path)}).Increment();
}

void Metrics::CountOddState(std::string_view status, std::string_view financial_status) {
  if (!enabled_) return;
  const std::string pair = LabelText(status) + "/" + LabelText(financial_status);
  families_->odd_states.At({pair}).Increment();
}

void Metrics::CountDecline(std::string_view category) {
  if (enabled_) families_->declines.At({category}).Increment();
}

void Metrics::CountResendStopped() {
  if (enabled_) families_->resends_stopped.At({}).Increment();
}

void Metrics::CountRetry(std::string_view method) {
  if (enabled_) families_->retries.At({method}).Increment();
}

void Metrics::CountReconciliation(std::string_view method, std::string_view verdict) {
  if (enabled_) families_->reconciliations.At({method, verdict}).Increment();
}

void Metrics::CountLeaseUnavailable() {
  if (enabled_) families_->leases_unavailable.At({}).Increment();
}

void Metrics::CountCallerGone(std::string_view method, std::string_view outcome) {
  if (enabled_) families_->callers_gone.At({method, outcome}).Increment();
}

std::string Metrics::Exposition() const {
  std::vector<MetricFamily> all = families_->all.Collect();
  for (MetricFamily& family : families_->readings.Collect()) all.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace msp::telemetry
