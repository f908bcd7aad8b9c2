// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/generator.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "google/protobuf/struct.pb.h"
#include "multisafepay/v1/control.pb.h"
#include "multisafepay/v1/options.pb.h"

namespace msp::integration {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;

constexpr int kDepthMax = 6;
constexpr int kFirstServiceOnlyField = 1000;

// Value sets that MultiSafepay owns, and members whose content it reads.
struct Choice {
  std::string_view field;  // Its full name without the package.
  std::vector<std::string> values;
};
const std::vector<Choice>& Choices() {
  static const auto& choices = *new std::vector<Choice>{
      {"Customer.ip_address", {"203.0.113.24", "2001:db8::1"}},
      {"Customer.forwarded_ip", {"198.51.100.7"}},
      {"CreateOrderRequest.capture", {"manual"}},
      {"CreateOrderRequest.recurring_model", {"cardOnFile", "subscription", "unscheduled"}},
      {"PaymentOptions.notification_url", {"https://shop.example/notify?a=1&b=2"}},
      {"PaymentOptions.notification_method", {"POST", "GET"}},
      {"PaymentData.gateway", {"VISA", "IDEAL"}},
      {"UpdateOrderRequest.status", {"shipped"}},
      {"CaptureOrderRequest.ship_date", {"17-04-2030"}},
      {"AddOrderFileRequest.type", {"PDF", "JPEG", "PNG"}},
      {"CreateApplePaySessionRequest.origin_domain", {"shop.example"}},
      {"CreateApplePaySessionRequest.validation_url",
       {"https://apple-pay-gateway.apple.com/start"}},
      {"ListIssuersRequest.gateway_id", {"ideal"}},
      {"ListGroupTerminalsRequest.terminal_group_id", {"57958"}},
      {"ListClosingBalancesRequest.from", {"2026-01-01"}},
      {"ListClosingBalancesRequest.until", {"2030-01-01"}},
  };
  return choices;
}

struct TestCard {
  std::string_view number;
  std::string_view gateway;
  std::string_view cvc;
};
constexpr TestCard kCards[] = {
    {"4111111111111111", "VISA", "123"},       {"5500 0000 0000 0004", "MASTERCARD", "012"},
    {"374500000000015", "AMEX", "0123"},       {"6799990000000000011", "MAESTRO", "000"},
    {"5555555555554444", "CREDITCARD", "999"}, {"4917300000000008", "CREDITCARD", "123"},
    {"4012001037461114", "visa", "123"},       {"4012001038488884", "VISA", "123"},
};

constexpr std::string_view kLetters[] = {"a", "Z", "7", "0", "-", "_",  ".",  "~", "/",      "%",
                                         "?", "#", "&", "+", "=", "\"", "\\", "<", "'",      ":",
                                         ";", "{", "]", "é", "ß", "Ω",  "漢", "😀", "\u2028", " "};

// Names of something that would have to exist: a stored card, a terminal, a bank.
bool NamesAnother(const pb::FieldDescriptor& field) {
  const std::string name = field.full_name().substr(std::string_view("multisafepay.v1.").size());
  return name == "CreateOrderRequest.recurring_id" || name == "Recurring.id" ||
         name == "GatewayInfo.terminal_id" || name == "GatewayInfo.issuer_id";
}

// Ends that an identifier may not have, and ends that readers trim.
std::string WithoutOuterSpaces(std::string text) {
  if (text.front() == ' ') text.front() = 'x';
  if (text.back() == ' ') text.back() = 'x';
  return text == "." || text == ".." ? "dots" : text;
}

}  // namespace

std::string Generator::Text(std::uint64_t chars_max, bool line) {
  std::string text;
  const std::uint64_t chars = 1 + Below(std::min<std::uint64_t>(chars_max, Chance(10) ? 200 : 20));
  const bool digits = Chance(15);
  for (std::uint64_t i = 0; i < chars; ++i) {
    if (digits) {
      text += static_cast<char>('0' + Below(10));
    } else if (!line && Chance(3)) {
      text += Chance(50) ? "\n" : "\t";
    } else {
      text += kLetters[Below(std::size(kLetters))];
    }
  }
  return WithoutOuterSpaces(std::move(text));
}

std::string Generator::TextOf(const Field& field) {
  const std::string name = field.full_name().substr(std::string_view("multisafepay.v1.").size());
  for (const Choice& choice : Choices()) {
    if (choice.field == name) return choice.values[Below(choice.values.size())];
  }
  if (const auto known = known_.find(field.name()); known != known_.end() && Chance(85)) {
    if (!known->second.empty()) return known->second[Below(known->second.size())];
  }
  const v1::Limits& limits = field.options().GetExtension(v1::limits);
  const std::uint64_t limit = std::max(limits.max_chars(), limits.documented_max_chars());
  const std::uint64_t chars_max = limit == 0 ? 200 : limit;
  const v1::Pattern pattern =
      limits.pattern() == v1::PATTERN_UNSPECIFIED ? limits.documented_pattern() : limits.pattern();
  switch (pattern) {
    case v1::PATTERN_CARD_NUMBER:
      return std::string(kCards[Below(std::size(kCards))].number);
    case v1::PATTERN_CARD_CVC:
      return "012";
    case v1::PATTERN_YYMM:
      return absl::StrCat(Below(10), Below(10), Chance(50) ? "01" : "12");
    case v1::PATTERN_URL:
      return absl::StrCat("https://shop.example:8443/", Below(100), "?type=redirect&x=%20");
    case v1::PATTERN_CURRENCY:
      return Chance(70) ? "EUR" : "USD";
    case v1::PATTERN_COUNTRY:
      return Chance(70) ? "NL" : "BE";
    case v1::PATTERN_IP_ADDRESS:
      return Chance(50) ? "192.0.2.17" : "2001:db8::17";
    case v1::PATTERN_KEY:
      return absl::StrCat("key-", Below(1'000'000));
    default:
      return Text(chars_max, pattern != v1::PATTERN_UNSPECIFIED);
  }
}

std::int64_t Generator::IntegerOf(const Field& field) {
  const v1::Limits& limits = field.options().GetExtension(v1::limits);
  // Parts stay far below the whole, so that only a type can be wrong with them.
  const std::string& message = field.containing_type()->name();
  const bool part = message == "CaptureOrderRequest" || message == "UpdateOrderRequest";
  if (part) return 1 + static_cast<std::int64_t>(Below(3));
  std::int64_t least = -1'000;
  std::int64_t most = 500'000;
  if (limits.has_documented_min()) least = limits.documented_min();
  if (limits.has_documented_max()) most = limits.documented_max();
  if (limits.has_min()) least = limits.min();
  if (limits.has_max()) most = limits.max();
  return least + static_cast<std::int64_t>(Below(static_cast<std::uint64_t>(most - least + 1)));
}

double Generator::DecimalOf(const Field& field) {
  if (field.name() == "quantity") return static_cast<double>(1 + Below(99));
  const double whole = static_cast<double>(Below(1'000));
  if (Chance(30)) return whole;
  return whole + static_cast<double>(Below(10'000'000'000)) / (Chance(50) ? 1e10 : 1e11);
}

void Generator::FillField(const Field& field, pb::Message& message, int depth) {
  const pb::Reflection& set = *message.GetReflection();
  switch (field.cpp_type()) {
    case Field::CPPTYPE_STRING:
      if (field.is_repeated()) return set.AddString(&message, &field, Text(20, true));
      return set.SetString(&message, &field, TextOf(field));
    case Field::CPPTYPE_INT32:
      return set.SetInt32(&message, &field, static_cast<std::int32_t>(IntegerOf(field)));
    case Field::CPPTYPE_INT64:
      return set.SetInt64(&message, &field, IntegerOf(field));
    case Field::CPPTYPE_BOOL:
      return set.SetBool(&message, &field, Chance(50));
    case Field::CPPTYPE_DOUBLE:
      return set.SetDouble(&message, &field, DecimalOf(field));
    default:
      break;
  }
  if (field.message_type() == pb::Struct::descriptor()) {
    auto& members =
        *static_cast<pb::Struct*>(set.MutableMessage(&message, &field))->mutable_fields();
    members["version"].set_string_value("1.0");
    members["hide_logo"].set_bool_value(true);
    return;
  }
  if (!field.is_repeated()) return FillMessage(*set.MutableMessage(&message, &field), depth + 1);
  for (std::uint64_t i = Below(4); i > 0; --i) {
    FillMessage(*set.AddMessage(&message, &field), depth + 1);
  }
}

void Generator::FillMessage(pb::Message& message, int depth) {
  if (depth > kDepthMax) return;
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const Field& field = *message.GetDescriptor()->field(i);
    const v1::Limits& limits = field.options().GetExtension(v1::limits);
    const bool own = field.number() >= kFirstServiceOnlyField && field.name() != "page_size" &&
                     field.name() != "full";
    if (own || NamesAnother(field)) continue;
    const auto* choice = field.real_containing_oneof();
    if (choice != nullptr && message.GetReflection()->HasOneof(message, choice)) continue;
    const bool required = limits.required() ||
                          (choice != nullptr && &field == choice->field(choice->field_count() - 1));
    if (required || Chance(60)) FillField(field, message, depth);
  }
}

void Generator::Fill(pb::Message& request) { FillMessage(request, 0); }

v1::CreateOrderRequest Generator::NewOrder() {
  v1::CreateOrderRequest order;
  Fill(order);
  order.set_order_id(absl::StrCat(Chance(30) ? std::string() : Text(30, true), ++orders_));
  order.set_currency(Chance(70) ? "EUR" : "JPY");
  order.set_amount(static_cast<std::int64_t>(1'000 + Below(499'000)));
  order.mutable_checkout_options()->clear_validate_cart();  // What is random does not add up.
  if (Chance(70)) {
    const TestCard& card = kCards[Below(std::size(kCards))];
    v1::GatewayInfo& info = *order.mutable_gateway_info();
    order.set_type("direct");
    order.set_gateway(std::string(card.gateway));
    info.set_card_number(std::string(card.number));
    info.set_card_cvc(std::string(card.cvc));
    info.set_card_expiry_date("0912");
    order.clear_payment_data();
  } else {
    order.set_type(Chance(50) ? "redirect" : "paymentlink");
    order.set_gateway("CREDITCARD");
  }
  return order;
}

}  // namespace msp::integration
