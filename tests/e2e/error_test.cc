// SPDX-License-Identifier: Apache-2.0

// Every kind of error that MultiSafepay can answer, as bytes on a socket, and what of it a caller
// reads in the trailer.
#include <algorithm>
#include <regex>
#include <string>
#include <vector>

#include "google/rpc/status.pb.h"
#include "tests/e2e/end_to_end.h"

namespace msp::e2e {
namespace {

using ::testing::HasSubstr;

struct ErrorCase {
  const char* name;
  int http_status;
  std::string body;
  // What a caller reads, as SummaryOf() has it.
  std::string create;
  std::string read = create;
};

std::string CodeBody(int code, const char* text = "No explanation here") {
  return R"({"success":false,"data":{},"error_code":)" + std::to_string(code) +
         R"(,"error_info":")" + text + "\"}";
}

const std::string kLost = "UNKNOWN UNKNOWN OUTCOME_UNKNOWN";

std::vector<ErrorCase> Cases() {
  return {
      {"taken_or_absent", 404, CodeBody(1006),
       kLost,  // The id is in use, and no order shows whose.
       "NOT_FOUND REJECTED MSP_1006"},
      {"gateway_unavailable", 404, CodeBody(1023), "FAILED_PRECONDITION REJECTED MSP_1023",
       "NOT_FOUND REJECTED MSP_1023"},
      {"key_invalid", 401, CodeBody(1032), "UNAUTHENTICATED REJECTED MSP_1032"},
      {"code_with_http_200", 200, CodeBody(1001), "INVALID_ARGUMENT REJECTED MSP_1001"},
      {"data_is_a_list", 404,
       R"({"success":false,"data":[],"error_code":1019,"error_info":"Site blocked"})",
       "FAILED_PRECONDITION REJECTED MSP_1019"},
      {"success_is_text", 404,
       R"({"success":"false","data":{},"error_code":"1017","error_info":"Wallet"})",
       "FAILED_PRECONDITION REJECTED MSP_1017"},
      {"code_inside_data", 404,
       R"({"success":false,"data":{"error_code":1008,"error_info":"Description"}})",
       "INVALID_ARGUMENT REJECTED MSP_1008"},
      {"forbidden", 403, R"({"message":"Forbidden"})", "PERMISSION_DENIED REJECTED MSP_HTTP_403"},
      {"plain_not_found", 404, R"({"message":"Not found"})", "NOT_FOUND REJECTED MSP_HTTP_404"},
      {"bad_input", 400, R"({"message":"Invalid account ID."})",
       "INVALID_ARGUMENT REJECTED MSP_HTTP_400"},
      // Nothing certain: a read says what it saw, a payment says that it does not know.
      {"unknown_1000", 404, CodeBody(1000, "Something"), kLost, "UNKNOWN MSP_1000"},
      {"gone_1000", 410, CodeBody(1000, "Not found"), kLost, "NOT_FOUND MSP_1000"},
      {"unspecified_1014", 404, CodeBody(1014), kLost, "UNKNOWN MSP_1014"},
      {"bank_down_1021", 404, CodeBody(1021), kLost, "ABORTED MSP_1021"},
      {"cannot_start_1022", 404, CodeBody(1022), kLost, "FAILED_PRECONDITION MSP_1022"},
      {"general_9999", 404, CodeBody(9999), kLost, "UNKNOWN MSP_9999"},
      {"unlisted", 404, CodeBody(4242), kLost, "UNKNOWN MSP_4242"},
      {"certain_code_with_500", 500, CodeBody(1001), kLost, "INVALID_ARGUMENT MSP_1001"},
      {"taken_with_503", 503, CodeBody(1006), kLost, "NOT_FOUND MSP_1006"},
      {"found_elsewhere", 302, "", kLost, "INTERNAL MSP_HTTP_302"},
      {"request_timeout", 408, "", kLost, "DEADLINE_EXCEEDED MSP_HTTP_408"},
      {"forbidden_in_other_words", 403, R"({"message":"Forbidden area"})", kLost,
       "PERMISSION_DENIED MSP_HTTP_403"},
      {"too_many", 429, R"({"message":"slow down"})", "RESOURCE_EXHAUSTED REJECTED RATE_LIMITED"},
      {"server_error", 500, "", kLost, "INTERNAL MSP_HTTP_500"},
      {"bad_gateway_page", 502, "<html>Bad gateway</html>", kLost, "UNAVAILABLE MSP_HTTP_502"},
      {"unavailable", 503, R"({"message":"later"})", kLost, "UNAVAILABLE MSP_HTTP_503"},
      {"gateway_timeout", 504, "", kLost, "DEADLINE_EXCEEDED MSP_HTTP_504"},
      {"proxy_page_with_404", 404, "<html>Not found</html>", kLost, "NOT_FOUND MSP_HTTP_404"},
      {"empty_success", 200, "", kLost, "INTERNAL UPSTREAM_MALFORMED"},
      {"truncated_success", 200, R"({"success":true,"data":{"order_id":"ord)", kLost,
       "INTERNAL UPSTREAM_MALFORMED"},
      {"page_as_success", 200, "<html>Welcome</html>", kLost, "INTERNAL UPSTREAM_MALFORMED"},
      {"success_without_data", 200, R"({"success":true})", kLost, "INTERNAL UPSTREAM_MALFORMED"},
      {"success_with_nothing", 200, R"({"success":true,"data":{}})", kLost,
       "INTERNAL UPSTREAM_MALFORMED"},
      {"refusal_without_reason", 200, R"({"success":false})", kLost, "UNKNOWN MSP_HTTP_200"},
  };
}

class ErrorResponse : public EndToEnd {
 protected:
  static void ExpectError(const ErrorCase& c, const std::string& expected,
                          const grpc::Status& status, const std::string& order_id = "order-1") {
    SCOPED_TRACE(std::string(c.name) + ": " + status.error_message());
    EXPECT_EQ(SummaryOf(status), expected);
    const CallError error(status);
    const std::string& reason = error.info.reason();
    EXPECT_EQ(error.Metadata("order_id"), order_id);
    // It was sent: no invitation to send it again.
    EXPECT_EQ(error.retry.has_value(), reason == "RATE_LIMITED");
    // A read's reason names the code of the response.
    std::smatch code;
    std::regex_search(c.read, code, std::regex("MSP_([0-9]+)"));
    EXPECT_EQ(error.Metadata("error_code"), code[1].str());
    EXPECT_EQ(error.Metadata("http_status"), std::to_string(c.http_status));
    EXPECT_EQ(error.info.domain(),
              reason.starts_with("MSP_") ? "multisafepay.com" : "multisafepay-grpc");
  }
};

TEST_F(ErrorResponse, OfAReadIsMappedByCodeBeforeHttpStatus) {
  for (const ErrorCase& c : Cases()) {
    const int before = upstream().Count("GET");
    upstream().Answer(c.http_status, c.body);
    ExpectError(c, c.read, Get().status);
    // A certain answer is not asked for again.
    const int attempts = upstream().Count("GET") - before;
    EXPECT_LE(attempts, c.read.find(" REJECTED ") == std::string::npos ? 3 : 1) << c.name;
  }
}

TEST_F(ErrorResponse, OfAPaymentIsConclusiveOrUnknownAndIsSentOnce) {
  int posts = 0;
  for (const ErrorCase& c : Cases()) {
    upstream().Script([&c](const RecordedRequest& request) {
      return request.method == "POST" ? Reply::Json(c.http_status, c.body) : NoSuchOrder();
    });
    // After an unknown outcome an equal call is a repeat: each has an order of its own.
    ExpectError(c, c.create, Create(CardOrder(c.name)).status, c.name);
    EXPECT_EQ(upstream().Count("POST"), ++posts) << c.name;
  }
}

// The order of an error is metadata, of which a client with default settings takes 8 KiB.
TEST_F(ErrorResponse, OutcomeArrivesWhateverTheSizeOfTheOrder) {
  upstream().Script([](const RecordedRequest& request) {
    return request.method == "POST"
               ? Reply::Json(500, "")
               : Reply::Json(200, R"({"success":true,"data":{"order_id":"order-1",)"
                                  R"("transaction_id":4051823,"status":"completed",)"
                                  R"("financial_status":"completed","amount":9743,)"
                                  R"("currency":"EUR","amount_refunded":0,"items":")" +
                                      std::string(20'000, 'x') + R"("}})");
  });
  const auto call =
      Call(channel(), &v1::OrderService::Stub::RefundOrder,
           "order_id: 'order-1' amount: 500 currency: 'EUR' control { idempotency_key: 'key' }");
  EXPECT_EQ(call.Summary(), kLost) << call.status.error_message();
  google::rpc::Status details;
  v1::Order order;
  ASSERT_TRUE(details.ParseFromString(call.status.error_details()));
  EXPECT_TRUE(std::ranges::any_of(details.details(),
                                  [&order](const auto& one) { return one.UnpackTo(&order); }));
  EXPECT_EQ(order.amount(), 9743);
  EXPECT_FALSE(order.has_items());
}

TEST_F(ErrorResponse, ValidationErrorsBecomeFieldViolations) {
  upstream().Answer(422, R"({"success":false,"message":"Validation failed","errors":[)"
                         R"({"attribute":"customer.email","details":["is no address"],)"
                         R"("message":"Wrong","uri":"#/customer/email"}]})");
  const auto call = Create(CardOrder());
  EXPECT_EQ(call.Summary(), "INVALID_ARGUMENT REJECTED MSP_HTTP_422");
  EXPECT_THAT(call.error().Fields(), ::testing::ElementsAre("customer.email"));
  EXPECT_THAT(call.error().bad.field_violations(0).description(), HasSubstr("is no address"));
}

TEST_F(ErrorResponse, OutcomeArrivesWhateverTheNumberAndSizeOfTheViolations) {
  std::string letters;
  for (int i = 0; i < 600; ++i) letters += "\u00e9";  // Percent-encoded, six bytes.
  std::string errors;
  for (int i = 0; i < 20; ++i)
    errors += std::string(i == 0 ? "" : ",") + R"({"attribute":"customer.)" +
              std::string(200, 'a') + R"(","message":")" + letters + "\"}";
  upstream().Answer(
      422, R"({"success":false,"message":")" + letters + R"(","errors":[)" + errors + "]}");
  const auto call = Create(CardOrder());
  EXPECT_EQ(call.Summary(), "INVALID_ARGUMENT REJECTED MSP_HTTP_422")
      << call.status.error_message();
  EXPECT_GE(call.error().Fields().size(), 2U);
}

}  // namespace
}  // namespace msp::e2e
