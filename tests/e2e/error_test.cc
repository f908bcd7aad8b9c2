// SPDX-License-Identifier: Apache-2.0

// Every kind of error that MultiSafepay can answer, as bytes on a socket, and what of it a caller
// reads in the trailer.
#include <string>
#include <vector>

#include "tests/e2e/end_to_end.h"

namespace msp::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What a caller must read.
struct Expected {
  const char* code;
  const char* reason;
  const char* outcome;  // "" where no money could move.
};

struct ErrorCase {
  const char* name;
  int http_status;
  std::string body;
  Expected create;
  Expected read;
  const char* error_code;
};

std::string CodeBody(int code, const char* text = "No explanation here") {
  return R"({"success":false,"data":{},"error_code":)" + std::to_string(code) +
         R"(,"error_info":")" + text + "\"}";
}

// A code that means the same wherever it comes, with HTTP 404: certain.
ErrorCase Certain(const char* name, int code, const char* status, const char* reason) {
  return {name, 404, CodeBody(code), {status, reason, "REJECTED"}, {status, reason, "REJECTED"},
          ""};
}

constexpr Expected kLost{"UNKNOWN", "OUTCOME_UNKNOWN", "UNKNOWN"};

std::vector<ErrorCase> Cases() {
  std::vector<ErrorCase> cases{
      {"taken_or_absent",
       404,
       CodeBody(1006),
       kLost,  // The id is in use, and no order shows whose.
       {"NOT_FOUND", "MSP_1006", "REJECTED"},
       "1006"},
      {"gateway_unavailable",
       404,
       CodeBody(1023),
       {"FAILED_PRECONDITION", "MSP_1023", "REJECTED"},
       {"NOT_FOUND", "MSP_1023", "REJECTED"},
       "1023"},
      {"key_invalid",
       401,
       CodeBody(1032),
       {"UNAUTHENTICATED", "MSP_1032", "REJECTED"},
       {"UNAUTHENTICATED", "MSP_1032", "REJECTED"},
       "1032"},
      {"code_with_http_200",
       200,
       CodeBody(1001),
       {"INVALID_ARGUMENT", "MSP_1001", "REJECTED"},
       {"INVALID_ARGUMENT", "MSP_1001", "REJECTED"},
       "1001"},
      {"data_is_a_list",
       404,
       R"({"success":false,"data":[],"error_code":1019,"error_info":"Site blocked"})",
       {"FAILED_PRECONDITION", "MSP_1019", "REJECTED"},
       {"FAILED_PRECONDITION", "MSP_1019", "REJECTED"},
       "1019"},
      {"success_is_text",
       404,
       R"({"success":"false","data":{},"error_code":"1017","error_info":"Wallet"})",
       {"FAILED_PRECONDITION", "MSP_1017", "REJECTED"},
       {"FAILED_PRECONDITION", "MSP_1017", "REJECTED"},
       "1017"},
      {"code_inside_data",
       404,
       R"({"success":false,"data":{"error_code":1008,"error_info":"Description"}})",
       {"INVALID_ARGUMENT", "MSP_1008", "REJECTED"},
       {"INVALID_ARGUMENT", "MSP_1008", "REJECTED"},
       "1008"},
      {"forbidden",
       403,
       R"({"message":"Forbidden"})",
       {"PERMISSION_DENIED", "MSP_HTTP_403", "REJECTED"},
       {"PERMISSION_DENIED", "MSP_HTTP_403", "REJECTED"},
       ""},
      {"plain_not_found",
       404,
       R"({"message":"Not found"})",
       {"NOT_FOUND", "MSP_HTTP_404", "REJECTED"},
       {"NOT_FOUND", "MSP_HTTP_404", "REJECTED"},
       ""},
      {"bad_input",
       400,
       R"({"message":"Invalid account ID."})",
       {"INVALID_ARGUMENT", "MSP_HTTP_400", "REJECTED"},
       {"INVALID_ARGUMENT", "MSP_HTTP_400", "REJECTED"},
       ""},
      // Nothing certain: a read says what it saw, a payment says that it does not know.
      {"unknown_1000",
       404,
       CodeBody(1000, "Something"),
       kLost,
       {"UNKNOWN", "MSP_1000", ""},
       "1000"},
      {"gone_1000", 410, CodeBody(1000, "Not found"), kLost, {"NOT_FOUND", "MSP_1000", ""}, "1000"},
      {"unspecified_1014", 404, CodeBody(1014), kLost, {"UNKNOWN", "MSP_1014", ""}, "1014"},
      {"bank_down_1021", 404, CodeBody(1021), kLost, {"ABORTED", "MSP_1021", ""}, "1021"},
      {"cannot_start_1022",
       404,
       CodeBody(1022),
       kLost,
       {"FAILED_PRECONDITION", "MSP_1022", ""},
       "1022"},
      {"general_9999", 404, CodeBody(9999), kLost, {"UNKNOWN", "MSP_9999", ""}, "9999"},
      {"unlisted", 404, CodeBody(4242), kLost, {"UNKNOWN", "MSP_4242", ""}, "4242"},
      {"certain_code_with_500",
       500,
       CodeBody(1001),
       kLost,
       {"INVALID_ARGUMENT", "MSP_1001", ""},
       "1001"},
      {"taken_with_503", 503, CodeBody(1006), kLost, {"NOT_FOUND", "MSP_1006", ""}, "1006"},
      {"found_elsewhere", 302, "", kLost, {"INTERNAL", "MSP_HTTP_302", ""}, ""},
      {"request_timeout", 408, "", kLost, {"DEADLINE_EXCEEDED", "MSP_HTTP_408", ""}, ""},
      {"forbidden_in_other_words",
       403,
       R"({"message":"Forbidden area"})",
       kLost,
       {"PERMISSION_DENIED", "MSP_HTTP_403", ""},
       ""},
      {"too_many",
       429,
       R"({"message":"slow down"})",
       {"RESOURCE_EXHAUSTED", "RATE_LIMITED", "REJECTED"},
       {"RESOURCE_EXHAUSTED", "RATE_LIMITED", "REJECTED"},
       ""},
      {"server_error", 500, "", kLost, {"INTERNAL", "MSP_HTTP_500", ""}, ""},
      {"bad_gateway_page",
       502,
       "<html>Bad gateway</html>",
       kLost,
       {"UNAVAILABLE", "MSP_HTTP_502", ""},
       ""},
      {"unavailable",
       503,
       R"({"message":"later"})",
       kLost,
       {"UNAVAILABLE", "MSP_HTTP_503", ""},
       ""},
      {"gateway_timeout", 504, "", kLost, {"DEADLINE_EXCEEDED", "MSP_HTTP_504", ""}, ""},
      {"proxy_page_with_404",
       404,
       "<html>Not found</html>",
       kLost,
       {"NOT_FOUND", "MSP_HTTP_404", ""},
       ""},
      {"empty_success", 200, "", kLost, {"INTERNAL", "UPSTREAM_MALFORMED", ""}, ""},
      {"truncated_success",
       200,
       R"({"success":true,"data":{"order_id":"ord)",
       kLost,
       {"INTERNAL", "UPSTREAM_MALFORMED", ""},
       ""},
      {"page_as_success",
       200,
       "<html>Welcome</html>",
       kLost,
       {"INTERNAL", "UPSTREAM_MALFORMED", ""},
       ""},
      {"success_without_data",
       200,
       R"({"success":true})",
       kLost,
       {"INTERNAL", "UPSTREAM_MALFORMED", ""},
       ""},
      {"success_with_nothing",
       200,
       R"({"success":true,"data":{}})",
       kLost,
       {"INTERNAL", "UPSTREAM_MALFORMED", ""},
       ""},
      {"refusal_without_reason",
       200,
       R"({"success":false})",
       kLost,
       {"UNKNOWN", "MSP_HTTP_200", ""},
       ""},
  };
  cases.push_back(Certain("currency_1002", 1002, "INVALID_ARGUMENT", "MSP_1002"));
  cases.push_back(Certain("account_1003", 1003, "INVALID_ARGUMENT", "MSP_1003"));
  cases.push_back(Certain("ip_1007", 1007, "INVALID_ARGUMENT", "MSP_1007"));
  cases.push_back(Certain("vars_1010", 1010, "INVALID_ARGUMENT", "MSP_1010"));
  cases.push_back(Certain("missing_1016", 1016, "INVALID_ARGUMENT", "MSP_1016"));
  cases.push_back(Certain("country_1018", 1018, "INVALID_ARGUMENT", "MSP_1018"));
  cases.push_back(Certain("blocked_1020", 1020, "PERMISSION_DENIED", "MSP_1020"));
  cases.push_back(Certain("cart_1027", 1027, "INVALID_ARGUMENT", "MSP_1027"));
  cases.push_back(Certain("tax_1028", 1028, "INVALID_ARGUMENT", "MSP_1028"));
  cases.push_back(Certain("refund_1033", 1033, "INTERNAL", "MSP_1033"));
  cases.push_back(Certain("cannot_refund_1034", 1034, "FAILED_PRECONDITION", "MSP_1034"));
  cases.push_back(Certain("issuer_1036", 1036, "INVALID_ARGUMENT", "MSP_1036"));
  cases.push_back(Certain("cart_5001", 5001, "INVALID_ARGUMENT", "MSP_5001"));
  return cases;
}

class AnsweredError : public EndToEnd {
 protected:
  static void ExpectError(const ErrorCase& c, const Expected& expected,
                          const grpc::Status& status) {
    SCOPED_TRACE(std::string(c.name) + ": " + status.error_message());
    EXPECT_EQ(NameOf(status.error_code()), expected.code);
    const CallError error(status);
    EXPECT_EQ(error.info.reason(), expected.reason);
    EXPECT_EQ(error.Metadata("outcome"), expected.outcome);
    EXPECT_EQ(error.Metadata("order_id"), "order-1");
    EXPECT_EQ(
        error.retry.has_value(),
        error.info.reason() == "RATE_LIMITED");  // It was sent: no invitation to send it again.
    const std::string reason = expected.reason;
    const bool coded = reason.starts_with("MSP_") && !reason.starts_with("MSP_HTTP_");
    EXPECT_EQ(error.Metadata("error_code"), coded ? reason.substr(4) : c.error_code);
    EXPECT_EQ(error.Metadata("http_status"), std::to_string(c.http_status));
    const bool remote = reason.starts_with("MSP_");
    EXPECT_EQ(error.info.domain(), remote ? "multisafepay.com" : "multisafepay-grpc");
  }
};

TEST_F(AnsweredError, OfAReadIsMappedByCodeBeforeHttpStatus) {
  for (const ErrorCase& c : Cases()) {
    const int before = upstream().Count("GET");
    upstream().Answer(c.http_status, c.body);
    ExpectError(c, c.read, Get().status);
    // A certain answer is not asked for again.
    const int attempts = upstream().Count("GET") - before;
    EXPECT_LE(attempts, *c.read.outcome == '\0' ? 3 : 1) << c.name;
  }
}

TEST_F(AnsweredError, OfAPaymentIsConclusiveOrUnknownAndIsSentOnce) {
  int posts = 0;
  for (const ErrorCase& c : Cases()) {
    upstream().Script([&c](const RecordedRequest& request) {
      return request.method == "POST" ? Reply::Json(c.http_status, c.body) : NoSuchOrder();
    });
    ExpectError(c, c.create, Create(CardOrder()).status);
    EXPECT_EQ(upstream().Count("POST"), ++posts) << c.name;
  }
}

TEST_F(AnsweredError, ValidationErrorsBecomeFieldViolations) {
  upstream().Answer(422, R"({"success":false,"message":"Validation failed","errors":[)"
                         R"({"attribute":"customer.email","details":["is no address"],)"
                         R"("message":"Wrong","uri":"#/customer/email"}]})");
  const auto call = Create(CardOrder());
  EXPECT_EQ(NameOf(call.status.error_code()), "INVALID_ARGUMENT");
  EXPECT_THAT(call.error().Fields(), ::testing::ElementsAre("customer.email"));
  EXPECT_THAT(call.error().bad.field_violations(0).description(), HasSubstr("is no address"));
  EXPECT_EQ(call.error().Metadata("outcome"), "REJECTED");
  EXPECT_EQ(call.error().info.reason(), "MSP_HTTP_422");
}

TEST_F(AnsweredError, TextOfARefusalIsCutAndShowsNoCard) {
  upstream().Answer(
      404,
      CodeBody(1016,
               ("card 4111 1111 1111 1111, 4111111111111111 " + std::string(4'000, 'x')).c_str()));
  const auto call = Create(CardOrder());
  EXPECT_EQ(NameOf(call.status.error_code()), "INVALID_ARGUMENT");
  EXPECT_LT(call.status.error_message().size(), 700U);
  for (const char* digits : {"4111 1111 1111 1111", "4111111111111111"}) {
    EXPECT_THAT(call.status.error_message(), Not(HasSubstr(digits)));
    EXPECT_THAT(call.status.error_details(), Not(HasSubstr(digits)));
  }
}

TEST_F(AnsweredError, DeclineIsNone) {
  upstream().Answer(
      200, R"({"success":true,"data":{"order_id":"order-1","amount":9743,"currency":"EUR",)"
           R"("status":"declined","financial_status":"declined","reason_code":"4002",)"
           R"("reason":"Insufficient funds"}})");
  const auto call = Create(CardOrder());
  ASSERT_TRUE(call.ok()) << call.status.error_message();
  EXPECT_EQ(call.response.result().outcome(), v1::OUTCOME_CONFIRMED);
  EXPECT_EQ(call.response.order().payment_state(), v1::PAYMENT_STATE_DECLINED);
  EXPECT_EQ(call.response.order().decline().category(), v1::DECLINE_CATEGORY_FUNDS);
  EXPECT_EQ(call.response.order().decline().retry(), v1::RETRY_ADVICE_LATER);
}

TEST_F(AnsweredError, AnswerAboutAnotherPaymentIsUnknown) {
  const std::vector<std::string> members{R"("order_id":"order-2")", R"("amount":1)",
                                         R"("currency":"USD")"};
  for (const std::string& member : members) {
    const std::string data =
        R"({"status":"completed","financial_status":"completed","order_id":"order-1",)"
        R"("amount":9743,"currency":"EUR",)" +
        member + "}";
    upstream().Script([&data](const RecordedRequest& request) {
      if (request.method != "POST") return NoSuchOrder();
      return Reply::Json(200, R"({"success":true,"data":)" + data + "}");
    });
    const auto call = Create(CardOrder());
    EXPECT_EQ(NameOf(call.status.error_code()), "UNKNOWN") << member;
    EXPECT_EQ(call.error().Metadata("outcome"), "UNKNOWN") << member;
    EXPECT_EQ(call.error().info.reason(), "UPSTREAM_MISMATCH") << member;
  }
}

}  // namespace
}  // namespace msp::e2e
