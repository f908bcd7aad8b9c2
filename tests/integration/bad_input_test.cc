// SPDX-License-Identifier: Apache-2.0

// Bad input for every RPC: the documented code, reason and outcome, the field that is wrong, and
// nothing changed. What the service refuses by itself never leaves it.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/cpp/retries.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "multisafepay/v1/options.pb.h"
#include "tests/integration/environment.h"

namespace msp::integration {
namespace {

using google::protobuf::FieldDescriptor;

// PAID, HELD and OPEN are orders of 1000 EUR cents that are there; CUSTOMER has a stored card. NEW
// and REST begin and end a request to create an order, OF_PAID is PAID and its currency. `sent` is
// what may leave the service: nothing, a read of the order, or the call itself.
enum class Sent : std::uint8_t { kNothing, kRead, kCall };
template <Sent kUnlessSaid>
struct Row {
  const char* name;
  const char* method;
  const char* request;  // Text format.
  const char* expected;
  Sent sent = kUnlessSaid;
};

// What the service refuses itself, as INVALID_REQUEST and NOT_SENT: `expected` is the field.
const Row<Sent::kNothing> kRefused[] = {
    // Refunds: where an amount that is missing would refund everything.
    {"RefundWithoutAmountOrFull", "RefundOrder", "OF_PAID", "refund"},
    {"RefundOfZero", "RefundOrder", "OF_PAID amount: 0", "amount"},
    {"RefundOfLessThanNothing", "RefundOrder", "OF_PAID amount: -500", "amount"},
    {"RefundInAnotherCurrency", "RefundOrder", "order_id: 'PAID' currency: 'USD' amount: 500",
     "currency", Sent::kRead},
    {"RefundByItemsOfACardOrder", "RefundOrder",
     "OF_PAID checkout_data { items { name: 'x' quantity: 1 } }", "refund", Sent::kRead},
    {"RefundWithAnOverlongOwnId", "RefundOrder", "OF_PAID amount: 1 refund_order_id: 'LONG_ID'",
     "refund_order_id"},
    {"RefundWithAStrangeKey", "RefundOrder", "OF_PAID amount: 1 control { idempotency_key: 'a b' }",
     "control.idempotency_key"},
    {"CancelOfARefundThatIsAPath", "CancelRefund", "order_id: 'PAID' refund_id: '..'", "refund_id"},
    // Captures and voids.
    {"CaptureOfZero", "CaptureOrder", "order_id: 'HELD' amount: 0", "amount"},
    {"CaptureOfLessThanNothing", "CaptureOrder", "order_id: 'HELD' amount: -1", "amount"},
    {"CaptureUnderAnOverlongId", "CaptureOrder", "order_id: 'HELD' new_order_id: 'LONG_ID'",
     "new_order_id"},
    // Orders.
    {"CreateWithANegativeAmount", "CreateOrder", "NEW currency: 'EUR' amount: -1 description: 'x'",
     "amount"},
    {"CreateOfAnUnknownType", "CreateOrder", "type: 'Direct' order_id: 'new' REST", "type"},
    {"CreateWithACardThatIsNone", "CreateOrder",
     "type: 'direct' gateway: 'VISA' order_id: 'new' REST gateway_info { card_number: "
     "'4111111111111112' }",
     "gateway_info.card_number"},
    {"CreateWithTheExpiryTurnedRound", "CreateOrder",
     "type: 'direct' gateway: 'VISA' order_id: 'new' REST gateway_info { card_expiry_date: '1230' "
     "}",
     "gateway_info.card_expiry_date"},
    {"CreateWithACardButNoGateway", "CreateOrder",
     "type: 'direct' order_id: 'new' REST gateway_info { card_number: '4111111111111111' }",
     "gateway"},
    {"CreateUnderAPath", "CreateOrder", "type: 'redirect' order_id: '..' REST", "order_id"},
    {"UpdateThatCancels", "UpdateOrder", "order_id: 'OPEN' status: 'cancelled'", "status"},
    {"UpdateByAPartOfNothing", "UpdateOrder", "order_id: 'PAID' partial_shipment_amount: 0",
     "partial_shipment_amount"},
    // Stored cards.
    {"ListWithAPageTokenOfOurTransactions", "ListTokens",
     "reference: 'CUSTOMER' page_token: 'cursor.abc'", "page_token"},
    {"ListWithANegativePage", "ListTokens", "reference: 'CUSTOMER' page_token: 'offset.-5'",
     "page_token"},
    {"ListOfLessThanNothing", "ListTokens", "reference: 'CUSTOMER' page_size: -1", "page_size"},
    {"UpdateToTheThirteenthMonth", "UpdateToken",
     "reference: 'CUSTOMER' token: 'TOKEN' expiry_date: '3313'", "expiry_date"},
    // Lists and reads.
    {"PaymentMethodsForLessThanNothing", "ListPaymentMethods", "amount: -1", "amount"},
    {"GatewaysForLessThanNothing", "ListGateways", "amount: -1", "amount"},
    {"TransactionsWithAPageTokenOfOurTokens", "ListTransactions", "page_token: 'offset.5'",
     "page_token"},
    {"TransactionsWithAUrlForAPage", "ListTransactions", "page_token: 'https://elsewhere/'",
     "page_token"},
    {"BalancesInNoCurrency", "ListClosingBalances",
     "from: 'FROMFROMFROMFROMFROMFROMFROMFROMFROMFROMFROMFROMFROMFROMFROMFROMX'", "from"},
    {"TerminalsOfNoPage", "ListTerminals", "page: 0", "page"},
    {"TerminalsOfNoGroup", "ListGroupTerminals", "terminal_group_id: '..'", "terminal_group_id"},
    {"ASessionForAnotherHost", "CreateApplePaySession",
     "origin_domain: 'shop.example' validation_url: 'https://evil.example/apple.com'",
     "validation_url"},
    {"HoldForASecond", "HoldOrder", "order_id: 'PAID' duration: 1", "duration"},
    {"CardDataBesideTheFields", "CreateOrder",
     "NEW REST more { fields { key: 'card_number' value { string_value: 'x' } } }", "more"},
    {"MoreTransactionsThanAPageHolds", "ListTransactions", "page_size: 1001", "page_size"},
};

// What MultiSafepay's own answer decides, or its record of the order.
const Row<Sent::kCall> kDecided[] = {
    // Refunds: where an amount that is missing would refund everything.
    {"RefundOfMoreThanWasPaid", "RefundOrder", "OF_PAID amount: 1001",
     "FAILED_PRECONDITION REJECTED MSP_1034"},
    {"RefundOfAnUnpaidOrder", "RefundOrder", "order_id: 'OPEN' currency: 'EUR' amount: 500",
     "FAILED_PRECONDITION REJECTED MSP_1034"},
    {"RefundOfAnUnknownOrder", "RefundOrder", "order_id: 'nobody' currency: 'EUR' amount: 500",
     "NOT_FOUND REJECTED MSP_1006", Sent::kRead},
    {"FullRefundOfAnUnknownOrder", "RefundOrder", "order_id: 'nobody' currency: 'EUR' full {}",
     "NOT_FOUND REJECTED MSP_1006", Sent::kRead},
    {"CancelOfAnUnknownRefund", "CancelRefund", "order_id: 'PAID' refund_id: '1'",
     "NOT_FOUND REJECTED MSP_1006"},
    {"CancelOfARefundOfAnUnknownOrder", "CancelRefund", "order_id: 'nobody' refund_id: '1'",
     "NOT_FOUND REJECTED MSP_1006"},
    // Captures and voids.
    {"CaptureOfMoreThanIsHeld", "CaptureOrder", "order_id: 'HELD' amount: 1001",
     "INVALID_ARGUMENT REJECTED MSP_1001"},
    {"CaptureOfAnUnknownOrder", "CaptureOrder", "order_id: 'nobody' amount: 1",
     "NOT_FOUND REJECTED MSP_1006", Sent::kRead},
    {"CaptureOfWhatIsNoAuthorization", "CaptureOrder", "order_id: 'PAID'",
     "FAILED_PRECONDITION REJECTED NOT_AN_AUTHORIZATION", Sent::kRead},
    {"CaptureUnderAnIdThatIsTaken", "CaptureOrder",
     "order_id: 'HELD' amount: 1 new_order_id: 'PAID'", "NOT_FOUND REJECTED MSP_1006"},
    {"VoidOfAnUnknownOrder", "VoidOrder", "order_id: 'nobody' reason: 'x'",
     "NOT_FOUND REJECTED MSP_1006"},
    {"VoidOfAPaidOrder", "VoidOrder", "order_id: 'PAID' reason: 'x'",
     "FAILED_PRECONDITION REJECTED NOT_AN_AUTHORIZATION"},
    {"VoidWithoutAReason", "VoidOrder", "order_id: 'HELD'", "INVALID_ARGUMENT REJECTED MSP_1016"},
    // Orders.
    {"CreateOfNothingWithoutACard", "CreateOrder", "NEW currency: 'EUR' amount: 0 description: 'x'",
     "INVALID_ARGUMENT REJECTED MSP_1001"},
    {"CreateWithoutAnAmount", "CreateOrder", "NEW currency: 'EUR' description: 'x'",
     "INVALID_ARGUMENT REJECTED MSP_1001"},
    {"CreateInNoCurrency", "CreateOrder", "NEW currency: 'ZZZ' amount: 1 description: 'x'",
     "INVALID_ARGUMENT REJECTED MSP_1002"},
    {"CreateUnderAnIdThatIsTaken", "CreateOrder",
     "type: 'redirect' OF_PAID amount: 1000 description: 'another'",
     "ALREADY_EXISTS REJECTED MSP_1006"},
    {"CreateWithATokenOfSomebodyElse", "CreateOrder",
     "type: 'direct' order_id: 'new' REST recurring_id: 'TOKEN' recurring_model: 'subscription' "
     "customer { reference: 'stranger' }",
     "NOT_FOUND REJECTED TOKEN_NOT_FOUND"},
    {"GetOfAnUnknownOrder", "GetOrder", "order_id: 'nobody'", "NOT_FOUND MSP_1006", Sent::kRead},
    {"UpdateOfAnUnknownOrder", "UpdateOrder", "order_id: 'nobody' status: 'shipped'",
     "NOT_FOUND MSP_1006"},
    {"CancelOfAnUnknownOrder", "CancelOrder", "order_id: 'nobody'", "NOT_FOUND REJECTED MSP_1006"},
    {"CancelOfAPaidOrder", "CancelOrder", "order_id: 'PAID'",
     "FAILED_PRECONDITION REJECTED ORDER_NOT_OPEN"},
    // Stored cards.
    {"GetOfAnUnknownToken", "GetToken", "reference: 'CUSTOMER' token: 'none'", "NOT_FOUND MSP_1000",
     Sent::kRead},
    {"GetOfATokenOfSomebodyElse", "GetToken", "reference: 'stranger' token: 'TOKEN'",
     "NOT_FOUND MSP_1000", Sent::kRead},
    {"UpdateOfATokenOfSomebodyElse", "UpdateToken",
     "reference: 'stranger' token: 'TOKEN' expiry_date: '3312'", "FAILED_PRECONDITION MSP_1000"},
    {"DeleteOfATokenOfSomebodyElse", "DeleteToken", "reference: 'stranger' token: 'TOKEN'",
     "FAILED_PRECONDITION MSP_1000"},
    // Lists and reads.
    {"UnknownPaymentMethod", "GetPaymentMethod", "payment_method_id: 'COWRIES'",
     "NOT_FOUND MSP_1023", Sent::kRead},
    {"UnknownGateway", "GetGateway", "gateway_id: 'COWRIES'", "NOT_FOUND MSP_1023", Sent::kRead},
    {"UnknownTransaction", "GetTransaction", "transaction_id: '1'", "NOT_FOUND MSP_HTTP_404",
     Sent::kRead},
    {"IssuersOfAnUnknownGateway", "ListIssuers", "gateway_id: 'cowries'", "NOT_FOUND MSP_1023",
     Sent::kRead},
    {"ReceiptOfAnUnknownOrder", "GetReceipt", "order_id: 'nobody'", "NOT_FOUND MSP_1006",
     Sent::kRead},
    {"HoldOfAnUnknownOrder", "HoldOrder", "order_id: 'nobody'", "NOT_FOUND MSP_1006"},
    {"MoreTimeForAnUnknownOrder", "ExtendOrder", "order_id: 'nobody' days: 1",
     "NOT_FOUND MSP_1006"},
    {"AFileForAnUnknownOrder", "AddOrderFile",
     "order_id: 'nobody' type: 'PDF' base64: 'x' description: 'x' name: 'x.pdf'",
     "NOT_FOUND REJECTED MSP_1006"},
};

// One environment for all rows: they change nothing, and that is what is tested.
class BadInput : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    environment_ = std::make_unique<Environment>(
        sandbox::Settings(),
        std::vector<std::string>{"--settle_ms=20", "--reconcile_backoff_ms=5"});
    ASSERT_TRUE(environment_->Call("CreateOrder", CardOrder("PAID", 1'000)).ok());
    ASSERT_TRUE(environment_->Call("CreateOrder", CardOrder("HELD", 1'000, /*manual=*/true)).ok());
    ASSERT_TRUE(environment_->Call("CreateOrder", PageOrder("OPEN", 1'000)).ok());
    ASSERT_TRUE(environment_->Call("CreateOrder", StoringOrder("stored", "CUSTOMER")).ok());
    token_ = environment_->GetOrder("stored").payment_details().recurring_id();
    ASSERT_NE(token_, "");
  }
  static void TearDownTestSuite() { environment_.reset(); }

  static std::unique_ptr<Message> Parse(const MethodDescriptor& method, std::string text) {
    text = absl::StrReplaceAll(text, {{"TOKEN", token_},
                                      {"LONG_ID", std::string(51, 'x')},
                                      {"OF_PAID", "order_id: 'PAID' currency: 'EUR'"},
                                      {"NEW", "type: 'redirect' order_id: 'new'"},
                                      {"REST", "currency: 'EUR' amount: 1 description: 'x'"}});
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

  inline static std::unique_ptr<Environment> environment_;
  inline static std::string token_;
};

// "CODE OUTCOME REASON"; no outcome where no money could move.
std::string SummaryOf(const client::Error& error) {
  const bool moves = error.outcome != v1::OUTCOME_UNSPECIFIED;
  return absl::StrCat(std::string(client::NameOf(error.code)), moves ? " " : "",
                      moves ? std::string(client::NameOf(error.outcome)) : "", " ", error.reason);
}

void ExpectRefused(const MethodDescriptor& method, const Called& called, const std::string& field) {
  if (called.ok()) return;
  // Only calls that move money have an outcome.
  EXPECT_EQ(SummaryOf(*called.error), client::MovesMoney(method)
                                          ? "INVALID_ARGUMENT NOT_SENT INVALID_REQUEST"
                                          : "INVALID_ARGUMENT INVALID_REQUEST")
      << called.Text();
  ASSERT_EQ(called.error->violations.size(), 1U) << called.Text();
  EXPECT_EQ(called.error->violations[0].field, field) << called.Text();
}

TEST_F(BadInput, IsRefusedByTheFieldThatIsWrong) {
  for (const auto& row : kRefused) {
    SCOPED_TRACE(row.name);
    const MethodDescriptor& method = MethodOf(row.method);
    ExpectRefused(method, CallInVain(method, *Parse(method, row.request), row.sent), row.expected);
  }
}

TEST_F(BadInput, IsAnsweredWithTheDocumentedCodeReasonAndOutcome) {
  for (const auto& row : kDecided) {
    SCOPED_TRACE(row.name);
    const MethodDescriptor& method = MethodOf(row.method);
    const Called called = CallInVain(method, *Parse(method, row.request), row.sent);
    if (called.ok()) continue;
    EXPECT_EQ(SummaryOf(*called.error), row.expected) << called.Text();
    EXPECT_TRUE(called.error->violations.empty()) << called.Text();
  }
}

TEST_F(BadInput, HasARowForEveryRpc) {
  std::set<std::string> tabled;
  for (const auto& row : kRefused) tabled.insert(row.method);
  for (const auto& row : kDecided) tabled.insert(row.method);
  for (const MethodDescriptor* method : Methods())
    EXPECT_TRUE(tabled.contains(method->name()) || method->input_type()->field_count() == 0)
        << method->name();
}

// Two bytes each: half a million fit into a request, and would be held until the answer.
TEST_F(BadInput, MoreElementsThanTheLimitAreRefusedByTheListAndNothingIsSent) {
  const MethodDescriptor& method = MethodOf("CreateOrder");
  const auto request = Parse(method, "NEW REST");
  auto& items = *static_cast<v1::CreateOrderRequest&>(*request).mutable_shopping_cart();
  for (int i = 0; i < 500'000; ++i) items.add_items();
  ExpectRefused(method, CallInVain(method, *request, Sent::kNothing), "shopping_cart.items");
}

// A request of each method in which nothing is wrong: one of these, or what the schema requires.
std::string Good(const MethodDescriptor& method) {
  static const std::map<std::string, const char*> requests{
      {"CreateOrder", "NEW REST"},
      {"CancelOrder", "order_id: 'OPEN'"},
      {"CaptureOrder", "order_id: 'HELD'"},
      {"VoidOrder", "order_id: 'HELD' reason: 'x'"},
      {"RefundOrder", "OF_PAID full {}"},
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

// Each field of each request. Read from the schema, so that a new field or RPC is tested from its
// first day.
template <class Visit>
void ForEachField(const Visit& visit) {
  for (const MethodDescriptor* method : Methods()) {
    for (int i = 0; i < method->input_type()->field_count(); ++i) {
      const FieldDescriptor& field = *method->input_type()->field(i);
      visit(*method, field, field.options().GetExtension(v1::limits));
    }
  }
}

TEST_F(BadInput, EveryRequiredFieldIsMissedByNameAndNothingIsSent) {
  int fields = 0;
  ForEachField(
      [&](const MethodDescriptor& method, const FieldDescriptor& field, const v1::Limits& limits) {
        if (!limits.required()) return;
        for (const bool empty : {false, true}) {
          const auto request = Parse(method, Good(method));
          request->GetReflection()->ClearField(request.get(), &field);
          if (empty) request->GetReflection()->SetString(request.get(), &field, "");
          ExpectRefused(method, CallInVain(method, *request, Sent::kNothing), field.name());
          ++fields;
        }
      });
  EXPECT_GE(fields, 2 * 20);
}

TEST_F(BadInput, EveryTextBeyondItsLengthIsRefusedByNameAndNothingIsSent) {
  int fields = 0;
  ForEachField(
      [&](const MethodDescriptor& method, const FieldDescriptor& field, const v1::Limits& limits) {
        if (limits.max_chars() == 0) return;
        const auto request = Parse(method, Good(method));
        // Code points are what is counted: each of these is two bytes.
        std::string text;
        for (std::uint32_t c = 0; c <= limits.max_chars(); ++c) text += "é";
        request->GetReflection()->SetString(request.get(), &field, text);
        const Called called = CallInVain(method, *request, Sent::kNothing);
        ASSERT_FALSE(called.ok());
        EXPECT_EQ(called.error->violations.at(0).field, field.name()) << called.Text();
        EXPECT_EQ(called.error->message.find("éé"), std::string::npos) << "the value is repeated";
        ++fields;
      });
  EXPECT_GE(fields, 25);
}

TEST_F(BadInput, EveryNumberOutsideItsBoundsIsRefusedByNameAndNothingIsSent) {
  int fields = 0;
  ForEachField(
      [&](const MethodDescriptor& method, const FieldDescriptor& field, const v1::Limits& limits) {
        if (!limits.has_min()) return;
        const auto request = Parse(method, Good(method));
        const auto& set = *request->GetReflection();
        if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT32) {
          set.SetInt32(request.get(), &field, static_cast<std::int32_t>(limits.min() - 1));
        } else {
          set.SetInt64(request.get(), &field, limits.min() - 1);
        }
        ExpectRefused(method, CallInVain(method, *request, Sent::kNothing), field.name());
        ++fields;
      });
  EXPECT_GE(fields, 8);
}

}  // namespace
}  // namespace msp::integration
