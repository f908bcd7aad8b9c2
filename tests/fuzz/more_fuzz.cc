// SPDX-License-Identifier: Apache-2.0

// Any Struct as the `more` of any object of a request: the first byte picks the object, the second
// how the rest is read (a JSON text or a serialized Struct) and whether the object has members with
// fields as well. What the check lets through is sent once beside those, value for value; nothing
// that could be card data is sent, shown or kept.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "multisafepay/v1/order_service.pb.h"
#include "service/codec/decode.h"
#include "service/codec/redact.h"
#include "service/payments/rest_call.h"
#include "service/payments/validate.h"
#include "tests/codec/oracle.h"
#include "tests/fuzz/require.h"

namespace msp::payments {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;
using codec::oracle::Node;
using fuzz::Require;

struct Place {
  std::string_view member;  // The object's name in the body; "" for the body itself.
  pb::Struct& (*more)(v1::CreateOrderRequest&);
  void (*fill)(v1::CreateOrderRequest&);  // Sets a member of the object that has a field.
};

constexpr std::array kPlaces{
    Place{"", [](auto& order) -> pb::Struct& { return *order.mutable_more(); },
          [](auto& order) { order.set_var1("v"); }},
    Place{"customer",
          [](auto& order) -> pb::Struct& { return *order.mutable_customer()->mutable_more(); },
          [](auto& order) { order.mutable_customer()->set_city("Delft"); }},
    Place{"delivery",
          [](auto& order) -> pb::Struct& { return *order.mutable_delivery()->mutable_more(); },
          [](auto& order) { order.mutable_delivery()->set_city("Delft"); }},
    Place{"gateway_info",
          [](auto& order) -> pb::Struct& { return *order.mutable_gateway_info()->mutable_more(); },
          [](auto& order) { order.mutable_gateway_info()->set_issuer_id("3151"); }},
    Place{
        "payment_options",
        [](auto& order) -> pb::Struct& { return *order.mutable_payment_options()->mutable_more(); },
        [](auto& order) { order.mutable_payment_options()->set_close_window(true); }},
    Place{"checkout_options",
          [](auto& order) -> pb::Struct& {
            return *order.mutable_checkout_options()->mutable_more();
          },
          [](auto& order) { order.mutable_checkout_options()->set_validate_cart(true); }},
};

v1::CreateOrderRequest Order() {
  v1::CreateOrderRequest order;
  order.set_order_id("tulip-1");
  order.set_type("redirect");
  order.set_currency("EUR");
  order.set_amount(1000);
  order.set_description("Forty red tulips");
  return order;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool PassesLuhn(std::string_view digits) {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const int digit = digits[digits.size() - 1 - i] - '0';
    sum += i % 2 == 0 ? digit : digit * 2 / 10 + digit * 2 % 10;
  }
  return sum % 10 == 0;
}

// 12 to 19 digits that pass the Luhn check, with spaces, dots and dashes between them at most.
bool IsCardLike(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    std::string digits;
    for (; at < text.size() &&
           (IsDigit(text[at]) || text[at] == ' ' || text[at] == '.' || text[at] == '-');
         ++at) {
      if (IsDigit(text[at])) digits += text[at];
    }
    ++at;
    if (digits.size() >= 12 && digits.size() <= 19 && PassesLuhn(digits)) return true;
  }
  return false;
}

bool IsCardName(std::string_view name) {
  static constexpr std::string_view kNames[] = {
      "card_number", "cardNumber", "card-number", "card_cvc",    "cvc",           "cvv",
      "CVV2",        "pan",        "PAN",         "track1_data", "security_code", "SecurityCode"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

// Of what is about to be sent, with the names and at any depth.
void RequireNoCardData(const Node& value) {
  Require(!IsCardLike(value.text), "no value that could be a card number is sent");
  for (const codec::oracle::Member& member : value.members) {
    Require(!IsCardName(member.name) && !IsCardLike(member.name), "no name of card data is sent",
            member.name);
    RequireNoCardData(member.value);
  }
  for (const Node& element : value.elements) RequireNoCardData(element);
}

bool IsSame(const pb::Struct& object, const Node& sent);

bool IsSame(const pb::Value& value, const Node& sent) {
  switch (value.kind_case()) {
    case pb::Value::kNumberValue:
      return sent.kind == Node::Kind::kNumber &&
             std::strtod(sent.text.c_str(), nullptr) == value.number_value();
    case pb::Value::kStringValue:
      return sent.kind == Node::Kind::kString && sent.text == value.string_value();
    case pb::Value::kBoolValue:
      return sent.kind == Node::Kind::kBool && sent.text == (value.bool_value() ? "true" : "false");
    case pb::Value::kStructValue:
      return IsSame(value.struct_value(), sent);
    case pb::Value::kListValue: {
      const auto& values = value.list_value().values();
      return sent.kind == Node::Kind::kList &&
             std::equal(values.begin(), values.end(), sent.elements.begin(), sent.elements.end(),
                        [](const pb::Value& one, const Node& two) { return IsSame(one, two); });
    }
    default:
      return sent.kind == Node::Kind::kNull;
  }
}

bool IsSame(const pb::Struct& object, const Node& sent) {
  if (sent.kind != Node::Kind::kObject || sent.members.size() != object.fields().size())
    return false;
  return std::all_of(sent.members.begin(), sent.members.end(), [&](const auto& member) {
    const auto found = object.fields().find(member.name);
    return found != object.fields().end() && IsSame(found->second, member.value);
  });
}

bool IsEqual(const Node& a, const Node& b) {
  const auto same_member = [](const auto& one, const auto& two) {
    return one.name == two.name && IsEqual(one.value, two.value);
  };
  return a.kind == b.kind && a.text == b.text &&
         std::equal(a.members.begin(), a.members.end(), b.members.begin(), b.members.end(),
                    same_member) &&
         std::equal(a.elements.begin(), a.elements.end(), b.elements.begin(), b.elements.end(),
                    IsEqual);
}

Node Parsed(const std::string& body) {
  codec::oracle::Parsed parsed = codec::oracle::Parse(body);
  Require(parsed.document.has_value(), "a body is JSON", body);
  return std::move(*parsed.document);
}

Node* ObjectAt(Node& document, const Place& place) {
  if (place.member.empty()) return &document;
  for (codec::oracle::Member& member : document.members) {
    if (member.name == place.member) return &member.value;
  }
  return nullptr;
}

// Takes the members of `more` out of the object, and returns them as an object of their own.
Node TakenOut(Node& object, const pb::Struct& more) {
  Node taken;
  taken.kind = Node::Kind::kObject;
  std::erase_if(object.members, [&](codec::oracle::Member& member) {
    if (more.fields().find(member.name) == more.fields().end()) return false;
    taken.members.push_back(std::move(member));
    return true;
  });
  return taken;
}

void RequireSent(const Operation& create, const v1::CreateOrderRequest& order, const Place& place,
                 const pb::Struct& more) {
  v1::CreateOrderRequest without = order;
  place.more(without).Clear();
  const Node before = Parsed(BodyOf(create, without).json);
  const std::string body = BodyOf(create, order).json;
  Node sent = Parsed(body);
  RequireNoCardData(sent);
  Node* const object = ObjectAt(sent, place);
  Require(object != nullptr || more.fields().empty(), "the object is sent", body);
  if (object != nullptr) {
    Require(IsSame(more, TakenOut(*object, more)), "each member is sent once, as it was given",
            body);
    if (object->members.empty())
      std::erase_if(sent.members, [&](auto& member) { return member.name == place.member; });
  }
  Require(IsEqual(before, sent), "all else is sent as without `more`", body);
}

void RequireHidden(const Operation& create, const v1::CreateOrderRequest& order, const Place& place,
                   bool accepted) {
  v1::CreateOrderRequest other = order;
  pb::Struct& more = place.more(other);
  more.Clear();
  (*more.mutable_fields())["any"].set_bool_value(true);
  const codec::MessageSchema& plan = *create.request_plan;
  Require(codec::Redacted(plan, order) == codec::Redacted(plan, other),
          "a redacted request shows nothing of `more`");
  if (!accepted) return;
  Node shown = Parsed(RedactedBodyOf(create, order));
  Node* const object = ObjectAt(shown, place);
  v1::CreateOrderRequest copy = order;
  if (object == nullptr) return;
  for (const codec::oracle::Member& member : TakenOut(*object, place.more(copy)).members) {
    Require(member.value.kind == Node::Kind::kString && member.value.text == "***",
            "a dry run shows no value of `more`", member.value.text);
  }
}

// False where the bytes are no Struct of the kind asked for.
bool Read(const codec::MessageSchema& plan, bool json, std::string_view bytes, pb::Struct& more) {
  if (!json) return more.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  std::string document = "{\"more\":" + std::string(bytes) + "}";
  v1::CreateOrderRequest order;
  if (!codec::DecodeAll(plan, document, order).ok) return false;
  more = order.more();
  return true;
}

// Short texts of letters under short names of letters that no field and no card data has.
bool IsHarmless(const codec::MessageSchema& plan, const pb::Struct& more) {
  const auto plain = [](std::string_view text) {
    return text.size() < 3 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  };
  return std::all_of(more.fields().begin(), more.fields().end(), [&](const auto& member) {
    return plain(member.first) && plan.Find(member.first) == nullptr &&
           member.second.has_string_value() && plain(member.second.string_value());
  });
}

void Run(std::uint8_t where, std::uint8_t how, std::string_view bytes) {
  static const Operations operations;
  static const Operation& create = operations.Find("CreateOrder");
  const Place& place = kPlaces[where % kPlaces.size()];
  pb::Struct more;
  if (!Read(*create.request_plan, how % 2 == 0, bytes, more)) return;
  v1::CreateOrderRequest order = Order();
  if (how % 4 < 2) place.fill(order);
  place.more(order) = more;

  const std::string path = place.member.empty() ? "more" : std::string(place.member) + ".more";
  const auto violations = Validate(create, order);
  for (const codec::Violation& violation : violations) {
    Require(violation.field == path, "a violation names the object's `more`", violation.field);
    Require(!violation.description.empty() && violation.description.size() < 256 &&
                !codec::HoldsCardNumber(violation.description),
            "a violation says what, and never repeats a card", violation.description);
  }
  Require(violations.empty() || !IsHarmless(*create.request_plan, more),
          "short words are no reason to refuse", violations.empty() ? "" : path);
  if (violations.empty()) RequireSent(create, order, place, more);
  RequireHidden(create, order, place, violations.empty());
  codec::Zeroize(*create.request_plan, order);
  Require(place.more(order).fields().empty(), "a wiped request has nothing in `more`");
}

}  // namespace
}  // namespace msp::payments

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  msp::payments::Run(data[0], data[1], {reinterpret_cast<const char*>(data + 2), size - 2});
  return 0;
}
