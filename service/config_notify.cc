#include "service/config_notify.h"

#include "absl/flags/flag.h"
#include "service/base/redis.h"
#include "service/setting.h"

ABSL_FLAG(std::string, webhook_listen, "",
          "HTTP for MultiSafepay's notifications, host:port: POST /webhook, or /webhook/SITE; port "
          "0 picks a free one and the ready line says which; empty: no port. TLS ends in front of "
          "it");
ABSL_FLAG(std::int64_t, webhook_window_s, 600,
          "seconds after which a notification is taken for a replay, 1 to 86400");
ABSL_FLAG(std::string, events, "memory",
          "memory: watchers hear of notifications that reach this replica; redis://host:port: of "
          "those that reach any replica that uses it");
ABSL_FLAG(std::int64_t, watchers_max, 10000,
          "streams of WatchOrder that may be open at once, 1 to 1000000");
ABSL_FLAG(std::int64_t, watch_poll_first_ms, 5000,
          "a watched order that is open: the first wait between two looks at it, doubling, in "
          "milliseconds, 500 to 3600000");
ABSL_FLAG(std::int64_t, watch_poll_max_ms, 300000,
          "and the longest, in milliseconds, watch_poll_first_ms to 3600000");
ABSL_FLAG(std::int64_t, watch_quiet_ms, 5000,
          "how long a stream stays open at DECLINED, EXPIRED or CANCELLED, which can still become "
          "PAID, in milliseconds, 0 to 3600000");

namespace msp {
absl::Status LoadNotifyConfig(NotifyConfig& config) {
  config = {.webhook_listen = absl::GetFlag(FLAGS_webhook_listen),
            .webhook_window_s = absl::GetFlag(FLAGS_webhook_window_s),
            .events = absl::GetFlag(FLAGS_events),
            .watchers_max = absl::GetFlag(FLAGS_watchers_max),
            .watch_poll_first_ms = absl::GetFlag(FLAGS_watch_poll_first_ms),
            .watch_poll_max_ms = absl::GetFlag(FLAGS_watch_poll_max_ms),
            .watch_quiet_ms = absl::GetFlag(FLAGS_watch_quiet_ms)};
  if (!config.webhook_listen.empty() && !IsHostAndPort(config.webhook_listen))
    return Invalid("webhook_listen", "must be host:port, such as 127.0.0.1:8080, or empty");
  RedisAddress redis;
  if (config.events != "memory" && !ParseRedisUrl(config.events, &redis))
    return Invalid("events", "must be memory or redis://host:port");
  for (const absl::Status& check :
       {InRange("webhook_window_s", config.webhook_window_s, 1, 86'400),
        InRange("watchers_max", config.watchers_max, 1, 1'000'000),
        InRange("watch_poll_first_ms", config.watch_poll_first_ms, 500, 3'600'000),
        InRange("watch_poll_max_ms", config.watch_poll_max_ms, config.watch_poll_first_ms,
                3'600'000),
        InRange("watch_quiet_ms", config.watch_quiet_ms, 0, 3'600'000)}) {
    if (!check.ok()) return check;
  }
  return absl::OkStatus();
}

}  // namespace msp
