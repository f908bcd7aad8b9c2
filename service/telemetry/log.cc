#include "service/telemetry/log.h"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <charconv>
#include <chrono>
#include <ctime>

#include "service/base/text.h"

namespace msp::telemetry {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames{"debug", "info", "warning", "error"};
constexpr std::array kSpdlogLevels{spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                   spdlog::level::err};

// UTC with milliseconds: 2026-01-31T12:00:00.123Z.
void AppendNow(std::string& out) {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &utc);
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  text[size++] = static_cast<char>('0' + ms / 100);
  text[size++] = static_cast<char>('0' + ms / 10 % 10);
  text[size++] = static_cast<char>('0' + ms % 10);
  text[size++] = 'Z';
  out.append(text.data(), size);
}

template <class Number>
void AppendNumber(Number number, std::string& out) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

void AppendValue(const Field& field, bool json, std::string& out) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    if (json) {
      AppendJsonString(*text, out);
    } else {
      out += *text;
    }
  } else if (const auto* integer = std::get_if<std::int64_t>(&field.value)) {
    AppendNumber(*integer, out);
  } else if (const auto* real = std::get_if<double>(&field.value)) {
    AppendNumber(*real, out);
  } else {
    out += std::get<bool>(field.value) ? "true" : "false";
  }
}

bool Empty(const Field& field) {
  const auto* text = std::get_if<std::string_view>(&field.value);
  return text != nullptr && text->empty();
}

std::string Line(Level level, std::string_view event, std::initializer_list<Field> fields,
                 bool json) {
  std::string line;
  line.reserve(384);
  line += json ? "{\"time\":\"" : "";
  AppendNow(line);
  line += json ? "\",\"level\":\"" : " ";
  line += kLevelNames[static_cast<std::size_t>(level)];
  line += json ? "\",\"event\":" : " ";
  AppendValue({.name = {}, .value = event}, json, line);
  for (const Field& field : fields) {
    if (Empty(field)) continue;
    line += json ? ",\"" : " ";
    line += field.name;
    line += json ? "\":" : "=";
    AppendValue(field, json, line);
  }
  if (json) line += '}';
  return line;
}

}  // namespace

Log::Log(LogOptions options)
    : options_(options),
      threads_(std::make_shared<spdlog::details::thread_pool>(options.queue_max, 1)) {
  logger_ = std::make_shared<spdlog::async_logger>(
      "msp", std::make_shared<spdlog::sinks::stderr_sink_mt>(), threads_,
      spdlog::async_overflow_policy::overrun_oldest);
  logger_->set_level(spdlog::level::trace);
  logger_->set_pattern("%v");
}

Log::~Log() { logger_->flush(); }

void Log::Write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!Writes(level)) return;
  const std::string line = Line(level, event, fields, options_.json);
  logger_->log(kSpdlogLevels[static_cast<std::size_t>(level)], spdlog::string_view_t(line));
}

std::uint64_t Log::dropped() const { return threads_->overrun_counter(); }

bool ParseLevel(std::string_view text, Level* level) {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (text == kLevelNames[i]) {
      *level = static_cast<Level>(i);
      return true;
    }
  }
  return false;
}

}  // namespace msp::telemetry
