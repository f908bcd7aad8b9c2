// The service's log: one JSON line per event on stderr, written by spdlog's own thread, never by a
// call's.
//
// Owned by main. Any thread may write. When the sink is slower than the calls, the oldest waiting
// lines are dropped and counted: a blocked pipe never blocks a payment. Knows nothing of protobuf;
// whoever logs passes text that is already redacted.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace spdlog {
class logger;
namespace details {
class thread_pool;
}
}  // namespace spdlog

namespace msp::telemetry {

enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError };

// A named value of a line. Text is escaped; empty text and fields of no value are left out.
struct Field {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

struct LogOptions {
  Level level = Level::kInfo;
  bool json = true;              // False: "time level event name=value ..." for people.
  std::size_t queue_max = 8192;  // Lines waiting to be written; the oldest go first.
};

class Log {
 public:
  explicit Log(LogOptions options);
  ~Log();  // Writes what is waiting.
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  bool Writes(Level level) const { return level >= options_.level; }
  void Write(Level level, std::string_view event, std::initializer_list<Field> fields = {});
  // Lines that were dropped because the sink was too slow.
  std::uint64_t dropped() const;

 private:
  LogOptions options_;
  std::shared_ptr<spdlog::details::thread_pool> threads_;
  std::shared_ptr<spdlog::logger> logger_;
};

// "debug", "info", "warning" or "error"; false otherwise.
bool ParseLevel(std::string_view text, Level* level);

}  // namespace msp::telemetry
