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

using Request = std::unique_ptr<pb::Message>;

struct MoreCase {
  std::string_view operation;
  std::string_view member;  // The object's name in the body; "" for the body itself.
  std::string_view field;   // A member of the object that has a field.
};

constexpr std::array kCases{MoreCase{"CreateOrder", "", "var1"},
                            MoreCase{"CreateOrder", "customer", "city"},
                            MoreCase{"CreateOrder", "delivery", "city"},
                            MoreCase{"CreateOrder", "gateway_info", "issuer_id"},
                            MoreCase{"CreateOrder", "payment_options", "close_window"},
                            MoreCase{"CreateOrder", "checkout_options", "validate_cart"},
                            MoreCase{"RefundOrder", "", "description"}};

const Operation& OperationOf(const MoreCase& one) {
  static const Operations operations;
  return operations.Find(one.operation);
}

Request Ordinary(const MoreCase& one) {
  std::string document = one.operation == "RefundOrder"
                             ? R"({"order_id":"tulip-1","amount":100,"currency":"EUR"})"
                             : R"({"order_id":"tulip-1","type":"redirect","currency":"EUR",
                                   "amount":1000,"description":"Forty red tulips"})";
  const Operation& operation = OperationOf(one);
  Request request(operation.row.request->New());
  Require(codec::DecodeAll(*operation.request_schema, document, *request).ok, "a request is read");
  return request;
}

Request CopyOf(const pb::Message& request) {
  Request copy(request.New());
  copy->CopyFrom(request);
  return copy;
}

pb::Message& Part(pb::Message& message, std::string_view name) {
  const auto* field = message.GetDescriptor()->FindFieldByName(std::string(name));
  return *message.GetReflection()->MutableMessage(&message, field);
}

pb::Message& ObjectOf(pb::Message& request, const MoreCase& one) {
  return one.member.empty() ? request : Part(request, one.member);
}

pb::Struct& MoreOf(pb::Message& request, const MoreCase& one) {
  return static_cast<pb::Struct&>(Part(ObjectOf(request, one), "more"));
}

void Fill(pb::Message& request, const MoreCase& one) {
  pb::Message& object = ObjectOf(request, one);
  const auto* field = object.GetDescriptor()->FindFieldByName(std::string(one.field));
  if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_BOOL) {
    object.GetReflection()->SetBool(&object, field, true);
  } else {
    object.GetReflection()->SetString(&object, field, "Delft");
  }
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

Node* ObjectAt(Node& document, const MoreCase& one) {
  if (one.member.empty()) return &document;
  for (codec::oracle::Member& member : document.members) {
    if (member.name == one.member) return &member.value;
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

void RequireSent(const pb::Message& request, const MoreCase& one, const pb::Struct& more) {
  const Operation& operation = OperationOf(one);
  const Request without = CopyOf(request);
  MoreOf(*without, one).Clear();
  const Node before = Parsed(BodyOf(operation, *without).json);
  const std::string body = BodyOf(operation, request).json;
  Node sent = Parsed(body);
  RequireNoCardData(sent);
  Node* const object = ObjectAt(sent, one);
  Require(object != nullptr || more.fields().empty(), "the object is sent", body);
  if (object != nullptr) {
    Require(IsSame(more, TakenOut(*object, more)), "each member is sent once, as it was given",
            body);
    if (object->members.empty())
      std::erase_if(sent.members, [&](auto& member) { return member.name == one.member; });
  }
  Require(IsEqual(before, sent), "all else is sent as without `more`", body);
}

void RequireHidden(const pb::Message& request, const MoreCase& one, const pb::Struct& more,
                   bool accepted) {
  const Operation& operation = OperationOf(one);
  const Request other = CopyOf(request);
  pb::Struct any;
  (*any.mutable_fields())["any"].set_bool_value(true);
  MoreOf(*other, one) = any;
  const codec::MessageSchema& schema = *operation.request_schema;
  Require(codec::Redacted(schema, request) == codec::Redacted(schema, *other),
          "a redacted request shows nothing of `more`");
  if (!accepted) return;
  Node shown = Parsed(RedactedBodyOf(operation, request));
  Node* const object = ObjectAt(shown, one);
  if (object == nullptr) return;
  for (const codec::oracle::Member& member : TakenOut(*object, more).members) {
    Require(member.value.kind == Node::Kind::kString && member.value.text == "***",
            "a dry run shows no value of `more`", member.value.text);
  }
}

// False where the bytes are no Struct of the kind asked for.
bool Read(bool json, std::string_view bytes, pb::Struct& more) {
  if (!json) return more.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  std::string document = "{\"more\":" + std::string(bytes) + "}";
  v1::CreateOrderRequest order;
  if (!codec::DecodeAll(*OperationOf(kCases[0]).request_schema, document, order).ok) return false;
  more = order.more();
  return true;
}

// Short texts of letters under short names of letters that no field and no card data has.
bool IsHarmless(const codec::MessageSchema& schema, const pb::Struct& more) {
  const auto plain = [](std::string_view text) {
    return text.size() < 3 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  };
  return std::all_of(more.fields().begin(), more.fields().end(), [&](const auto& member) {
    return plain(member.first) && schema.Find(member.first) == nullptr &&
           member.second.has_string_value() && plain(member.second.string_value());
  });
}

void Run(std::uint8_t where, std::uint8_t how, std::string_view bytes) {
  const MoreCase& one = kCases[where % kCases.size()];
  const Operation& operation = OperationOf(one);
  pb::Struct more;
  if (!Read(how % 2 == 0, bytes, more)) return;
  const Request request = Ordinary(one);
  if (how % 4 < 2) Fill(*request, one);
  MoreOf(*request, one) = more;

  const std::string path = one.member.empty() ? "more" : std::string(one.member) + ".more";
  const auto violations = Validate(operation, *request);
  for (const codec::Violation& violation : violations) {
    Require(violation.field == path, "a violation names the object's `more`", violation.field);
    Require(!violation.description.empty() && violation.description.size() < 256 &&
                !codec::HoldsCardNumber(violation.description),
            "a violation says what, and never repeats a card", violation.description);
  }
  Require(violations.empty() || !IsHarmless(*operation.request_schema, more),
          "short words are no reason to refuse", path);
  if (violations.empty()) RequireSent(*request, one, more);
  RequireHidden(*request, one, more, violations.empty());
  codec::Zeroize(*operation.request_schema, *request);
  Require(MoreOf(*request, one).fields().empty(), "a zeroized request has nothing in `more`");
}

}  // namespace
}  // namespace msp::payments

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  msp::payments::Run(data[0], data[1], {reinterpret_cast<const char*>(data + 2), size - 2});
  return 0;
}
