// The settings about notifications and watching, of which config.cc knows the names alone.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace msp {

struct NotifyConfig {
  std::string webhook_listen;  // Empty: no listener.
  std::int64_t webhook_window_s = 600;
  std::string events = "memory";  // Or redis://host:port.
  std::int64_t watchers_max = 10'000;
  std::int64_t watch_poll_first_ms = 5'000;
  std::int64_t watch_poll_max_ms = 300'000;
  std::int64_t watch_quiet_ms = 5'000;
};

inline constexpr std::array<std::string_view, 7> kNotifySettings{
    "webhook_listen",      "webhook_window_s",  "events",        "watchers_max",
    "watch_poll_first_ms", "watch_poll_max_ms", "watch_quiet_ms"};

// Reads the flags. An error names the setting.
absl::Status LoadNotifyConfig(NotifyConfig& config);

}  // namespace msp
