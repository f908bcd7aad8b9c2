// SPDX-License-Identifier: Apache-2.0

#include "client/cli/table.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"

namespace msp::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::string_view kAmounts[] = {"amount", "amount_refunded", "net", "capture_remain"};

// The most important members first. A name includes its submembers.
constexpr std::string_view kFirst[] = {"payment_state", "result",          "decline",
                                       "next_action",   "order_id",        "transaction_id",
                                       "amount",        "amount_refunded", "currency",
                                       "status",        "financial_status"};

// HTML pages are not shown in a line.
constexpr std::string_view kPage = "html";

// Currencies with another number of decimals than two. MultiSafepay names JPY alone; what it takes
// for the others' minor unit is not documented.
constexpr std::string_view kNoDecimals = "JPY";
constexpr std::string_view kUndocumented[] = {"BHD", "CLP", "IQD", "ISK", "JOD", "KRW", "KWD",
                                              "LYD", "OMR", "PYG", "TND", "UGX", "VND"};

template <class List>
bool Contains(const List& list, std::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

// External text must not contain terminal control characters.
std::string Printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 =
        byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1) ++i;
    out += c1 || byte < 0x20 || byte == 0x7f ? '?' : text[i];
  }
  return out;
}

std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string Padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, Width(text)), ' ');
}

// PAYMENT_STATE_PAID under "payment_state" is PAID.
std::string WithoutPrefix(const std::string& key, std::string text) {
  const std::string prefix = absl::AsciiStrToUpper(key) + "_";
  if (text.starts_with(prefix)) text.erase(0, prefix.size());
  return text;
}

std::string Cell(const std::string& key, const OrderedJson& value, const std::string& currency) {
  if (value.is_number_integer() && Contains(kAmounts, key)) {
    return Money(value.get<std::int64_t>(), currency);
  }
  if (!value.is_string()) return Printable(value.dump());
  const std::string text = value.get<std::string>();
  if (key == kPage) return absl::StrCat("(", text.size(), " bytes; --output json shows them)");
  return WithoutPrefix(key, Printable(text));
}

std::string CurrencyOf(const OrderedJson& object, const std::string& outer) {
  const auto found = object.find("currency");
  return found != object.end() && found->is_string() ? found->get<std::string>() : outer;
}

struct Row {
  std::string key;
  std::string value;
};

void Flatten(const OrderedJson& object, const std::string& path, const std::string& outer,
             std::vector<Row>& rows);

void FlattenMember(const std::string& key, const OrderedJson& value, const std::string& path,
                   const std::string& currency, std::vector<Row>& rows) {
  if (value.is_object()) {
    if (value.empty()) rows.push_back({path, "-"});
    Flatten(value, path + ".", currency, rows);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      FlattenMember(key, value[i], absl::StrCat(path, "[", i, "]"), currency, rows);
    }
  } else {
    rows.push_back({path, Cell(key, value, currency)});
  }
}

void Flatten(const OrderedJson& object, const std::string& path, const std::string& outer,
             std::vector<Row>& rows) {
  const std::string currency = CurrencyOf(object, outer);
  for (const auto& [key, value] : object.items()) {
    FlattenMember(key, value, path + key, currency, rows);
  }
}

std::size_t RankOf(const Row& row) {
  const std::string_view top = std::string_view(row.key).substr(0, row.key.find_first_of(".["));
  return static_cast<std::size_t>(std::find(std::begin(kFirst), std::end(kFirst), top) -
                                  std::begin(kFirst));
}

std::string KeyValueLines(const OrderedJson& reply) {
  std::vector<Row> rows;
  for (const auto& [key, value] : reply.items()) {
    // Members of the mirrored object are shown without its name; the service's own members keep
    // theirs.
    const bool mirrored = value.is_object() && key != "result";
    FlattenMember(key, value, mirrored ? "" : key, "", rows);
  }
  for (Row& row : rows) {
    if (row.key.starts_with('.')) row.key.erase(0, 1);
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return RankOf(a) < RankOf(b); });
  std::size_t width = 0;
  for (const Row& row : rows) width = std::max(width, Width(row.key));
  std::string out;
  for (const Row& row : rows) out += Padded(row.key, width + 2) + row.value + "\n";
  return out;
}

std::string CellAt(const OrderedJson& object, const std::string& path) {
  const OrderedJson* at = &object;
  std::string key;
  for (const std::string& step : std::vector<std::string>(absl::StrSplit(path, '.'))) {
    const auto found = at->find(step);
    if (found == at->end()) return "-";
    at = &*found;
    key = step;
  }
  return Cell(key, *at, CurrencyOf(object, ""));
}

std::string Lines(const OrderedJson& list, const std::vector<std::string>& columns) {
  std::vector<std::vector<std::string>> lines{columns};
  for (const OrderedJson& element : list) {
    std::vector<std::string>& line = lines.emplace_back();
    for (const std::string& column : columns) line.push_back(CellAt(element, column));
  }
  std::string out;
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      std::size_t width = 0;
      for (const auto& other : lines) width = std::max(width, Width(other[i]));
      text += Padded(line[i], width + 2);
    }
    absl::StripTrailingAsciiWhitespace(&text);
    out += text + "\n";
  }
  return out;
}

}  // namespace

std::string Money(std::int64_t minor_units, std::string_view currency) {
  const std::string amount = std::to_string(minor_units);
  const std::string name(Printable(currency));
  if (currency.empty()) return amount + " (minor units)";
  if (currency == kNoDecimals) return absl::StrCat(amount, " ", name);
  if (Contains(kUndocumented, currency)) return absl::StrCat(amount, " ", name, " (minor units)");
  const bool negative = minor_units < 0;
  std::string digits = amount.substr(negative ? 1 : 0);
  if (digits.size() < 3) digits.insert(0, 3 - digits.size(), '0');
  digits.insert(digits.size() - 2, 1, '.');
  return absl::StrCat(negative ? "-" : "", digits, " ", name);
}

std::string Table(std::string_view reply, std::string_view columns) {
  const OrderedJson json = OrderedJson::parse(reply, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::string(reply) + "\n";
  if (columns.empty()) return KeyValueLines(json);
  const std::vector<std::string> names = absl::StrSplit(std::string(columns), ' ');
  std::string out;
  bool listed = false;
  for (const auto& [key, value] : json.items()) {
    if (value.is_array()) {
      out += Lines(value, names);
      listed = true;
    } else {
      out += absl::StrCat(key, ": ", Cell(key, value, ""), "\n");
    }
  }
  return listed ? out : "(none)\n" + out;
}

}  // namespace msp::cli
