#include "sandbox/front/recorder.h"

#include <algorithm>
#include <cstdio>

#include "sandbox/core/cards.h"
#include "sandbox/core/read.h"

namespace msp::sandbox {
namespace {

constexpr std::size_t kExchangesMax = 500;
constexpr std::size_t kBodyReadMax = std::size_t{256} * 1024;
constexpr std::size_t kBodyKeptMax = std::size_t{8} * 1024;
constexpr int kNestingMax = 64;

// Members whose value is not shown.
constexpr std::string_view kHidden[] = {"card_cvc",
                                        "cvc",
                                        "cvv",
                                        "card_expiry_date",
                                        "payload",
                                        "api_key",
                                        "api_token",
                                        "recurring_id",
                                        "token",
                                        "events_token",
                                        "event_token",
                                        "pareq",
                                        "md",
                                        "cavv",
                                        "html",
                                        "account_id",
                                        "iban",
                                        "session",
                                        "bank_account",
                                        "account_number",
                                        "account_holder_iban",
                                        "account_iban",
                                        "password",
                                        "secret",
                                        "emv",
                                        "card_token"};
// Ids of the shop's.
constexpr std::string_view kIds[] = {"order_id", "new_order_id", "refund_order_id",
                                     "auth_order_id"};
// Members of answers that hold an id of the sandbox's making.
constexpr std::string_view kOwnNumbers[] = {"transaction_id", "external_transaction_id",
                                            "refund_id", "session_id"};

template <std::size_t kCount>
bool IsIn(const std::string_view (&list)[kCount], std::string_view text) {
  return std::any_of(std::begin(list), std::end(list),
                     [&](std::string_view name) { return EqualsAsciiCase(name, text); });
}

constexpr std::size_t kShortestCard = 12;
constexpr std::size_t kLongestCard = 19;
constexpr std::string_view kSeparators = " -%+._";

// The places of a run's digits in the text.
using Places = std::vector<std::size_t>;

// Calls `visit(digits, places)` for each run of digits, with `separators` allowed inside it.
template <class Visit>
void ForEachRun(const std::string& text, std::string_view separators, Visit visit) {
  std::string digits;
  Places where;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : '\n';
    if (c >= '0' && c <= '9') {
      digits += c;
      where.push_back(i);
    } else if (separators.find(c) == std::string_view::npos) {
      visit(digits, where);
      digits.clear();
      where.clear();
    }
  }
}

class Masker {
 public:
  Masker(const std::vector<Site>& sites, bool ours) : sites_(sites), ours_(ours) {}

  Json Mask(std::string_view name, const Json& value) const {
    if (value.is_object()) {
      Json masked = Json::object();
      for (const auto& [member, inner] : value.items())
        masked[Text(member, false)] = Mask(member, inner);
      return masked;
    }
    if (value.is_array()) {
      Json masked = Json::array();
      for (const Json& inner : value) masked.push_back(Mask(name, inner));
      return masked;
    }
    if (value.is_null() || value.is_boolean()) return value;
    if (EqualsAsciiCase(name, "card_number")) return CardNumber(value);
    if (IsIn(kHidden, name)) return "***";
    if (ours_ && IsIn(kOwnNumbers, name)) return value;
    if (value.is_string()) return Text(value.get_ref<const std::string&>(), IsIn(kIds, name));
    char digits[400];
    if (value.is_number_float()) {
      std::snprintf(digits, sizeof digits, "%.0f", value.get<double>());
    } else {
      std::snprintf(digits, sizeof digits, "%s", value.dump().c_str());
    }
    std::string masked(digits);
    MaskCardNumbers(&masked);
    return masked == digits ? value : Json(masked);
  }

 private:
  static Json CardNumber(const Json& value) {
    std::string digits = value.is_string() ? value.get<std::string>() : value.dump();
    std::erase_if(digits, [](char c) { return c < '0' || c > '9'; });
    if (digits.size() < 12) return "***";
    return std::string(digits.size() - 4, '*') + digits.substr(digits.size() - 4);
  }

  std::string Text(std::string text, bool id) const {
    for (const Site& site : sites_) {
      for (std::size_t at = text.find(site.key); at != std::string::npos; at = text.find(site.key))
        text.replace(at, site.key.size(), "***");
    }
    if (id) {
      MaskWholeCardNumbers(&text);
    } else {
      MaskCardNumbers(&text);
    }
    return text;
  }

  const std::vector<Site>& sites_;
  const bool ours_;
};

}  // namespace

void Recorder::Add(Exchange exchange) {
  exchange.number = next_++;
  exchanges_.push_back(std::move(exchange));
  if (exchanges_.size() > kExchangesMax) exchanges_.pop_front();
}

std::vector<const Exchange*> Recorder::Latest(std::uint64_t order_seq, std::size_t most) const {
  std::vector<const Exchange*> list;
  for (auto it = exchanges_.rbegin(); it != exchanges_.rend() && list.size() < most; ++it) {
    if (order_seq == 0 || it->order_seq == order_seq) list.push_back(&*it);
  }
  return list;
}

void MaskCardNumbers(std::string* text) {
  ForEachRun(*text, kSeparators, [&](const std::string& digits, const Places& where) {
    for (std::size_t size = kShortestCard; size <= kLongestCard; ++size) {
      for (std::size_t at = 0; at + size <= digits.size(); ++at) {
        if (!PassesLuhn(std::string_view(digits).substr(at, size))) continue;
        for (std::size_t i = at; i < at + size; ++i) (*text)[where[i]] = '*';
      }
    }
  });
}

void MaskWholeCardNumbers(std::string* text) {
  for (const std::string_view separators : {std::string_view(), kSeparators}) {
    ForEachRun(*text, separators, [&](const std::string& digits, const Places& where) {
      if (!PassesLuhn(digits)) return;
      for (const std::size_t place : where) (*text)[place] = '*';
    });
  }
}

std::string MaskedBody(std::string_view body, const std::vector<Site>& sites, bool ours) {
  if (body.empty()) return {};
  const bool readable = body.size() <= kBodyReadMax && NestsAtMost(body, kNestingMax);
  const Json json = readable ? Json::parse(body, nullptr, false) : Json(Json::value_t::discarded);
  if (json.is_discarded()) return "(" + std::to_string(body.size()) + " bytes, not shown)";
  std::string text =
      Masker(sites, ours).Mask("", json).dump(2, ' ', false, Json::error_handler_t::replace);
  if (text.size() > kBodyKeptMax) {
    std::size_t cut = kBodyKeptMax;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
    text.resize(cut);
    text += "\n(cut)";
    text.shrink_to_fit();
  }
  return text;
}

}  // namespace msp::sandbox
