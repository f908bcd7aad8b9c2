#include "service/notify_wiring.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "multisafepay/v1/notification_service.pb.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/notify/counters.h"
#include "service/notify/hub.h"
#include "service/notify/inbox.h"
#include "service/notify/listener.h"
#include "service/notify/lookup.h"
#include "service/notify/redis_bus.h"
#include "service/notify/ticker.h"

namespace msp {
namespace {

namespace v1 = multisafepay::v1;
using telemetry::Reading;

template <std::size_t kSize>
void AddCounts(telemetry::Metrics& metrics, const char* name, const char* help, const char* label,
               const std::array<std::string_view, kSize>& values,
               const notify::Counts<kSize>& counts) {
  for (std::size_t i = 0; i < kSize; ++i) {
    metrics.AddReading({.name = name,
                        .help = help,
                        .kind = Reading::Kind::kCounter,
                        .label_name = label,
                        .label_value = std::string(values[i]),
                        .read = [&counts, i] { return static_cast<double>(counts.At(i)); }});
  }
}

void AddValue(telemetry::Metrics& metrics, const char* name, const char* help, Reading::Kind kind,
              const std::atomic<std::int64_t>& value) {
  metrics.AddReading({.name = name, .help = help, .kind = kind, .read = [&value] {
                        return static_cast<double>(value.load(std::memory_order_relaxed));
                      }});
}

void AddReadings(telemetry::Metrics& metrics, const notify::Counters& counters) {
  constexpr auto kGauge = Reading::Kind::kGauge;
  constexpr auto kCounter = Reading::Kind::kCounter;
  AddCounts(
      metrics, "msp_notifications_total",
      "Notifications that came in, by HTTP and by HandleNotification, by what became of them.",
      "result", notify::kReceivedNames, counters.received);
  AddCounts(metrics, "msp_watch_events_total",
            "What was heard of watched orders: news that were told, the same again, stale, in "
            "doubt (a look follows), and changes that a look found.",
            "event", notify::kEventNames, counters.events);
  AddCounts(metrics, "msp_watch_looks_total", "Looks at watched orders (GET), by their reason.",
            "reason", notify::kLookNames, counters.looks);
  AddCounts(metrics, "msp_events_bus_total",
            "Events between replicas: published, not published because Redis did not answer, "
            "received, and received ones that were no event of a site of ours.",
            "event", notify::kBusNames, counters.bus);
  AddValue(metrics, "msp_watch_looks_failed_total", "Looks at watched orders that failed.",
           kCounter, counters.looks_failed);
  AddValue(metrics, "msp_watchers_open", "Streams of WatchOrder that are open.", kGauge,
           counters.watchers);
  AddValue(metrics, "msp_watched_orders", "Orders that are watched.", kGauge, counters.orders);
  AddValue(metrics, "msp_watchers_refused_total",
           "Streams that were refused because there were --watchers_max.", kCounter,
           counters.watchers_refused);
  AddValue(metrics, "msp_events_bus_connected",
           "1 while this replica hears the others' events by Redis; 0 without --events=redis too.",
           kGauge, counters.bus_connected);
}

}  // namespace

struct Notifying::Parts {
  Parts(const Config& config, psp::Api& api, psp::Sites& all, telemetry::Log& log_,
        telemetry::Metrics& metrics)
      : sites([&all](std::string_view name) { return all.Find(name); }),
        log(log_),
        plans({v1::WatchOrderRequest::descriptor(), v1::HandleNotificationRequest::descriptor(),
               v1::Order::descriptor()}),
        hub({.watchers_max = config.notify.watchers_max,
             .poll_first_ms = config.notify.watch_poll_first_ms,
             .poll_max_ms = config.notify.watch_poll_max_ms,
             .quiet_ms = config.notify.watch_quiet_ms,
             // A watcher that waits twice the time for proof loses nothing.
             .settle_ms = 2 * config.settle_ms},
            notify::Lookup(api, sites), counters),
        inbox(config.notify.webhook_window_s, plans.Of(v1::Order::descriptor()), hub, counters),
        edge{hub, inbox, all, !config.tls.client_ca_file.empty(), plans, log, metrics},
        ticker(hub) {
    RedisAddress redis;
    if (!ParseRedisUrl(config.notify.events, &redis)) return;
    bus = std::make_unique<notify::RedisBus>(
        redis, notify::RedisBus::Parts{sites, inbox, hub, counters, log});
    inbox.Connect(bus.get());
  }

  notify::SiteFinder sites;
  telemetry::Log& log;
  notify::Counters counters;
  codec::PlanSet plans;
  notify::Hub hub;
  notify::Inbox inbox;
  server::Edge edge;
  notify::Ticker ticker;
  std::unique_ptr<notify::RedisBus> bus;  // Null in memory.
  std::unique_ptr<notify::Listener> listener;
  std::string listening;
};

Notifying::Notifying(const Config& config, psp::Api& api, psp::Sites& sites, telemetry::Log& log,
                     telemetry::Metrics& metrics)
    : parts_(std::make_unique<Parts>(config, api, sites, log, metrics)) {
  AddReadings(metrics, parts_->counters);
}

Notifying::~Notifying() = default;

const server::Edge& Notifying::edge() const { return parts_->edge; }

absl::Status Notifying::Listen(const Config& config) {
  if (config.notify.webhook_listen.empty()) return absl::OkStatus();
  auto listener = notify::Listener::Start(
      config.notify.webhook_listen, {parts_->inbox, parts_->sites, parts_->counters, parts_->log});
  if (!listener.ok())
    return {listener.status().code(),
            absl::StrCat("--webhook_listen: ", listener.status().message())};
  parts_->listener = *std::move(listener);
  parts_->listening = parts_->listener->listening();
  return absl::OkStatus();
}

const std::string& Notifying::listening() const { return parts_->listening; }

void Notifying::Drain() { parts_->hub.Drain(); }

// The ticker goes last, with the core: looks that are under way still come back to it.
void Notifying::Stop() { parts_->listener.reset(); }

}  // namespace msp
