// SPDX-License-Identifier: Apache-2.0

// What a complete HTTP answer means, over every shape of envelope that has been seen, documented or
// feared.
#include "service/payments/interpret.h"

#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/payments/calls.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;
using absl::StatusCode;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

struct Read {
  Interpretation reading;
  v1::Order order;
  bool has_order = false;
};

template <class Request, class Response>
Read InterpretAs(std::string_view operation, const Request& request, int status, std::string body) {
  http::Response answer = ResponseOf(status, std::move(body));
  Response response;
  Read read;
  read.reading = Interpret(TestOperations().Find(operation), TestOperations().envelope_schema(),
                           request, answer, response);
  read.order = response.order();
  read.has_order = response.has_order();
  return read;
}

Read OfCreate(int status, std::string body, const v1::CreateOrderRequest& sent = DirectOrder()) {
  return InterpretAs<v1::CreateOrderRequest, v1::CreateOrderResponse>("CreateOrder", sent, status,
                                                                      std::move(body));
}

Read OfGet(int status, std::string body) {
  v1::GetOrderRequest request;
  request.set_order_id("order-1");
  return InterpretAs<v1::GetOrderRequest, v1::GetOrderResponse>("GetOrder", request, status,
                                                                std::move(body));
}

// The data of an order that is the answer to `DirectOrder`.
constexpr std::string_view kData =
    R"({"order_id":"order-1","transaction_id":4051823,"amount":9743,"currency":"EUR",)"
    R"("status":"completed","financial_status":"completed"})";

std::string With(std::string_view before, std::string_view data, std::string_view after) {
  return std::string(before) + std::string(data) + std::string(after);
}

// Neither success nor refusal, for this reason; `what` says in which case.
void ExpectIndeterminate(const Read& read, StatusCode code, std::string_view reason,
                         std::string_view what) {
  EXPECT_EQ(read.reading.outcome, CallOutcome::kUnknown) << what;
  EXPECT_EQ(read.reading.failure.code, code) << what;
  EXPECT_EQ(read.reading.failure.reason, reason) << what;
  EXPECT_FALSE(read.has_order) << what;
}

TEST(Success, ComesInManyForms) {
  const std::vector<std::string> forms{
      With(R"({"success":true,"data":)", kData, "}"),
      With(R"({"data":)", kData, R"(,"success":true})"),
      With(R"({"data":)", kData, "}"),
      With(R"({"success":1,"data":)", kData, "}"),
      With(R"({"success":"true","data":)", kData, "}"),
      With(R"({"success":"1","data":)", kData, "}"),
      With(R"({"success":null,"data":)", kData, "}"),
      With(R"({"data":)", kData, R"(,"error_code":null,"error_info":"","success":true})"),
      With(R"({"data":)", kData, R"(,"error_code":0,"success":true})"),
      With("\n {\"success\" : true ,\t\"data\" : ", kData, "}\r\n "),
  };
  for (const std::string& form : forms) {
    for (const int status : {200, 201, 202}) {
      const Read created = OfCreate(status, form);
      EXPECT_EQ(created.reading.outcome, CallOutcome::kConfirmed)
          << form << created.reading.failure.message;
      EXPECT_EQ(created.order.transaction_id(), "4051823") << form;
      EXPECT_EQ(OfGet(status, form).reading.outcome, CallOutcome::kConfirmed) << form;
    }
  }
}

TEST(Success, IsNotWhatTheBodyClaimsUnderAnHttpError) {
  const std::string form = With(R"({"success":true,"data":)", kData, "}");
  for (const int status : {301, 302, 400, 404, 500, 503}) {
    const Read created = OfCreate(status, form);
    EXPECT_NE(created.reading.outcome, CallOutcome::kConfirmed) << status;
    EXPECT_FALSE(created.has_order) << status;
  }
}

TEST(Success, IsNotOneThatContradictsItself) {
  const std::string data = "\"data\":" + std::string(kData);
  const std::vector<std::string> bodies{
      R"({"success":false,"success":true,)" + data + "}",
      R"({"success":true,"success":true,)" + data + "}",
      R"({"error_code":1001,"success":true,"error_code":0,)" + data + "}",
      R"({"success":true,"data":{"order_id":"order-2"},)" + data + "}",
      With(R"({"success":true,"data":{"success":false,"success":true,)", kData.substr(1), "}"),
  };
  for (const std::string& body : bodies) {
    ExpectIndeterminate(OfCreate(200, body), StatusCode::kInternal, "UPSTREAM_MALFORMED", body);
    ExpectIndeterminate(OfGet(200, body), StatusCode::kInternal, "UPSTREAM_MALFORMED", body);
  }
}

// One shape of refusal, and what must come of it. Its reason is MSP_ and the code, or MSP_HTTP_ and
// the status.
struct Shape {
  const char* name;
  int http_status;
  std::string body;
  CallOutcome kind;
  StatusCode code;
  int error_code = 0;
  const char* text = "no explanation";  // Part of the message.
  StatusCode create = code;             // In CreateOrder.
};

constexpr auto kRejected = CallOutcome::kRejected;
constexpr auto kOpen = CallOutcome::kUnknown;

std::vector<Shape> Shapes() {
  return {
      {"empty_object", 404,
       R"({"success":false,"data":{},"error_code":1006,"error_info":"No such transaction"})",
       kRejected, kNotFound, 1006, "No such transaction", kExists},
      {"empty_list", 404,
       R"({"success":false,"data":[],"error_code":1019,"error_info":"Site is blocked"})", kRejected,
       kPrecondition, 1019, "Site is blocked"},
      {"success_as_text", 410,
       R"({"success":"false","data":{},"error_code":1000,"error_info":"Token not found"})", kOpen,
       kNotFound, 1000, "Token not found"},
      {"success_as_number", 404, R"({"success":0,"error_code":1008,"error_info":"Too long"})",
       kRejected, kInvalid, 1008, "Too long"},
      {"code_as_text", 404, R"({"success":false,"error_code":"1032","error_info":"Bad key"})",
       kRejected, kUnauthenticated, 1032, "Bad key"},
      {"with_http_200", 200,
       R"({"success":false,"data":{},"error_code":1001,"error_info":"Amount"})", kRejected,
       kInvalid, 1001, "Amount"},
      {"code_without_success", 404, R"({"error_info":"Cart","error_code":1027})", kOpen, kInvalid,
       1027, "Cart"},
      {"message_forbidden", 403, R"({"message":"Forbidden"})", kRejected, kDenied, 0, "Forbidden"},
      {"message_not_found", 404, R"({"message":"Not found"})", kRejected, kNotFound, 0,
       "Not found"},
      {"message_bad_account", 400, R"({"message":"Invalid account ID."})", kRejected, kInvalid, 0,
       "Invalid account ID"},
      {"message_in_other_words", 403, R"({"message":"Go away"})", kOpen, kDenied, 0, "Go away"},
      {"message_under_another_status", 401, R"({"message":"Forbidden"})", kOpen, kUnauthenticated,
       0, "Forbidden"},
      {"message_with_data", 404, R"({"message":"Not found","data":{}})", kOpen, kNotFound, 0,
       "Not found"},
      {"message_with_more", 403, R"({"message":"Forbidden","request_id":7})", kOpen, kDenied, 0,
       "Forbidden"},
      {"http_400_alone", 400, "{}", kOpen, kInvalid},
      {"http_401_with_a_list", 401, "[]", kOpen, kUnauthenticated},
      {"http_403_with_null", 403, "null", kOpen, kDenied},
      {"http_404_with_text", 404, "\"no\"", kOpen, kNotFound},
      {"http_410_alone", 410, "{}", kOpen, kNotFound},
      {"success_true_under_http_400", 400,
       R"({"success":true,"data":{"order_id":"order-1","status":"completed"}})", kOpen, kInvalid},
      {"order_beside_a_code", 404,
       R"({"success":false,"error_code":1001,"data":{"order_id":"order-1","status":"completed"}})",
       kOpen, kInvalid, 1001},
      {"unknown_members_beside_a_code", 404,
       R"({"success":false,"error_code":1001,"data":{"result":{"id":7}}})", kOpen, kInvalid, 1001},
      {"two_words_on_success", 404, R"({"success":true,"success":false,"error_code":1001})", kOpen,
       kInvalid, 1001},
      {"code_inside_data", 404,
       R"({"success":false,"data":{"error_code":1034,"error_info":"Already refunded"}})", kRejected,
       kPrecondition, 1034, "Already refunded"},
      {"code_inside_data_comes_first", 200,
       R"({"data":{"error_code":"1034","error_info":"Low balance"},"success":false})", kRejected,
       kPrecondition, 1034, "Low balance"},
      {"outer_code_wins", 404,
       R"({"success":false,"data":{"error_code":1034,"error_info":"inner"},"error_code":1002,)"
       R"("error_info":"outer"})",
       kRejected, kInvalid, 1002, "outer"},
      {"scalar_data", 200, R"({"success":false,"data":"no"})", kOpen, kUnknown},
      {"scalar_data_with_code", 404, R"({"success":false,"data":7,"error_code":1018})", kOpen,
       kInvalid, 1018},
      {"unlisted_code", 404, R"({"success":false,"error_code":1099,"error_info":"New"})", kOpen,
       kUnknown, 1099, "New"},
      {"general_error", 404, R"({"success":false,"error_code":9999,"error_info":"?"})", kOpen,
       kUnknown, 9999, "?"},
      {"cannot_create", 404, R"({"success":false,"error_code":1021,"error_info":"Bank"})", kOpen,
       kAborted, 1021, "Bank"},
      {"certain_code_with_500", 500, R"({"success":false,"error_code":1001,"error_info":"Amount"})",
       kOpen, kInvalid, 1001, "Amount"},
      {"success_false_alone", 200, R"({"success":false})", kOpen, kUnknown},
      {"server_error_as_json", 503, R"({"message":"try later"})", kOpen, kUnavailable, 0,
       "try later"},
      {"redirect_with_envelope", 302, R"({"success":true,"data":{"order_id":"order-1"}})", kOpen,
       kInternal, 0, "302"},
  };
}

class EveryShape : public ::testing::TestWithParam<Shape> {};

void ExpectShape(const Shape& shape, StatusCode code, const Read& read) {
  const Failure& failure = read.reading.failure;
  EXPECT_EQ(read.reading.outcome, shape.kind);
  EXPECT_EQ(failure.code, code) << failure.message;
  EXPECT_EQ(failure.reason, shape.error_code == 0 ? "MSP_HTTP_" + std::to_string(shape.http_status)
                                                  : "MSP_" + std::to_string(shape.error_code));
  EXPECT_EQ(failure.domain, kRemoteDomain);
  EXPECT_EQ(failure.error_code, shape.error_code);
  EXPECT_EQ(failure.http_status, shape.http_status);
  EXPECT_THAT(failure.message, HasSubstr(shape.text));
  EXPECT_EQ(failure.retry_after_ms, -1);
  EXPECT_FALSE(read.has_order);
}

TEST_P(EveryShape, IsReadAlikeInCreateOrderAndInAReadButForItsCode) {
  const Shape& shape = GetParam();
  ExpectShape(shape, shape.create, OfCreate(shape.http_status, shape.body));
  ExpectShape(shape, shape.code, OfGet(shape.http_status, shape.body));
}

INSTANTIATE_TEST_SUITE_P(Refusals, EveryShape, ::testing::ValuesIn(Shapes()), kRowName);

// JSON that is no answer, and what a success lacks or says beside itself: nothing certain, and
// never a success that is believed.
TEST(Success, IsNotBelievedWithoutDataOrBesideAContradiction) {
  const struct {
    const char* name;
    std::string body;
    StatusCode code = kInternal;
    std::string_view reason = reason::kUpstreamMalformed;
  } kRows[] = {
      {"error code", R"({"success":true,"data":{"order_id":"order-1"},"error_code":1017})"},
      {"error code inside", R"({"success":true,"data":{"order_id":"order-1","error_code":1017}})"},
      {"error code that is no number",
       R"({"success":true,"data":{"order_id":"order-1"},"error_code":"E17"})"},
      {"a no inside", R"({"success":true,"data":{"order_id":"order-1","success":false}})",
       kPrecondition, reason::kNotDone},
      {"a no inside first", R"({"data":{"success":"false","order_id":"order-1"},"success":true})",
       kPrecondition, reason::kNotDone},
      {"no data", R"({"success":true})"},
      {"empty data", R"({"success":true,"data":{}})"},
      {"empty data alone", R"({"data":{}})"},
      {"empty list alone", R"({"data":[]})"},
      {"null success", R"({"success":null,"data":{}})"},
      {"empty success", R"({"success":"","data":{}})"},
      {"data of nulls", R"({"data":{"order_id":null,"customer":{},"payment_methods":[{}]}})"},
      {"success that is no word", R"({"success":"yes!","data":{"order_id":"order-1"}})"},
      {"a list", "[]"},
      {"null", "null"},
      {"a number", "7"},
      {"a text", "\"success\""},
      {"an empty object", "{}"},
      {"null data alone", R"({"data":null})"},
      {"members that nobody knows", R"({"hello":"world"})"},
      {"null data", R"({"success":true,"data":null})"},
      {"data that is a text", R"({"success":true,"data":"text"})"},
      {"data that is a number", R"({"success":true,"data":7})"},
      {"an empty list", R"({"success":true,"data":[]})"},
      {"an order in a list", With(R"({"success":true,"data":[)", kData, "]}")},
      {"empty members",
       R"({"success":true,"data":{"order_id":null,"status":"","payment_url":""}})"},
  };
  for (const auto& row : kRows) {
    for (const Read& read : {OfCreate(200, row.body), OfGet(200, row.body)})
      ExpectIndeterminate(read, row.code, row.reason, row.name);
  }
}

TEST(RateLimit, IsARefusalWithATimeWhateverItsBodySays) {
  for (const char* body : {"", "<html>", "{}", R"({"success":true,"data":{"order_id":"order-1"}})",
                           R"({"success":false,"error_code":1006,"error_info":"Id"})"}) {
    for (const Read& read : {OfCreate(429, body), OfGet(429, body)}) {
      EXPECT_EQ(read.reading.outcome, CallOutcome::kRejected) << body;
      EXPECT_EQ(read.reading.failure.code, StatusCode::kResourceExhausted) << body;
      EXPECT_EQ(read.reading.failure.reason, reason::kRateLimited) << body;
      EXPECT_EQ(read.reading.failure.retry_after_ms, 1'000) << body;
      EXPECT_FALSE(read.has_order) << body;
    }
  }
}

TEST(Refusal, ValidationErrorsNameTheirFields) {
  const Read read = OfCreate(
      422,
      R"({"success":false,"message":"Check your input","errors":[)"
      R"({"attribute":"email","details":["no @","too short"],"message":"Bad mail","uri":"#/email"},)"
      R"({"attribute":"amount","details":"a single text"},)"
      R"({"attribute":"city","details":null,"message":"Too long"}]})");
  EXPECT_EQ(read.reading.outcome, CallOutcome::kRejected);
  EXPECT_EQ(read.reading.failure.code, kInvalid);
  EXPECT_THAT(read.reading.failure.message, HasSubstr("Check your input"));
  const auto& violations = read.reading.failure.violations;
  ASSERT_THAT(violations, SizeIs(3));
  EXPECT_EQ(violations[0].field, "email");
  EXPECT_EQ(violations[0].description, "Bad mail; no @; too short");
  EXPECT_EQ(violations[1].field, "amount");
  EXPECT_EQ(violations[1].description, "a single text");
  EXPECT_EQ(violations[2].field, "city");
  EXPECT_EQ(violations[2].description, "Too long");
}

TEST(Refusal, NumberOfValidationErrorsIsBounded) {
  std::string body = R"({"success":false,"errors":[{"attribute":"a0"})";
  for (int i = 1; i < 500; ++i) body += R"(,{"attribute":"a)" + std::to_string(i) + "\"}";
  EXPECT_THAT(OfCreate(422, body + "]}").reading.failure.violations, SizeIs(codec::kViolationsMax));
}

TEST(Refusal, TextIsCutAndItsCardNumbersAreMasked) {
  for (const char* member : {"error_info", "message"}) {
    const Read read =
        OfCreate(404, std::string(R"({"success":false,")") + member +
                          R"(":"card 4111 1111 1111 1111 or 5500000000000004 refused )" +
                          std::string(3'000, 'x') + "\"}");
    const std::string& message = read.reading.failure.message;
    EXPECT_THAT(message, HasSubstr("refused"));
    EXPECT_THAT(message, Not(HasSubstr("4111 1111 1111 1111")));
    EXPECT_THAT(message, Not(HasSubstr("5500000000000004")));
    EXPECT_LT(message.size(), 640U);
  }
}

TEST(Refusal, FieldNamesFromOutsideAreScrubbedToo) {
  const Read read = OfCreate(
      422, R"({"errors":[{"attribute":"4111111111111111","details":["4111-1111-1111-1111"]}]})");
  ASSERT_THAT(read.reading.failure.violations, SizeIs(1));
  EXPECT_THAT(read.reading.failure.violations[0].field, Not(HasSubstr("4111111111111111")));
  EXPECT_THAT(read.reading.failure.violations[0].description,
              Not(HasSubstr("4111-1111-1111-1111")));
}

// What is no envelope at all.
struct Noise {
  const char* name;
  std::string body;
};

std::vector<Noise> Noises() {
  const std::string whole = With(R"({"success":true,"data":)", kData, "}");
  return {{"empty", ""},
          {"blank", " \r\n"},
          {"html", "<html><body>Bad gateway</body></html>"},
          {"truncated_late", whole.substr(0, whole.size() - 1)},
          {"truncated_early", whole.substr(0, 9)},
          {"trailing", whole + "x"},
          {"two_documents", whole + whole},
          {"bad_token", R"({"success":tru})"},
          {"bad_utf8", "{\"success\":false,\xff\"error_info\":\"no\"}"}};
}

TEST(NoEnvelope, IsNeverCertainAndMalformedUnderSuccess) {
  for (const Noise& noise : Noises()) {
    for (const int status : {200, 201}) {
      for (const Read& read : {OfCreate(status, noise.body), OfGet(status, noise.body)}) {
        ExpectIndeterminate(read, kInternal, reason::kUpstreamMalformed, noise.name);
        EXPECT_EQ(read.reading.failure.domain, kOwnDomain) << noise.name;
      }
    }
  }
}

TEST(NoEnvelope, IsReadByItsHttpStatusOtherwise) {
  struct Case {
    int http_status;
    StatusCode code;
  };
  constexpr Case kCases[] = {{302, kInternal},        {400, kInvalid},
                             {401, kUnauthenticated}, {403, kDenied},
                             {404, kNotFound},        {410, kNotFound},
                             {500, kInternal},        {502, kUnavailable},
                             {503, kUnavailable},     {504, StatusCode::kDeadlineExceeded}};
  for (const Noise& noise : Noises()) {
    for (const Case& c : kCases) {
      const Read read = OfCreate(c.http_status, noise.body);
      EXPECT_EQ(read.reading.outcome, CallOutcome::kUnknown) << noise.name << c.http_status;
      EXPECT_EQ(read.reading.failure.code, c.code) << noise.name << c.http_status;
      EXPECT_EQ(read.reading.failure.reason, "MSP_HTTP_" + std::to_string(c.http_status));
    }
  }
}

// A data object with one member replaced or added: the last of duplicates wins.
std::string DataWith(std::string_view member) {
  return R"({"success":true,"data":)" + std::string(kData.substr(0, kData.size() - 1)) + "," +
         std::string(member) + "}}";
}

TEST(Mismatch, AnswerAboutAnotherPaymentIsNoAnswer) {
  const std::vector<std::pair<std::string, std::string>> members{
      {R"("order_id":"order-2")", "order_id"},
      {R"("order_id":"ORDER-1")", "order_id"},
      {R"("amount":974300)", "amount"},
      {R"("amount":97)", "amount"},
      {R"("amount":0)", "amount"},
      {R"("amount":-9743)", "amount"},
      {R"("currency":"USD")", "currency"},
  };
  for (const auto& [member, name] : members) {
    const Read read = OfCreate(200, DataWith(member));
    ExpectIndeterminate(read, kInternal, reason::kUpstreamMismatch, member);
    EXPECT_THAT(read.reading.failure.message, HasSubstr(name)) << member;
  }
}

TEST(Malformed, DecidingMemberThatCannotBeReadIsNamed) {
  const std::vector<std::pair<std::string, std::string>> members{
      {R"("order_id":{"id":"order-1"})", "order_id"},
      {R"("order_id":"order-1\ud83d")", "order_id"},
      {"\"order_id\":\"order-1\xE9\"", "order_id"},
      {"\"order_id\":\"order-1\t\"", "order_id"},
      {R"("transaction_id":1.5)", "transaction_id"},
      {R"("transaction_id":"4\ude00")", "transaction_id"},
      {R"("amount":97.43)", "amount"},
      {R"("amount":"97.43")", "amount"},
      {R"("amount":"9743.00")", "amount"},
      {R"("amount":9743.5)", "amount"},
      {R"("amount":1e-1)", "amount"},
      {R"("amount":"a lot")", "amount"},
      {R"("amount":true)", "amount"},
      {R"("amount":{"value":9743})", "amount"},
      {R"("amount":99999999999999999999)", "amount"},
      {R"("currency":{"code":"EUR"})", "currency"},
      {"\"currency\":\"EU\xD2\"", "currency"},
      {R"("status":"completed\ud83d")", "status"},
      {"\"financial_status\":\"complete\xC3\"", "financial_status"},
      {R"("error_code":"10\ud83d")", "error_code"},
      {R"("related_transactions":[{"amount":"5.00"}])", "related_transactions.amount"},
  };
  for (const auto& [member, name] : members) {
    for (const Read& read : {OfCreate(200, DataWith(member)), OfGet(200, DataWith(member))}) {
      EXPECT_EQ(read.reading.outcome, CallOutcome::kUnknown) << member;
      EXPECT_EQ(read.reading.failure.reason, reason::kUpstreamMalformed) << member;
      EXPECT_THAT(read.reading.failure.message, HasSubstr(name)) << member;
      EXPECT_FALSE(read.has_order) << member;
    }
  }
  for (const std::string envelope :
       {R"({"success":"tr\ud83due","data":)", R"({"success":true,"error_code":"1\ud83d","data":)"})
    EXPECT_EQ(OfGet(200, With(envelope, kData, "}")).reading.outcome, CallOutcome::kUnknown)
        << envelope;
}

TEST(Success, TextThatIsNotReadableInWholeIsReplacedAndReported) {
  const std::vector<std::pair<std::string, std::string>> members{
      {R"("description":"Gift \ud83d")", "Gift \xEF\xBF\xBD"},
      {R"("description":"\ude00 gift")", "\xEF\xBF\xBD gift"},
      {"\"description\":\"Caf\xC3\"", "Caf\xEF\xBF\xBD"},
      {"\"description\":\"Caf\xE9 au lait\"", "Caf\xEF\xBF\xBD au lait"},
      {"\"description\":\"one\ttwo\"", "one\ttwo"},
      {R"("description":"C:\Users")", R"(C:\Users)"},
  };
  for (const auto& [member, text] : members) {
    for (const Read& read : {OfCreate(200, DataWith(member)), OfGet(200, DataWith(member))}) {
      EXPECT_EQ(read.reading.outcome, CallOutcome::kConfirmed)
          << member << read.reading.failure.message;
      EXPECT_EQ(read.order.description(), text) << member;
      ASSERT_THAT(read.reading.drift, SizeIs(1)) << member;
      EXPECT_EQ(read.reading.drift[0].path, "data.description") << member;
      EXPECT_EQ(read.reading.drift[0].kind, codec::Drift::Kind::kUnreadableText) << member;
    }
  }
}

TEST(Mismatch, LooseSpellingsOfTheSamePaymentAreNone) {
  const std::vector<std::string> members{
      R"("amount":"9743")", R"("amount":9743.0)",  R"("amount":9.743e3)",
      R"("amount":null)",   R"("currency":"eur")", R"("currency":null)",
  };
  for (const std::string& member : members)
    EXPECT_EQ(OfCreate(200, DataWith(member)).reading.outcome, CallOutcome::kConfirmed) << member;
}

TEST(Mismatch, ShortAnswerOfARedirectOrderIsWhole) {
  const Read read =
      OfCreate(200, R"({"success":true,"data":{"order_id":"order-1","payment_url":"https://p/1"}})",
               RedirectOrder());
  EXPECT_EQ(read.reading.outcome, CallOutcome::kConfirmed);
  EXPECT_EQ(read.order.payment_url(), "https://p/1");
}

TEST(Mismatch, AmountAndCurrencyThatWereNotSentCannotDiffer) {
  v1::CreateOrderRequest sent = DirectOrder();
  sent.clear_amount();
  sent.clear_currency();
  EXPECT_EQ(OfCreate(200, With(R"({"success":true,"data":)", kData, "}"), sent).reading.outcome,
            CallOutcome::kConfirmed);
}

TEST(Success, AllDigitIdMayLoseItsZeros) {
  v1::CreateOrderRequest sent = DirectOrder();
  sent.set_order_id("000000962");
  EXPECT_EQ(OfCreate(200, DataWith(R"("order_id":962)"), sent).reading.outcome,
            CallOutcome::kConfirmed);
  EXPECT_EQ(OfCreate(200, DataWith(R"("order_id":963)"), sent).reading.outcome,
            CallOutcome::kUnknown);
}

TEST(Success, UnknownMembersAreReportedAndHarmless) {
  const Read read = OfCreate(200, DataWith(R"("novelty":{"a":1})"));
  EXPECT_EQ(read.reading.outcome, CallOutcome::kConfirmed);
  ASSERT_THAT(read.reading.drift, SizeIs(1));
  EXPECT_EQ(read.reading.drift[0].path, "data.novelty");
}

TEST(Success, LongIdentifiersKeepTheirDigits) {
  const Read read = OfCreate(200, DataWith(R"("transaction_id":123456789012345678901)"));
  EXPECT_EQ(read.order.transaction_id(), "123456789012345678901");
}

}  // namespace
}  // namespace msp::payments
