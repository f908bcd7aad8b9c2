// SPDX-License-Identifier: Apache-2.0

#include "service/telemetry/line.h"

#include <array>
#include <charconv>
#include <chrono>
#include <ctime>

#include "service/base/text.h"

namespace msp::telemetry {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames{"debug", "info", "warning", "error"};

template <class Number>
void AppendNumber(Number number, std::string& out) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

// For people: stays on one line whatever the text contains.
void AppendPlain(std::string_view text, std::string& out) {
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
}

void AppendValue(const Field& field, bool json, std::string& out) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    if (json) {
      AppendJsonString(*text, out);
    } else {
      AppendPlain(*text, out);
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

}  // namespace

bool ParseLevel(std::string_view text, Level* level) {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (text == kLevelNames[i]) {
      *level = static_cast<Level>(i);
      return true;
    }
  }
  return false;
}

std::int64_t UnixMsNow() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void AppendTime(std::int64_t unix_ms, std::string& out) {
  // Most lines of a thread are of the same second as the previous line.
  static thread_local std::time_t known = -1;
  static thread_local std::array<char, 24> text{};
  const std::time_t seconds = unix_ms / 1000;
  if (seconds != known) {
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &utc);
    known = seconds;
  }
  const auto ms = unix_ms % 1000;
  out += text.data();
  out += static_cast<char>('0' + ms / 100);
  out += static_cast<char>('0' + ms / 10 % 10);
  out += static_cast<char>('0' + ms % 10);
  out += 'Z';
}

void FormatLine(Level level, std::string_view event, std::initializer_list<Field> fields, bool json,
                std::string& out) {
  out = json ? "{\"time\":\"" : "";
  AppendTime(UnixMsNow(), out);
  out += json ? "\",\"level\":\"" : " ";
  out += kLevelNames[static_cast<std::size_t>(level)];
  out += json ? "\",\"event\":" : " ";
  AppendValue({.name = {}, .value = event}, json, out);
  for (const Field& field : fields) {
    if (Empty(field)) continue;
    out += json ? ",\"" : " ";
    out += field.name;
    out += json ? "\":" : "=";
    AppendValue(field, json, out);
  }
  out += json ? "}\n" : "\n";
}

}  // namespace msp::telemetry
