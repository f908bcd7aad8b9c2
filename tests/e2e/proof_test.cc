// SPDX-License-Identifier: Apache-2.0

// What a caller receives when MultiSafepay's answer says less, or something else, than the API
// documents: a confirmation and a refusal both need proof, and everything else is looked up.
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "multisafepay/v1/payment_method_service.grpc.pb.h"
#include "multisafepay/v1/token_service.grpc.pb.h"
#include "tests/e2e/end_to_end.h"
#include "tests/testing/requests.h"

namespace msp::e2e {
namespace {

using ::testing::HasSubstr;

// An order as GET shows it; `more` are further members, each followed by a comma.
std::string OrderBody(const std::string& more, const std::string& related = "",
                      const std::string& amount = R"("amount":9743,)",
                      const std::string& status = "completed") {
  return R"({"success":true,"data":{)" + amount + more +
         R"("order_id":"order-1","transaction_id":4010,"currency":"EUR","status":")" + status +
         R"(","financial_status":")" + status +
         R"(","payment_details":{"type":"VISA"},"related_transactions":[)" + related + "]}}";
}

std::string RefundWith(const std::string& id, const std::string& status = "reserved") {
  return R"({"type":"refund","transaction_id":91,"amount":500,"currency":"EUR","status":")" +
         status + R"(","order_id":")" + id + R"(","refund_order_id":")" + id + R"("})";
}

class Proof : public EndToEnd {
 protected:
  // An equal call right after another one is held back: each of several gets a server of its own.
  void StartAnew() {
    StopServer();
    StartServer();
  }

  // Writes meet `answer`; GETs of the order show `before` until the first write, then `after`.
  void On(int http_status, const std::string& answer, const std::string& before,
          const std::string& after) {
    const int written = upstream().Count("POST") + upstream().Count("PATCH");
    upstream().Script([=, this](const RecordedRequest& request) {
      if (request.method != "GET") return Reply::Json(http_status, answer);
      const bool later = upstream().Count("POST") + upstream().Count("PATCH") > written;
      return Reply::Json(200, later ? after : before);
    });
  }

  Called<v1::RefundOrderResponse> Refund(bool full = false) {
    auto request = msp::testing::FromText<v1::RefundOrderRequest>(
        "order_id: 'order-1' refund_order_id: 'refund-1'");
    if (full) {
      request.mutable_full();
    } else {
      request.set_amount(500);
    }
    return Call(channel(), &v1::OrderService::Stub::RefundOrder, request);
  }
  Called<v1::CaptureOrderResponse> Capture() {
    return Call(channel(), &v1::OrderService::Stub::CaptureOrder,
                "order_id: 'order-1' new_order_id: 'capture-1' amount: 500");
  }
  Called<v1::VoidOrderResponse> Void() {
    return Call(channel(), &v1::OrderService::Stub::VoidOrder,
                "order_id: 'order-1' reason: 'no stock'");
  }
  Called<v1::CancelRefundResponse> CancelRefund() {
    return Call(channel(), &v1::OrderService::Stub::CancelRefund,
                "order_id: 'order-1' refund_id: '91'");
  }

  Called<v1::DeleteTokenResponse> DeleteToken() {
    return Call(channel(), &v1::TokenService::Stub::DeleteToken,
                "reference: 'customer-1' token: 'token-1'");
  }

  static std::string Authorized(const std::string& captures = "", int remain = 9743) {
    return R"({"success":true,"data":{"order_id":"order-1","transaction_id":4010,"amount":9743,)"
           R"("currency":"EUR","status":"completed","financial_status":"initialized",)"
           R"("payment_details":{"type":"VISA","capture":"manual","capture_remain":)" +
           std::to_string(remain) + R"(},"related_transactions":[)" + captures + "]}}";
  }
};

const char* const kEmptySuccesses[] = {R"({"data":{}})", R"({"data":[]})",
                                       R"({"success":null,"data":{}})",
                                       R"({"success":"","data":{}})", R"({"success":null})"};

TEST_F(Proof, AnEmptySuccessIsLookedUpAndTheRecordIsReturned) {
  const std::string captured =
      R"({"type":"capture","transaction_id":92,"amount":500,"order_id":"capture-1"})";
  for (const char* answer : kEmptySuccesses) {
    SCOPED_TRACE(answer);
    StartAnew();
    On(200, answer, OrderBody(""), OrderBody("", RefundWith("refund-1")));
    const auto refund = Refund();
    EXPECT_EQ(refund.Summary(), "CONFIRMED reconciled");
    EXPECT_EQ(refund.response.refund().psp_refund_id(), "91");
  }
  for (const char* answer : kEmptySuccesses) {
    SCOPED_TRACE(answer);
    StartAnew();
    On(200, answer, Authorized(), Authorized(captured, 9243));
    EXPECT_EQ(Capture().Summary(), "CONFIRMED reconciled");
    StartAnew();
    On(200, answer, Authorized(), OrderBody("", "", R"("amount":9743,)", "void"));
    EXPECT_EQ(Void().Summary(), "CONFIRMED reconciled");
    On(200, answer, OrderBody("", RefundWith("refund-1")),
       OrderBody("", RefundWith("refund-1", "void")));
    EXPECT_EQ(CancelRefund().Summary(), "CONFIRMED reconciled");
  }
}

TEST_F(Proof, AnEmptySuccessOfWhatWasNotDoneIsNeverConfirmed) {
  On(200, R"({"data":{}})", OrderBody(""), OrderBody(""));
  EXPECT_EQ(Refund().Summary(), "UNKNOWN UNKNOWN OUTCOME_UNKNOWN");
  On(200, R"({"success":true,"data":{}})", OrderBody(""), OrderBody(""));
  EXPECT_EQ(Refund().Summary(), "UNKNOWN UNKNOWN OUTCOME_UNKNOWN");
}

TEST_F(Proof, AVoidThatIsDeniedInsideItsSuccessIsLookedUp) {
  const char* const denied = R"({"success":true,"data":{"success":false}})";
  On(200, denied, Authorized(), Authorized());
  EXPECT_EQ(Void().Summary(), "UNKNOWN UNKNOWN OUTCOME_UNKNOWN");
  On(200, denied, Authorized(), OrderBody("", "", R"("amount":9743,)", "void"));
  EXPECT_EQ(Void().Summary(), "CONFIRMED reconciled");
  On(200, denied, Authorized(), OrderBody(""));
  EXPECT_EQ(Void().Summary(), "FAILED_PRECONDITION REJECTED NOT_AN_AUTHORIZATION");
}

TEST_F(Proof, WritesAndReadsOfEmptySuccessesAreMalformed) {
  for (const char* answer : kEmptySuccesses) {
    SCOPED_TRACE(answer);
    upstream().Answer(200, answer);
    EXPECT_EQ(Call(channel(), &v1::OrderService::Stub::UpdateOrder,
                   "order_id: 'order-1' status: 'shipped'")
                  .reason(),
              "UPSTREAM_MALFORMED");
    EXPECT_EQ(
        Call(channel(), &v1::TokenService::Stub::ListTokens, "reference: 'customer-1'").reason(),
        "UPSTREAM_MALFORMED");
    EXPECT_EQ(Call(channel(), &v1::PaymentMethodService::Stub::ListGateways, "").reason(),
              "UPSTREAM_MALFORMED");
    EXPECT_EQ(DeleteToken().reason(), "UPSTREAM_MALFORMED");
  }
}

TEST_F(Proof, ATokenThatWasNotRemovedOrUpdatedIsNoSuccess) {
  upstream().Answer(200, R"({"success":true,"data":{"removed":false}})");
  const grpc::Status deleted = DeleteToken().status;
  EXPECT_EQ(NameOf(deleted.error_code()), "FAILED_PRECONDITION");
  EXPECT_THAT(deleted.error_message(), HasSubstr("data.removed is false"));
  upstream().Answer(200, R"({"success":true,"data":{"updated":false}})");
  EXPECT_EQ(Call(channel(), &v1::TokenService::Stub::UpdateToken,
                 "reference: 'customer-1' token: 'token-1' expiry_date: '3012'")
                .reason(),
            "NOT_DONE");
}

TEST_F(Proof, AnOrderWithoutAReadableAmountIsNeverNothingLeft) {
  for (const char* amount : {R"("amount":null,)", "", R"("amount":"",)", R"("amount":1000.5,)",
                             R"("amount":99999999999999999999,)", R"("amount":{},)"}) {
    SCOPED_TRACE(amount);
    On(200, R"({"success":true,"data":{"transaction_id":4010,"refund_id":91}})",
       OrderBody("", "", amount), "");
    const auto refund = Refund(/*full=*/true);
    EXPECT_EQ(refund.Summary(), "INTERNAL NOT_SENT UPSTREAM_MALFORMED");
    EXPECT_THAT(refund.status.error_message(), HasSubstr("amount"));
  }
  // What was refunded before counts like the amount itself.
  On(200, "", OrderBody(R"("amount_refunded":"some",)"), "");
  EXPECT_THAT(Refund(true).status.error_message(), HasSubstr("amount_refunded"));
  On(200, "", OrderBody("", R"({"type":"refund","refund_order_id":"other","status":"completed"})"),
     "");
  EXPECT_THAT(Refund(true).status.error_message(), HasSubstr("related_transactions.amount"));
  EXPECT_EQ(upstream().Count("POST"), 0);
}

TEST_F(Proof, ARefusalWithoutItsProofIsLookedUp) {
  const std::string order = R"({"order_id":"order-1","status":"completed","amount":9743})";
  const struct {
    int http_status;
    std::string body;
  } kAnswers[] = {
      {400, "{}"},
      {400, "[]"},
      {400, "null"},
      {401, "{}"},
      {403, "[]"},
      {404, "{}"},
      {404, "null"},
      {410, "{}"},
      {403, R"({"message":"forbidden by a proxy"})"},
      {404, R"({"error_code":1001,"error_info":"no envelope"})"},
      {400, R"({"success":true,"data":)" + order + "}"},
      {200, R"({"success":true,"error_code":1001,"data":)" + order + "}"},
      {404, R"({"success":false,"error_code":1001,"data":)" + order + "}"},
      {404, R"({"success":false,"error_code":1006,"data":)" + order + "}"},
  };
  for (const auto& answer : kAnswers) {
    SCOPED_TRACE(answer.body);
    StartAnew();
    On(answer.http_status, answer.body, OrderBody(""), OrderBody("", RefundWith("refund-1")));
    EXPECT_EQ(Refund().Summary(), "CONFIRMED reconciled") << answer.http_status;
    upstream().Script([&](const RecordedRequest& request) {
      return request.method == "GET" ? NoSuchOrder() : Reply::Json(answer.http_status, answer.body);
    });
    EXPECT_EQ(Create(CardOrder()).Summary(), "UNKNOWN UNKNOWN OUTCOME_UNKNOWN")
        << answer.http_status;
  }
}

TEST_F(Proof, AnAnswerAboutAnotherPaymentIsNone) {
  // The answer to another order's refund: another payment's id, and another refund's.
  On(200, R"({"success":true,"data":{"transaction_id":5555,"refund_id":77}})", OrderBody(""),
     OrderBody("", RefundWith("refund-1")));
  auto refund = Refund();
  EXPECT_EQ(refund.Summary(), "CONFIRMED reconciled");
  EXPECT_EQ(refund.response.refund().psp_refund_id(), "91");
  StartAnew();
  On(200, R"({"success":true,"data":{"transaction_id":5555,"refund_id":77}})", OrderBody(""),
     OrderBody(""));
  EXPECT_EQ(Refund().Summary(), "UNKNOWN UNKNOWN UPSTREAM_MISMATCH");
  // A create's answer with another call's marker in the member where ours was placed.
  StopServer();
  StartServer({"--idempotency_marker=auto"});
  upstream().Script([](const RecordedRequest& request) {
    if (request.method != "POST") return NoSuchOrder();
    return Reply::Json(200, R"({"success":true,"data":{"order_id":"order-1","amount":9743,)"
                            R"("currency":"EUR","status":"completed","custom_info":)"
                            R"({"custom_3":"idem:another-call"}}})");
  });
  EXPECT_EQ(Create(CardOrder()).Summary(), "UNKNOWN UNKNOWN UPSTREAM_MISMATCH");
}

TEST_F(Proof, ARateLimitIsARefusalWithATimeAndNoLookup) {
  upstream().Script([](const RecordedRequest&) {
    return Reply::Json(429, R"({"message":"slow down"})").Header("Retry-After", "7");
  });
  const auto create = Create(CardOrder());
  EXPECT_EQ(create.Summary(), "RESOURCE_EXHAUSTED REJECTED RATE_LIMITED");
  ASSERT_TRUE(create.error().retry.has_value());
  EXPECT_EQ(create.error().retry->retry_delay().seconds(), 7);
  EXPECT_EQ(upstream().requests().size(), 1u);
  upstream().Answer(429, "");
  const auto get = Get();
  EXPECT_EQ(get.code(), "RESOURCE_EXHAUSTED");
  EXPECT_EQ(get.reason(), "RATE_LIMITED");
  EXPECT_TRUE(get.error().retry.has_value());
  EXPECT_EQ(upstream().requests().size(), 2u);
}

TEST_F(Proof, ALookupThatMeetsARateLimitWaitsAsLongAsRetryAfterSays) {
  upstream().Script([this](const RecordedRequest& request) {
    if (request.method == "POST") return Reply::Json(500, "");
    if (upstream().Count("GET") == 1) return Reply::Json(429, "").Header("Retry-After", "1");
    return Reply::Json(200, OrderBody(R"("custom_info":{"custom_3":"idem:key-1"},)"));
  });
  StartServer({"--idempotency_marker=auto"});
  v1::CreateOrderRequest order = CardOrder();
  order.mutable_control()->set_idempotency_key("key-1");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(Create(order).Summary(), "CONFIRMED reconciled");
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(950));
  EXPECT_EQ(upstream().Count("GET"), 2);
  EXPECT_EQ(upstream().Count("POST"), 1);
}

TEST_F(Proof, AStoredCardThatIsGoneIsReportedOnceNoOrderHasComeOfIt) {
  for (const char* text : {"Not found: token", "Token not found"}) {
    upstream().Script([text](const RecordedRequest& request) {
      if (request.method != "POST") return NoSuchOrder();
      return Reply::Json(410, R"({"success":false,"data":{},"error_code":1000,"error_info":")" +
                                  std::string(text) + "\"}");
    });
    v1::CreateOrderRequest order = CardOrder();
    order.clear_gateway_info();
    order.set_recurring_id("token-1");
    order.set_recurring_model("cardOnFile");
    EXPECT_EQ(Create(order).Summary(), "NOT_FOUND REJECTED TOKEN_NOT_FOUND");
    order.mutable_control()->set_repeat(true);
    EXPECT_EQ(Create(order).Summary(), "NOT_FOUND REJECTED TOKEN_NOT_FOUND");
  }
  // The same code without a stored card stays open.
  EXPECT_EQ(Create(CardOrder("order-2")).Summary(), "UNKNOWN UNKNOWN OUTCOME_UNKNOWN");
}

TEST_F(Proof, AnOrderWithoutRoomForAMarkerIsReported) {
  StartServer({"--idempotency_marker=auto"});
  v1::CreateOrderRequest order = CardOrder();
  order.mutable_custom_info()->set_custom_3("theirs");
  order.set_var1("theirs too");
  const auto create = Create(order);
  EXPECT_EQ(create.Summary(), "CONFIRMED");
  EXPECT_EQ(create.response.result().reason(), "NO_MARKER");
}

}  // namespace
}  // namespace msp::e2e
