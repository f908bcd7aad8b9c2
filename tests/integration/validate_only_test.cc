// SPDX-License-Identifier: Apache-2.0

// validate_only: what a call would send, returned and not sent.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "multisafepay/v1/options.pb.h"
#include "tests/integration/environment.h"

namespace msp::integration {
namespace {

using google::protobuf::FieldDescriptor;

// Values that may not be shown, each as it is in the requests below.
constexpr const char* kSecrets[] = {
    "4111111111111111", "4111 1111 1111 1111", "\"123\"",      "\"3012\"",
    "de Wit",           "noor@tulip.example",  "203.0.113.24", "payment-token"};

v1::CreateOrderRequest FullOrder(const std::string& order_id) {
  v1::CreateOrderRequest order = CardOrder(order_id, 4'995);
  v1::Customer& customer = *order.mutable_customer();
  customer.set_ip_address("203.0.113.24");
  customer.set_last_name("de Wit");
  customer.set_email("noor@tulip.example");
  customer.mutable_browser()->set_screen_width(1'920);
  order.mutable_payment_options()->set_notification_url("https://tulip.example/notify?x=1");
  order.set_var2("a note");
  auto& item = *order.mutable_shopping_cart()->add_items();
  item.set_name("Vase");
  item.set_unit_price(11.9);
  item.set_quantity(2);
  return order;
}

// A call that moves money, as Environment::Prepare() takes it.
struct Case {
  const char* method;
  const char* request;
};

constexpr Case kCases[] = {
    {"CreateOrder", ""},
    {"CancelOrder", "exclude_order: true"},
    {"CaptureOrder", "reason: 'Delivered'"},
    {"VoidOrder", "reason: 'Called off'"},
    {"RefundOrder", "currency: 'EUR' var1: 'a note' full {}"},
    {"CancelRefund", "refund_id: 'REFUND' description: 'The customer keeps the flowers'"},
};

// Makes the request a dry run, or the real one with the key that the dry run returned.
v1::CallControl& ControlOf(Message& request) {
  const FieldDescriptor* field = request.GetDescriptor()->FindFieldByName("control");
  return static_cast<v1::CallControl&>(*request.GetReflection()->MutableMessage(&request, field));
}

// True for the fields whose value may be masked. JSON that the schema does not describe (members
// that every call of its kind carries) is never sensitive.
bool MayBeMasked(const google::protobuf::Descriptor* type, const std::string& name,
                 const google::protobuf::Descriptor** inner) {
  const FieldDescriptor* field = type == nullptr ? nullptr : type->FindFieldByName(name);
  *inner = field == nullptr ? nullptr : field->message_type();
  return field != nullptr &&
         field->options().GetExtension(v1::sensitive) != v1::SENSITIVITY_UNSPECIFIED;
}

// Same members, same order, same values, but masks where a value is sensitive.
void ExpectSame(const Json& dry, const Json& sent, const google::protobuf::Descriptor* type,
                const std::string& path) {
  ASSERT_EQ(dry.type(), sent.type()) << path;
  if (sent.is_array()) {
    ASSERT_EQ(dry.size(), sent.size()) << path;
    for (std::size_t i = 0; i < sent.size(); ++i)
      ExpectSame(dry[i], sent[i], type, absl::StrCat(path, "[", i, "]"));
    return;
  }
  if (!sent.is_object()) {
    EXPECT_EQ(dry, sent) << path;
    return;
  }
  std::vector<std::string> names[2];
  for (const auto& [name, value] : dry.items()) names[0].push_back(name);
  for (const auto& [name, value] : sent.items()) names[1].push_back(name);
  ASSERT_EQ(names[0], names[1]) << path;
  for (const std::string& name : names[1]) {
    const google::protobuf::Descriptor* inner = nullptr;
    const std::string at = absl::StrCat(path, ".", name);
    if (MayBeMasked(type, name, &inner)) {
      EXPECT_NE(dry[name], sent[name]) << at << " is not masked";
      EXPECT_NE(dry[name].get<std::string>().find('*'), std::string::npos) << at;
    } else {
      ExpectSame(dry[name], sent[name], inner, at);
    }
  }
}

TEST(ValidateOnly, ReturnsTheExactBodyWithSecretsMaskedAndSendsNothing) {
  Environment environment;
  for (const Case& tried : kCases) {
    SCOPED_TRACE(tried.method);
    const MethodDescriptor& method = MethodOf(tried.method);
    const std::string order_id = absl::StrCat("dry-", tried.method);
    const auto request = environment.Prepare(tried.method, order_id, tried.request);
    if (method.name() == "CreateOrder") request->CopyFrom(FullOrder(order_id));
    const std::string before = environment.State();
    environment.Forget();

    const auto dry_request = std::unique_ptr<Message>(request->New());
    dry_request->CopyFrom(*request);
    ControlOf(*dry_request).set_validate_only(true);
    const Called dry = environment.Call(method, *dry_request);
    ASSERT_TRUE(dry.ok()) << dry.Text();
    EXPECT_TRUE(environment.Writes().empty());
    EXPECT_TRUE(environment.State() == before);
    const v1::CallResult dry_result = dry.result();
    EXPECT_EQ(dry_result.outcome(), v1::OUTCOME_NOT_SENT);
    for (const char* secret : kSecrets)
      EXPECT_EQ(dry_result.dry_run_json().find(secret), std::string::npos) << secret;

    const Called real = environment.Call(method, *request);
    ASSERT_TRUE(real.ok()) << real.Text();
    EXPECT_EQ(real.result().outcome(), v1::OUTCOME_CONFIRMED);
    EXPECT_EQ(real.result().idempotency_key(), dry_result.idempotency_key());
    EXPECT_TRUE(environment.State() != before);
    const auto writes = environment.Writes();
    ASSERT_EQ(writes.size(), 1U);
    ExpectSame(Json::parse(dry_result.dry_run_json()), Json::parse(writes[0].body),
               method.input_type(), "");
  }
}

TEST(ValidateOnly, IsTestedForEveryRpcThatMovesMoney) {
  std::vector<std::string> tested;
  std::vector<std::string> moving;
  for (const Case& tried : kCases) tested.emplace_back(tried.method);
  for (const MethodDescriptor* method : Methods()) {
    if (method->input_type()->FindFieldByName("control") != nullptr)
      moving.push_back(method->name());
  }
  EXPECT_THAT(tested, ::testing::UnorderedElementsAreArray(moving));
}

TEST(ValidateOnly, RefusesWhatTheCallItselfWouldRefuse) {
  Environment environment;
  v1::CreateOrderRequest order = FullOrder("dry-7");
  order.mutable_control()->set_validate_only(true);
  order.mutable_gateway_info()->set_card_number("4111111111111112");
  const Called called = environment.Call("CreateOrder", order);
  ASSERT_FALSE(called.ok());
  EXPECT_EQ(called.error->reason, "INVALID_REQUEST");
  ASSERT_EQ(called.error->violations.size(), 1U);
  EXPECT_EQ(called.error->violations[0].field, "gateway_info.card_number");
  EXPECT_TRUE(environment.Arrived().empty());
}

}  // namespace
}  // namespace msp::integration
