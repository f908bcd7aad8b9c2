// SPDX-License-Identifier: Apache-2.0

// Any JSON value under a name that the schema has no field for: the first byte picks the object of
// an answer, the rest is the value. Where it is one value, the answer is a success, `unmodelled` of
// that object holds it with each number's digits as text, and all else is read as it would be
// without.
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/message_differencer.h"
#include "service/codec/decode.h"
#include "service/codec/redact.h"
#include "service/payments/interpret.h"
#include "tests/codec/oracle.h"
#include "tests/fuzz/require.h"

namespace msp::payments {
namespace {

namespace pb = google::protobuf;
using codec::oracle::Node;
using fuzz::Require;
using Message = std::unique_ptr<pb::Message>;

// An operation, its request, and `data` of its answer, in which the value takes the place of the @.
struct UnmodelledCase {
  std::string_view operation;
  std::string_view request;
  std::string_view data;
};

constexpr std::array kCases{
    UnmodelledCase{"GetOrder", R"({"order_id":"tulip-1"})",
                   R"({"order_id":"tulip-1","status":"completed","new":@})"},
    UnmodelledCase{"GetOrder", R"({"order_id":"tulip-1"})",
                   R"({"order_id":"tulip-1","customer":{"new":@,"email":"a@b.example"}})"},
    UnmodelledCase{"GetOrder", R"({"order_id":"tulip-1"})",
                   R"({"order_id":"tulip-1","payment_details":{"type":"VISA","new":@}})"},
    UnmodelledCase{
        "GetOrder", R"({"order_id":"tulip-1"})",
        R"({"payment_details":{"card_authentication_result":{"new":@}},"order_id":"tulip-1"})"},
    UnmodelledCase{
        "GetOrder", R"({"order_id":"tulip-1"})",
        R"({"order_id":"tulip-1","related_transactions":[{},{"costs":[{"new":@}],"amount":5}]})"},
    UnmodelledCase{"GetOrder", R"({"order_id":"tulip-1"})",
                   R"({"order_id":"tulip-1","payment_methods":[{"new":@,"type":"VISA"}]})"},
    UnmodelledCase{"GetToken", R"({"reference":"r","token":"t"})",
                   R"({"token":"t","code":"VISA","new":@})"},
    UnmodelledCase{"GetTransaction", R"({"transaction_id":"1"})",
                   R"({"transaction_id":1,"new":@})"},
    UnmodelledCase{"GetPaymentMethod", R"({"payment_method_id":"VISA"})",
                   R"({"id":"VISA","name":"Visa","new":@})"},
};

constexpr int kDepthAround = 8;  // More than any of them has.

struct Answer {
  bool success = false;
  Message response;
};

Answer Answered(const Operation& operation, const UnmodelledCase& one, std::string_view value) {
  static const Operations operations;
  std::string body = R"({"success":true,"data":)" + std::string(one.data) + "}";
  const std::size_t at = body.find('@', body.find("\"new\":"));
  body.replace(at, 1, value);
  http::Response answer{.outcome = http::CallOutcome::kConfirmed, .status = 200};
  answer.body.reserve(body.size() + http::kBodyPadding);
  answer.body.assign(body);
  const Message request(operation.row.request->New());
  std::string asked(one.request);
  codec::DecodeAll(*operation.request_schema, asked, *request);
  Answer read{.response = Message(operation.row.response->New())};
  read.success =
      Interpret(operation, operations.envelope_schema(), *request, answer, *read.response)
          .outcome == CallOutcome::kConfirmed;
  return read;
}

// The `unmodelled` that is set in the message or below it, of which there is one at the most.
pb::Struct* Unmodelled(pb::Message& message) {
  const pb::Reflection& reflection = *message.GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const int size = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < size; ++i) {
      pb::Message& nested = field->is_repeated()
                                ? *reflection.MutableRepeatedMessage(&message, field, i)
                                : *reflection.MutableMessage(&message, field);
      if (field->name() == "unmodelled") return &static_cast<pb::Struct&>(nested);
      if (pb::Struct* found = Unmodelled(nested); found != nullptr) return found;
    }
  }
  return nullptr;
}

bool IsKept(const Node& given, const pb::Value& kept) {
  switch (given.kind) {
    case Node::Kind::kNull:
      return kept.has_null_value();
    case Node::Kind::kBool:
      return kept.has_bool_value() && kept.bool_value() == (given.text == "true");
    case Node::Kind::kNumber:
    case Node::Kind::kString:
      return kept.has_string_value() && kept.string_value() == given.text;
    case Node::Kind::kList: {
      const auto& values = kept.list_value().values();
      return kept.has_list_value() && std::equal(given.elements.begin(), given.elements.end(),
                                                 values.begin(), values.end(), IsKept);
    }
    case Node::Kind::kObject: {
      std::set<std::string> names;  // The last of duplicates wins.
      for (const auto& member : given.members) names.insert(member.name);
      const auto& fields = kept.struct_value().fields();
      return kept.has_struct_value() && names.size() == fields.size() &&
             std::all_of(names.begin(), names.end(), [&](const std::string& name) {
               const auto found = fields.find(name);
               return found != fields.end() && IsKept(*given.Find(name), found->second);
             });
    }
  }
  return false;
}

void RequireKept(const Operation& operation, const UnmodelledCase& one, const Node& given,
                 Answer& answer) {
  Require(answer.success, "an unknown member never fails an answer");
  pb::Struct* const object = Unmodelled(*answer.response);
  if (given.kind == Node::Kind::kNull) return Require(object == nullptr, "a null is left out");
  Require(object != nullptr && object->fields().size() == 1 &&
              IsKept(given, object->fields().begin()->second),
          "the value is kept with its digits");
  const Answer other = Answered(operation, one, "1");
  const codec::MessageSchema& schema = *operation.response_schema;
  Require(codec::Redacted(schema, *answer.response) == codec::Redacted(schema, *other.response),
          "a redacted answer shows nothing of `unmodelled`");
  *object = *Unmodelled(*other.response);
  Require(pb::util::MessageDifferencer::Equals(*answer.response, *other.response),
          "all else is read as it is beside any other value");
}

void Run(std::uint8_t where, std::string_view value) {
  static const Operations operations;
  const UnmodelledCase& one = kCases[where % kCases.size()];
  const Operation& operation = operations.Find(one.operation);
  Answer answer = Answered(operation, one, value);
  const std::string repaired = codec::oracle::Repaired(value);
  // In a list: alone, a value may have a byte order mark before it.
  const codec::oracle::Parsed parsed = codec::oracle::Parse("[" + repaired + "]");
  // What the codec and the second reader are meant to see differently:
  // tests/codec/differential_test.cc.
  if (parsed.overflow || repaired.find('\0') != std::string::npos ||
      parsed.depth > codec::kDepthMax - kDepthAround)
    return;
  if (parsed.document.has_value() && parsed.document->elements.size() == 1)
    RequireKept(operation, one, parsed.document->elements.front(), answer);
  codec::Zeroize(*operation.response_schema, *answer.response);
  Require(Unmodelled(*answer.response) == nullptr || Unmodelled(*answer.response)->fields().empty(),
          "a zeroized answer has nothing in `unmodelled`");
}

}  // namespace
}  // namespace msp::payments

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  msp::payments::Run(data[0], {reinterpret_cast<const char*>(data + 1), size - 1});
  return 0;
}
