// SPDX-License-Identifier: Apache-2.0

#include "service/webhook_wiring.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "multisafepay/v1/notification_service.pb.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/event_streams/curl_event_streams.h"
#include "service/webhooks/counters.h"
#include "service/webhooks/notification_receiver.h"
#include "service/webhooks/order_event_streams.h"
#include "service/webhooks/order_reader.h"
#include "service/webhooks/order_watch_registry.h"
#include "service/webhooks/redis_event_publisher.h"
#include "service/webhooks/timer_thread.h"
#include "service/webhooks/webhook_listener.h"

namespace msp {
namespace {

namespace v1 = multisafepay::v1;
using telemetry::CollectedMetric;

// `counts` has an At for the index of each of `values`.
template <std::size_t kSize, class Counts>
void AddCounts(telemetry::Metrics& metrics, const char* name, const char* help, const char* label,
               const std::array<std::string_view, kSize>& values, const Counts& counts) {
  for (std::size_t i = 0; i < kSize; ++i) {
    metrics.AddCollected({.name = name,
                          .help = help,
                          .kind = CollectedMetric::Kind::kCounter,
                          .label_name = label,
                          .label_value = std::string(values[i]),
                          .read = [&counts, i] { return static_cast<double>(counts.At(i)); }});
  }
}

void AddValue(telemetry::Metrics& metrics, const char* name, const char* help,
              CollectedMetric::Kind kind, const std::atomic<std::int64_t>& value) {
  metrics.AddCollected({.name = name, .help = help, .kind = kind, .read = [&value] {
                          return static_cast<double>(value.load(std::memory_order_relaxed));
                        }});
}

void AddMetrics(telemetry::Metrics& metrics, const webhooks::Counters& counters,
                const event_streams::StreamCounts& streams) {
  constexpr auto kGauge = CollectedMetric::Kind::kGauge;
  constexpr auto kCounter = CollectedMetric::Kind::kCounter;
  AddCounts(metrics, "msp_notifications_total",
            "Notifications received, by HTTP and by HandleNotification, by result.", "result",
            webhooks::kReceivedNames, counters.received);
  AddCounts(metrics, "msp_watch_events_total",
            "Notifications and reads of watched orders: a change (sent to watchers), the same "
            "state, a stale one, an inconclusive one (a read follows), and changes that a read "
            "found, after an event of an event stream or by polling.",
            "event", webhooks::kWatchUpdateNames, counters.events);
  AddCounts(metrics, "msp_watch_looks_total", "Reads of watched orders (GET), by their reason.",
            "reason", webhooks::kFetchReasonNames, counters.fetches);
  AddCounts(metrics, "msp_events_bus_total",
            "Events between replicas: published, not published because Redis did not answer, "
            "received, and received ones that were refused.",
            "event", webhooks::kPublisherNames, counters.publisher);
  AddCounts(metrics, "msp_event_streams_total",
            "Events of MultiSafepay's event streams: of their connections, and events received.",
            "event", event_streams::kStreamCountNames, streams);
  AddValue(metrics, "msp_event_streams_open", "Open connections to MultiSafepay's event streams.",
           kGauge, streams.open);
  AddValue(metrics, "msp_watch_looks_failed_total", "Reads of watched orders that failed.",
           kCounter, counters.fetches_failed);
  AddValue(metrics, "msp_watchers_open", "Open streams of WatchOrder.", kGauge, counters.watchers);
  AddValue(metrics, "msp_watched_orders", "Watched orders.", kGauge, counters.orders);
  AddValue(metrics, "msp_watchers_refused_total",
           "Streams of WatchOrder that were refused because of --watchers_max.", kCounter,
           counters.watchers_refused);
  AddValue(metrics, "msp_events_bus_connected",
           "1 while this replica is subscribed to the others' events in Redis; 0 without "
           "--events=redis.",
           kGauge, counters.publisher_connected);
}

}  // namespace

struct WebhookWiring::Parts {
  Parts(const Config& config, payments::Api& api, payments::EventAccessTable& event_access,
        payments::Sites& all, telemetry::Log& log_, telemetry::Metrics& metrics)
      : sites([&all](std::string_view name) { return all.Find(name); }),
        log(log_),
        schemas({v1::WatchOrderRequest::descriptor(), v1::HandleNotificationRequest::descriptor(),
                 v1::Order::descriptor()}),
        registry({.watchers_max = config.webhooks.watchers_max,
                  .poll_first_ms = config.webhooks.watch_poll_first_ms,
                  .poll_max_ms = config.webhooks.watch_poll_max_ms,
                  .quiet_ms = config.webhooks.watch_quiet_ms,
                  // Twice the settle time: a longer wait for proof costs watchers nothing.
                  .settle_ms = 2 * config.settle_ms},
                 webhooks::MakeOrderReader(api, sites), counters),
        streams(MakeStreams(config)),
        order_streams(MakeOrderStreams(event_access)),
        receiver(config.webhooks.webhook_window_s, schemas.Of(v1::Order::descriptor()), registry,
                 counters),
        notification_services{registry, receiver, all,    !config.tls.client_ca_file.empty(),
                              schemas,  log,      metrics},
        timer_thread(registry) {
    RedisAddress redis;
    if (!ParseRedisUrl(config.webhooks.events, &redis)) return;
    publisher = std::make_unique<webhooks::RedisEventPublisher>(
        redis,
        webhooks::RedisEventPublisher::Dependencies{sites, receiver, registry, counters, log});
    receiver.Connect(publisher.get());
  }

  // The streams' thread calls into members that are destroyed before it.
  ~Parts() {
    if (streams != nullptr) streams->Stop();
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  // Null where they are off. The API's URL is valid by now, so the only possible failure is a lack
  // of memory: then orders are only polled.
  std::unique_ptr<event_streams::CurlEventStreams> MakeStreams(const Config& config) {
    if (!config.webhooks.event_streams) return nullptr;
    auto made =
        event_streams::CurlEventStreams::Create({.api_url = config.api_url,
                                                 .domains = config.webhooks.event_stream_hosts,
                                                 .streams_max = config.webhooks.event_streams_max,
                                                 .proxy = config.proxy,
                                                 .ca_file = config.upstream_ca_file},
                                                stream_counts);
    if (made.ok()) return *std::move(made);
    log.Write(
        telemetry::Level::kError, "event_streams",
        {{"detail", std::string_view("no event stream is read: libcurl could not be set up")}});
    return nullptr;
  }
  // Called before the registry's thread starts.
  std::unique_ptr<webhooks::OrderEventStreams> MakeOrderStreams(
      payments::EventAccessTable& event_access) {
    if (streams == nullptr) return nullptr;
    auto made = std::make_unique<webhooks::OrderEventStreams>(event_access, *streams, registry);
    registry.SetPushSource(made.get());
    return made;
  }

  webhooks::SiteFinder sites;
  telemetry::Log& log;
  webhooks::Counters counters;
  event_streams::StreamCounts stream_counts;
  codec::SchemaSet schemas;
  webhooks::OrderWatchRegistry registry;
  std::unique_ptr<event_streams::CurlEventStreams> streams;
  std::unique_ptr<webhooks::OrderEventStreams> order_streams;
  webhooks::NotificationReceiver receiver;
  rpc::NotificationServices notification_services;
  webhooks::TimerThread timer_thread;
  std::unique_ptr<webhooks::RedisEventPublisher> publisher;  // Null in memory.
  std::unique_ptr<HttpPort> listener;
  std::string listening;
};

WebhookWiring::WebhookWiring(const Config& config, payments::Api& api,
                             payments::EventAccessTable& event_access, payments::Sites& sites,
                             telemetry::Log& log, telemetry::Metrics& metrics)
    : parts_(std::make_unique<Parts>(config, api, event_access, sites, log, metrics)) {
  AddMetrics(metrics, parts_->counters, parts_->stream_counts);
}

WebhookWiring::~WebhookWiring() = default;

const rpc::NotificationServices& WebhookWiring::notification_services() const {
  return parts_->notification_services;
}

absl::Status WebhookWiring::Listen(const Config& config) {
  if (config.webhooks.webhook_listen.empty()) return absl::OkStatus();
  auto listener =
      webhooks::ListenForWebhooks(config.webhooks.webhook_listen,
                                  {parts_->receiver, parts_->sites, parts_->counters, parts_->log});
  if (!listener.ok())
    return {listener.status().code(),
            absl::StrCat("--webhook_listen: ", listener.status().message())};
  parts_->listener = *std::move(listener);
  parts_->listening = parts_->listener->listening();
  return absl::OkStatus();
}

const std::string& WebhookWiring::listening() const { return parts_->listening; }

void WebhookWiring::Drain() {
  parts_->registry.Drain();
  if (parts_->streams != nullptr) parts_->streams->Stop();
}

// The timer thread and the registry are destroyed last: reads under way still call back.
void WebhookWiring::Stop() { parts_->listener.reset(); }

}  // namespace msp
