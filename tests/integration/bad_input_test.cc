// SPDX-License-Identifier: Apache-2.0

// Bad input for every RPC: the documented code, reason and outcome, the field that is wrong, and
// nothing changed. What the service refuses by itself never leaves it.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cpp/retries.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "multisafepay/v1/options.pb.h"
#include "tests/integration/environment.h"

namespace msp::integration {
namespace {

using google::protobuf::FieldDescriptor;
using grpc::StatusCode;

// PAID, HELD and OPEN are orders of 1000 EUR cents that are there; CUSTOMER has a stored card.
// `sent` is what may leave the service: nothing, a read of the order, or the call itself.
enum class Sent : std::uint8_t { kNothing, kRead, kCall };
struct Row {
  const char* name;
  const char* method;
  const char* request;  // Text format.
  StatusCode code;
  const char* reason;
  v1::Outcome outcome;
  const char* field;  // Of the violation; "" where there is none.
  Sent sent;
};

constexpr auto kInvalid = StatusCode::INVALID_ARGUMENT;
constexpr auto kNotSent = v1::OUTCOME_NOT_SENT;
constexpr auto kRejected = v1::OUTCOME_REJECTED;
constexpr auto kNone = v1::OUTCOME_UNSPECIFIED;

const Row kRows[] = {
    // Refunds: where an amount that is missing would refund everything.
    {"RefundWithoutAmountOrFull", "RefundOrder", "order_id: 'PAID' currency: 'EUR'", kInvalid,
     "INVALID_REQUEST", kNotSent, "refund", Sent::kNothing},
    {"RefundOfZero", "RefundOrder", "order_id: 'PAID' currency: 'EUR' amount: 0", kInvalid,
     "INVALID_REQUEST", kNotSent, "amount", Sent::kNothing},
    {"RefundOfLessThanNothing", "RefundOrder", "order_id: 'PAID' currency: 'EUR' amount: -500",
     kInvalid, "INVALID_REQUEST", kNotSent, "amount", Sent::kNothing},
    {"RefundInAnotherCurrency", "RefundOrder", "order_id: 'PAID' currency: 'USD' amount: 500",
     kInvalid, "INVALID_REQUEST", kNotSent, "currency", Sent::kRead},
    {"RefundByItemsOfACardOrder", "RefundOrder",
     "order_id: 'PAID' currency: 'EUR' checkout_data { items { name: 'x' quantity: 1 } }", kInvalid,
     "INVALID_REQUEST", kNotSent, "refund", Sent::kRead},
    {"RefundOfMoreThanWasPaid", "RefundOrder", "order_id: 'PAID' currency: 'EUR' amount: 1001",
     StatusCode::FAILED_PRECONDITION, "MSP_1034", kRejected, "", Sent::kCall},
    {"RefundOfAnUnpaidOrder", "RefundOrder", "order_id: 'OPEN' currency: 'EUR' amount: 500",
     StatusCode::FAILED_PRECONDITION, "MSP_1034", kRejected, "", Sent::kCall},
    {"RefundOfAnUnknownOrder", "RefundOrder", "order_id: 'nobody' currency: 'EUR' amount: 500",
     StatusCode::NOT_FOUND, "MSP_1006", kRejected, "", Sent::kRead},
    {"FullRefundOfAnUnknownOrder", "RefundOrder", "order_id: 'nobody' currency: 'EUR' full {}",
     StatusCode::NOT_FOUND, "MSP_1006", kRejected, "", Sent::kRead},
    {"RefundWithAnOverlongOwnId", "RefundOrder",
     "order_id: 'PAID' currency: 'EUR' amount: 1 refund_order_id: "
     "'123456789-123456789-123456789-123456789-123456789-1'",
     kInvalid, "INVALID_REQUEST", kNotSent, "refund_order_id", Sent::kNothing},
    {"RefundWithAStrangeKey", "RefundOrder",
     "order_id: 'PAID' currency: 'EUR' amount: 1 control { idempotency_key: 'a b' }", kInvalid,
     "INVALID_REQUEST", kNotSent, "control.idempotency_key", Sent::kNothing},
    {"CancelOfAnUnknownRefund", "CancelRefund", "order_id: 'PAID' refund_id: '1'",
     StatusCode::NOT_FOUND, "MSP_1006", kRejected, "", Sent::kCall},
    {"CancelOfARefundOfAnUnknownOrder", "CancelRefund", "order_id: 'nobody' refund_id: '1'",
     StatusCode::NOT_FOUND, "MSP_1006", kRejected, "", Sent::kCall},
    {"CancelOfARefundThatIsAPath", "CancelRefund", "order_id: 'PAID' refund_id: '..'", kInvalid,
     "INVALID_REQUEST", kNotSent, "refund_id", Sent::kNothing},

    // Captures and voids.
    {"CaptureOfZero", "CaptureOrder", "order_id: 'HELD' amount: 0", kInvalid, "INVALID_REQUEST",
     kNotSent, "amount", Sent::kNothing},
    {"CaptureOfLessThanNothing", "CaptureOrder", "order_id: 'HELD' amount: -1", kInvalid,
     "INVALID_REQUEST", kNotSent, "amount", Sent::kNothing},
    {"CaptureOfMoreThanIsHeld", "CaptureOrder", "order_id: 'HELD' amount: 1001", kInvalid,
     "MSP_1001", kRejected, "", Sent::kCall},
    {"CaptureOfAnUnknownOrder", "CaptureOrder", "order_id: 'nobody' amount: 1",
     StatusCode::NOT_FOUND, "MSP_1006", kRejected, "", Sent::kRead},
    {"CaptureOfWhatIsNoAuthorization", "CaptureOrder", "order_id: 'PAID'",
     StatusCode::FAILED_PRECONDITION, "NOT_AN_AUTHORIZATION", kRejected, "", Sent::kRead},
    {"CaptureUnderAnIdThatIsTaken", "CaptureOrder",
     "order_id: 'HELD' amount: 1 new_order_id: 'PAID'", StatusCode::NOT_FOUND, "MSP_1006",
     kRejected, "", Sent::kCall},
    {"CaptureUnderAnOverlongId", "CaptureOrder",
     "order_id: 'HELD' new_order_id: '123456789-123456789-123456789-123456789-123456789-1'",
     kInvalid, "INVALID_REQUEST", kNotSent, "new_order_id", Sent::kNothing},
    {"VoidOfAnUnknownOrder", "VoidOrder", "order_id: 'nobody' reason: 'x'", StatusCode::NOT_FOUND,
     "MSP_1006", kRejected, "", Sent::kCall},
    {"VoidOfAPaidOrder", "VoidOrder", "order_id: 'PAID' reason: 'x'",
     StatusCode::FAILED_PRECONDITION, "NOT_AN_AUTHORIZATION", kRejected, "", Sent::kCall},
    {"VoidWithoutAReason", "VoidOrder", "order_id: 'HELD'", kInvalid, "MSP_1016", kRejected, "",
     Sent::kCall},

    // Orders.
    {"CreateWithANegativeAmount", "CreateOrder",
     "type: 'redirect' order_id: 'new' currency: 'EUR' amount: -1 description: 'x'", kInvalid,
     "INVALID_REQUEST", kNotSent, "amount", Sent::kNothing},
    {"CreateOfNothingWithoutACard", "CreateOrder",
     "type: 'redirect' order_id: 'new' currency: 'EUR' amount: 0 description: 'x'", kInvalid,
     "MSP_1001", kRejected, "", Sent::kCall},
    {"CreateWithoutAnAmount", "CreateOrder",
     "type: 'redirect' order_id: 'new' currency: 'EUR' description: 'x'", kInvalid, "MSP_1001",
     kRejected, "", Sent::kCall},
    {"CreateInNoCurrency", "CreateOrder",
     "type: 'redirect' order_id: 'new' currency: 'ZZZ' amount: 1 description: 'x'", kInvalid,
     "MSP_1002", kRejected, "", Sent::kCall},
    {"CreateUnderAnIdThatIsTaken", "CreateOrder",
     "type: 'redirect' order_id: 'PAID' currency: 'EUR' amount: 1000 description: 'another'",
     StatusCode::ALREADY_EXISTS, "MSP_1006", kRejected, "", Sent::kCall},
    {"CreateOfAnUnknownType", "CreateOrder",
     "type: 'Direct' order_id: 'new' currency: 'EUR' amount: 1 description: 'x'", kInvalid,
     "INVALID_REQUEST", kNotSent, "type", Sent::kNothing},
    {"CreateWithACardThatIsNone", "CreateOrder",
     "type: 'direct' gateway: 'VISA' order_id: 'new' currency: 'EUR' amount: 1 description: 'x' "
     "gateway_info { card_number: '4111111111111112' }",
     kInvalid, "INVALID_REQUEST", kNotSent, "gateway_info.card_number", Sent::kNothing},
    {"CreateWithTheExpiryTurnedRound", "CreateOrder",
     "type: 'direct' gateway: 'VISA' order_id: 'new' currency: 'EUR' amount: 1 description: 'x' "
     "gateway_info { card_expiry_date: '1230' }",
     kInvalid, "INVALID_REQUEST", kNotSent, "gateway_info.card_expiry_date", Sent::kNothing},
    {"CreateWithACardButNoGateway", "CreateOrder",
     "type: 'direct' order_id: 'new' currency: 'EUR' amount: 1 description: 'x' "
     "gateway_info { card_number: '4111111111111111' }",
     kInvalid, "INVALID_REQUEST", kNotSent, "gateway", Sent::kNothing},
    {"CreateWithATokenOfSomebodyElse", "CreateOrder",
     "type: 'direct' order_id: 'new' currency: 'EUR' amount: 1 description: 'x' "
     "recurring_id: 'TOKEN' recurring_model: 'subscription' customer { reference: 'stranger' }",
     StatusCode::NOT_FOUND, "TOKEN_NOT_FOUND", v1::OUTCOME_REJECTED, "", Sent::kCall},
    {"CreateUnderAPath", "CreateOrder",
     "type: 'redirect' order_id: '..' currency: 'EUR' amount: 1 description: 'x'", kInvalid,
     "INVALID_REQUEST", kNotSent, "order_id", Sent::kNothing},
    {"GetOfAnUnknownOrder", "GetOrder", "order_id: 'nobody'", StatusCode::NOT_FOUND, "MSP_1006",
     kNone, "", Sent::kRead},
    {"UpdateOfAnUnknownOrder", "UpdateOrder", "order_id: 'nobody' status: 'shipped'",
     StatusCode::NOT_FOUND, "MSP_1006", kNone, "", Sent::kCall},
    {"UpdateThatCancels", "UpdateOrder", "order_id: 'OPEN' status: 'cancelled'", kInvalid,
     "INVALID_REQUEST", kNotSent, "status", Sent::kNothing},
    {"UpdateByAPartOfNothing", "UpdateOrder", "order_id: 'PAID' partial_shipment_amount: 0",
     kInvalid, "INVALID_REQUEST", kNotSent, "partial_shipment_amount", Sent::kNothing},
    {"CancelOfAnUnknownOrder", "CancelOrder", "order_id: 'nobody'", StatusCode::NOT_FOUND,
     "MSP_1006", kRejected, "", Sent::kCall},
    {"CancelOfAPaidOrder", "CancelOrder", "order_id: 'PAID'", StatusCode::FAILED_PRECONDITION,
     "ORDER_NOT_OPEN", kRejected, "", Sent::kCall},

    // Stored cards.
    {"ListWithAPageTokenOfOurTransactions", "ListTokens",
     "reference: 'CUSTOMER' page_token: 'cursor.abc'", kInvalid, "INVALID_REQUEST", kNotSent,
     "page_token", Sent::kNothing},
    {"ListWithANegativePage", "ListTokens", "reference: 'CUSTOMER' page_token: 'offset.-5'",
     kInvalid, "INVALID_REQUEST", kNotSent, "page_token", Sent::kNothing},
    {"ListOfLessThanNothing", "ListTokens", "reference: 'CUSTOMER' page_size: -1", kInvalid,
     "INVALID_REQUEST", kNotSent, "page_size", Sent::kNothing},
    {"GetOfAnUnknownToken", "GetToken", "reference: 'CUSTOMER' token: 'none'",
     StatusCode::NOT_FOUND, "MSP_1000", kNone, "", Sent::kRead},
    {"GetOfATokenOfSomebodyElse", "GetToken", "reference: 'stranger' token: 'TOKEN'",
     StatusCode::NOT_FOUND, "MSP_1000", kNone, "", Sent::kRead},
    {"UpdateOfATokenOfSomebodyElse", "UpdateToken",
     "reference: 'stranger' token: 'TOKEN' expiry_date: '3312'", StatusCode::FAILED_PRECONDITION,
     "MSP_1000", kNone, "", Sent::kCall},
    {"UpdateToTheThirteenthMonth", "UpdateToken",
     "reference: 'CUSTOMER' token: 'TOKEN' expiry_date: '3313'", kInvalid, "INVALID_REQUEST",
     kNotSent, "expiry_date", Sent::kNothing},
    {"DeleteOfATokenOfSomebodyElse", "DeleteToken", "reference: 'stranger' token: 'TOKEN'",
     StatusCode::FAILED_PRECONDITION, "MSP_1000", kNone, "", Sent::kCall},

    // Lists and reads.
    {"UnknownPaymentMethod", "GetPaymentMethod", "payment_method_id: 'COWRIES'",
     StatusCode::NOT_FOUND, "MSP_1023", kNone, "", Sent::kRead},
    {"PaymentMethodsForLessThanNothing", "ListPaymentMethods", "amount: -1", kInvalid,
     "INVALID_REQUEST", kNotSent, "amount", Sent::kNothing},
    {"UnknownGateway", "GetGateway", "gateway_id: 'COWRIES'", StatusCode::NOT_FOUND, "MSP_1023",
     kNone, "", Sent::kRead},
    {"GatewaysForLessThanNothing", "ListGateways", "amount: -1", kInvalid, "INVALID_REQUEST",
     kNotSent, "amount", Sent::kNothing},
    {"UnknownTransaction", "GetTransaction", "transaction_id: '1'", StatusCode::NOT_FOUND,
     "MSP_HTTP_404", kNone, "", Sent::kRead},
    {"TransactionsWithAPageTokenOfOurTokens", "ListTransactions", "page_token: 'offset.5'",
     kInvalid, "INVALID_REQUEST", kNotSent, "page_token", Sent::kNothing},
    {"TransactionsWithAUrlForAPage", "ListTransactions", "page_token: 'https://elsewhere/'",
     kInvalid, "INVALID_REQUEST", kNotSent, "page_token", Sent::kNothing},
    {"IssuersOfAnUnknownGateway", "ListIssuers", "gateway_id: 'cowries'", StatusCode::NOT_FOUND,
     "MSP_1023", kNone, "", Sent::kRead},
    {"BalancesInNoCurrency", "ListClosingBalances",
     "from: 'FROMFROMFROMFROMFROMFROMFROMFROMFROMFROMFROMFROMFROMFROMFROMFROMX'", kInvalid,
     "INVALID_REQUEST", kNotSent, "from", Sent::kNothing},
    {"TerminalsOfNoPage", "ListTerminals", "page: 0", kInvalid, "INVALID_REQUEST", kNotSent, "page",
     Sent::kNothing},
    {"TerminalsOfNoGroup", "ListGroupTerminals", "terminal_group_id: '..'", kInvalid,
     "INVALID_REQUEST", kNotSent, "terminal_group_id", Sent::kNothing},
    {"ReceiptOfAnUnknownOrder", "GetReceipt", "order_id: 'nobody'", StatusCode::NOT_FOUND,
     "MSP_1006", kNone, "", Sent::kRead},
    {"ASessionForAnotherHost", "CreateApplePaySession",
     "origin_domain: 'shop.example' validation_url: 'https://evil.example/apple.com'", kInvalid,
     "INVALID_REQUEST", kNotSent, "validation_url", Sent::kNothing},
    {"HoldOfAnUnknownOrder", "HoldOrder", "order_id: 'nobody'", StatusCode::NOT_FOUND, "MSP_1006",
     kNone, "", Sent::kCall},
    {"HoldForASecond", "HoldOrder", "order_id: 'PAID' duration: 1", kInvalid, "INVALID_REQUEST",
     kNotSent, "duration", Sent::kNothing},
    {"MoreTimeForAnUnknownOrder", "ExtendOrder", "order_id: 'nobody' days: 1",
     StatusCode::NOT_FOUND, "MSP_1006", kNone, "", Sent::kCall},
    {"AFileForAnUnknownOrder", "AddOrderFile",
     "order_id: 'nobody' type: 'PDF' base64: 'x' description: 'x' name: 'x.pdf'",
     StatusCode::NOT_FOUND, "MSP_1006", kRejected, "", Sent::kCall},
    {"CardDataBesideTheFields", "CreateOrder",
     "type: 'redirect' order_id: 'new' currency: 'EUR' amount: 1 description: 'x' "
     "more { fields { key: 'card_number' value { string_value: 'x' } } }",
     kInvalid, "INVALID_REQUEST", kNotSent, "more", Sent::kNothing},
    {"MoreTransactionsThanAPageHolds", "ListTransactions", "page_size: 1001", kInvalid,
     "INVALID_REQUEST", kNotSent, "page_size", Sent::kNothing},
};

// Only calls that move money have an outcome.
v1::Outcome Expected(const MethodDescriptor& method, v1::Outcome outcome) {
  return client::MovesMoney(method) ? outcome : v1::OUTCOME_UNSPECIFIED;
}

// One environment for all rows: they change nothing, and that is what is tested.
class BadInput : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    environment_ = new Environment({}, {"--settle_ms=20", "--reconcile_backoff_ms=5"});
    ASSERT_TRUE(environment_->Call("CreateOrder", CardOrder("PAID", 1'000)).ok());
    ASSERT_TRUE(environment_->Call("CreateOrder", CardOrder("HELD", 1'000, /*manual=*/true)).ok());
    ASSERT_TRUE(environment_->Call("CreateOrder", PageOrder("OPEN", 1'000)).ok());
    ASSERT_TRUE(environment_->Call("CreateOrder", StoringOrder("stored", "CUSTOMER")).ok());
    token_ = environment_->GetOrder("stored").payment_details().recurring_id();
    ASSERT_NE(token_, "");
  }
  static void TearDownTestSuite() {
    delete environment_;
    environment_ = nullptr;
  }

  static std::unique_ptr<Message> Parse(const MethodDescriptor& method, std::string text) {
    if (const std::size_t at = text.find("TOKEN"); at != std::string::npos)
      text.replace(at, 5, token_);
    auto request = NewRequest(method);
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, request.get())) << text;
    return request;
  }

  // Calls, and compares everything but the error itself: it is the service's own word, it says what
  // is certain, and nothing has changed.
  static Called CallInVain(const MethodDescriptor& method, const Message& request, Sent sent) {
    const std::string before = environment_->State();
    environment_->Forget();
    Called called = environment_->Call(method, request);
    EXPECT_FALSE(called.ok()) << request.ShortDebugString();
    EXPECT_TRUE(called.ok() || called.error->from_service) << called.Text();
    EXPECT_TRUE(environment_->State() == before)
        << "something changed: " << request.ShortDebugString();
    EXPECT_EQ(environment_->Arrived().empty(), sent == Sent::kNothing)
        << request.ShortDebugString();
    EXPECT_EQ(environment_->Writes().size(), sent == Sent::kCall ? 1U : 0U)
        << request.ShortDebugString();
    return called;
  }

  static Environment* environment_;
  static std::string token_;
};
Environment* BadInput::environment_ = nullptr;
std::string BadInput::token_;

TEST_F(BadInput, IsAnsweredWithTheDocumentedCodeReasonAndOutcome) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    const MethodDescriptor& method = MethodOf(row.method);
    const Called called = CallInVain(method, *Parse(method, row.request), row.sent);
    if (called.ok()) continue;
    const client::Error& error = *called.error;
    EXPECT_EQ(client::NameOf(error.code), client::NameOf(row.code)) << called.Text();
    EXPECT_EQ(error.reason, row.reason) << called.Text();
    EXPECT_EQ(error.outcome, Expected(method, row.outcome)) << called.Text();
    ASSERT_EQ(error.violations.size(), *row.field == '\0' ? 0U : 1U) << called.Text();
    for (const client::Violation& violation : error.violations)
      EXPECT_EQ(violation.field, row.field);
  }
}

TEST_F(BadInput, HasARowForEveryRpc) {
  std::set<std::string> tabled;
  for (const Row& row : kRows) tabled.insert(row.method);
  for (const MethodDescriptor* method : Methods())
    EXPECT_TRUE(tabled.contains(method->name()) || method->input_type()->field_count() == 0)
        << method->name();
}

// A request of each method in which nothing is wrong: one of these, or what the schema requires.
std::string Good(const MethodDescriptor& method) {
  static const std::map<std::string, const char*> requests{
      {"CreateOrder",
       "type: 'redirect' order_id: 'new' currency: 'EUR' amount: 1 description: 'x'"},
      {"CancelOrder", "order_id: 'OPEN'"},
      {"CaptureOrder", "order_id: 'HELD'"},
      {"VoidOrder", "order_id: 'HELD' reason: 'x'"},
      {"RefundOrder", "order_id: 'PAID' currency: 'EUR' full {}"},
      {"CancelRefund", "order_id: 'PAID' refund_id: '1'"},
      {"ListTokens", "reference: 'CUSTOMER'"},
      {"GetToken", "reference: 'CUSTOMER' token: 'TOKEN'"},
      {"UpdateToken", "reference: 'CUSTOMER' token: 'TOKEN' expiry_date: '3312'"},
      {"DeleteToken", "reference: 'CUSTOMER' token: 'TOKEN'"},
      {"GetPaymentMethod", "payment_method_id: 'VISA'"},
      {"GetGateway", "gateway_id: 'VISA'"},
      {"ListIssuers", "gateway_id: 'ideal'"},
      {"CreateApplePaySession",
       "origin_domain: 'shop.example' validation_url: 'https://apple.com/start'"},
      {"HoldOrder", "order_id: 'PAID' duration: 60"},
      {"ExtendOrder", "order_id: 'PAID' days: 1"},
      {"AddOrderFile", "order_id: 'PAID' type: 'PDF' base64: 'x' description: 'x' name: 'x.pdf'"},
  };
  if (const auto found = requests.find(method.name()); found != requests.end())
    return found->second;
  std::string request;
  for (int i = 0; i < method.input_type()->field_count(); ++i) {
    const FieldDescriptor& field = *method.input_type()->field(i);
    if (!field.options().GetExtension(v1::limits).required()) continue;
    request += field.name() + (field.name() == "order_id" ? ": 'PAID' " : ": '1' ");
  }
  return request;
}

void ExpectRefused(const MethodDescriptor& method, const Called& called, const std::string& field) {
  if (called.ok()) return;
  EXPECT_EQ(client::NameOf(called.error->code), "INVALID_ARGUMENT") << called.Text();
  EXPECT_EQ(called.error->reason, "INVALID_REQUEST") << called.Text();
  EXPECT_EQ(called.error->outcome, Expected(method, v1::OUTCOME_NOT_SENT)) << called.Text();
  ASSERT_EQ(called.error->violations.size(), 1U) << called.Text();
  EXPECT_EQ(called.error->violations[0].field, field) << called.Text();
}

// Read from the schema, so that a new field or RPC is tested from its first day.
TEST_F(BadInput, EveryRequiredFieldIsMissedByNameAndNothingIsSent) {
  int fields = 0;
  for (const MethodDescriptor* method : Methods()) {
    for (int i = 0; i < method->input_type()->field_count(); ++i) {
      const FieldDescriptor& field = *method->input_type()->field(i);
      if (!field.options().GetExtension(v1::limits).required()) continue;
      for (const bool empty : {false, true}) {
        const auto request = Parse(*method, Good(*method));
        request->GetReflection()->ClearField(request.get(), &field);
        if (empty) request->GetReflection()->SetString(request.get(), &field, "");
        ExpectRefused(*method, CallInVain(*method, *request, Sent::kNothing), field.name());
        ++fields;
      }
    }
  }
  EXPECT_GE(fields, 2 * 20);
}

TEST_F(BadInput, EveryTextBeyondItsEnforcedLengthIsRefusedByNameAndNothingIsSent) {
  int fields = 0;
  for (const MethodDescriptor* method : Methods()) {
    for (int i = 0; i < method->input_type()->field_count(); ++i) {
      const FieldDescriptor& field = *method->input_type()->field(i);
      const v1::Limits& limits = field.options().GetExtension(v1::limits);
      if (!limits.enforced() || limits.max_chars() == 0) continue;
      const auto request = Parse(*method, Good(*method));
      // Code points are what is counted: each of these is two bytes.
      std::string text;
      for (std::uint32_t c = 0; c <= limits.max_chars(); ++c) text += "é";
      request->GetReflection()->SetString(request.get(), &field, text);
      const Called called = CallInVain(*method, *request, Sent::kNothing);
      ASSERT_FALSE(called.ok());
      EXPECT_EQ(called.error->violations.at(0).field, field.name()) << called.Text();
      EXPECT_EQ(called.error->message.find("éé"), std::string::npos) << "the value is repeated";
      ++fields;
    }
  }
  EXPECT_GE(fields, 25);
}

TEST_F(BadInput, EveryNumberOutsideItsEnforcedBoundsIsRefusedByNameAndNothingIsSent) {
  int fields = 0;
  for (const MethodDescriptor* method : Methods()) {
    for (int i = 0; i < method->input_type()->field_count(); ++i) {
      const FieldDescriptor& field = *method->input_type()->field(i);
      const v1::Limits& limits = field.options().GetExtension(v1::limits);
      if (!limits.enforced() || !limits.has_min()) continue;
      const auto request = Parse(*method, Good(*method));
      const bool small = field.cpp_type() == FieldDescriptor::CPPTYPE_INT32;
      const auto& set = *request->GetReflection();
      if (small) {
        set.SetInt32(request.get(), &field, static_cast<std::int32_t>(limits.min() - 1));
      } else {
        set.SetInt64(request.get(), &field, limits.min() - 1);
      }
      ExpectRefused(*method, CallInVain(*method, *request, Sent::kNothing), field.name());
      ++fields;
    }
  }
  EXPECT_GE(fields, 8);
}

}  // namespace
}  // namespace msp::integration
