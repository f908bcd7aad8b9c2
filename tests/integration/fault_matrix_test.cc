// SPDX-License-Identifier: Apache-2.0

// Every fault that the sandbox knows, on every call that moves money: the answer to the
// caller, that MultiSafepay received the call once, and that the answer agrees with its books.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/integration/environment.h"

namespace msp::integration {
namespace {

// One call of each kind, on an order of its own.
enum Kind { kCreate, kCapture, kVoid, kRefund, kCancelRefund, kCancel, kKinds };
constexpr const char* kNames[kKinds] = {"CreateOrder", "CaptureOrder", "VoidOrder",
                                        "RefundOrder", "CancelRefund", "CancelOrder"};

// What the order is without the call, and with it.
struct States {
  const char* before;
  const char* done;
};
constexpr States kStates[kKinds] = {{"absent", "PAID"},
                                    {"AUTHORIZED", "PARTIALLY_CAPTURED"},
                                    {"AUTHORIZED", "CANCELLED"},
                                    {"PAID", "PAID, 400 refunded"},
                                    {"PAID, 400 refunded", "PAID"},
                                    {"PENDING", "CANCELLED"}};

// Short for the two endings that most faults have.
//   ok          OK CONFIRMED
//   found       OK CONFIRMED, and found by an order lookup
//   unknown     UNKNOWN, reason OUTCOME_UNKNOWN
// Anything else is the code and the reason of a refusal. One for all calls, or one for each.
struct Row {
  const char* name;
  const char* effect;  // JSON
  std::vector<std::string> answers;
};

const Row kRows[] = {
    {"Latency", R"({"name":"latency","ms":20})", {"ok"}},
    {"LatencyBeyondTheTimeout", R"({"name":"latency","ms":900,"when":"after"})", {"found"}},
    {"CommitThenReset", R"({"name":"commit_then_fail","then":"reset"})", {"found"}},
    {"CommitThenClose", R"({"name":"commit_then_fail","then":"close"})", {"found"}},
    {"CommitThenSilence",
     R"({"name":"commit_then_fail","then":"timeout","hold_ms":900})",
     {"found"}},
    {"CommitThen500", R"({"name":"commit_then_fail","then":"500"})", {"found"}},
    {"CommitThenProxyPage",
     R"({"name":"commit_then_fail","then":"status","body":"E9"})",
     {"found"}},
    {"CommitThenUnknownError",
     R"({"name":"commit_then_fail","then":"api_error","error_code":9999,"status":404})",
     {"found"}},
    {"ResetBeforeReading", R"({"name":"reset","when":"before_reading"})", {"unknown"}},
    {"ResetAfterReading", R"({"name":"reset","when":"after_reading"})", {"unknown"}},
    {"ResetInTheAnswer", R"({"name":"reset","when":"in_body","bytes":12})", {"found"}},
    {"TruncatedAnswer", R"({"name":"truncate","bytes":12})", {"found"}},
    {"TruncatedAnswerOfThatLength", R"({"name":"truncate","bytes":12,"length":"cut"})", {"found"}},
    {"InvalidJson", R"({"name":"garbage","kind":"invalid_json"})", {"found"}},
    {"InvalidUtf8", R"({"name":"garbage","kind":"invalid_utf8"})", {"found"}},
    {"ByteOrderMark", R"({"name":"garbage","kind":"bom"})", {"ok"}},
    {"DeepNesting", R"({"name":"garbage","kind":"deep"})", {"found"}},
    {"DuplicateMembers", R"({"name":"garbage","kind":"duplicate_members"})", {"ok"}},
    {"TwentyMebibytes", R"({"name":"garbage","kind":"huge"})", {"found"}},
    {"SlowBody", R"({"name":"slow_body","bytes_per_second":10})", {"found"}},
    {"Unavailable", R"({"name":"status","status":503,"body":"html"})", {"unknown"}},
    {"BadGateway", R"({"name":"status","body":"E9"})", {"unknown"}},
    {"EmptyError", R"({"name":"status","body":"empty"})", {"unknown"}},
    {"RequestTimeout", R"({"name":"status","status":408,"body":"empty"})", {"unknown"}},
    {"RateLimit", R"({"name":"rate_limit","calls":0})", {"RESOURCE_EXHAUSTED RATE_LIMITED"}},
    {"Redirect", R"({"name":"redirect"})", {"unknown"}},
    {"Error1000", R"({"name":"api_error","error_code":1000,"status":404})", {"unknown"}},
    {"Error1014", R"({"name":"api_error","error_code":1014})", {"unknown"}},
    {"Error1021", R"({"name":"api_error","error_code":1021})", {"unknown"}},
    {"Error1022", R"({"name":"api_error","error_code":1022})", {"unknown"}},
    {"Error9999", R"({"name":"api_error","error_code":9999})", {"unknown"}},
    {"ErrorThatNobodyKnows", R"({"name":"api_error","error_code":4711})", {"unknown"}},
    {"Error1001", R"({"name":"api_error","error_code":1001})", {"INVALID_ARGUMENT MSP_1001"}},
    {"Error1019", R"({"name":"status","body":"E3"})", {"FAILED_PRECONDITION MSP_1019"}},
    {"Error1032",
     R"({"name":"api_error","error_code":1032,"status":401})",
     {"UNAUTHENTICATED MSP_1032"}},
    {"Error1034Nested", R"({"name":"status","body":"E8"})", {"FAILED_PRECONDITION MSP_1034"}},
    {"Validation", R"({"name":"status","body":"E7"})", {"INVALID_ARGUMENT MSP_HTTP_422"}},
    {"AnotherOrder",
     R"({"name":"wrong_type","pointer":"/data/order_id","value":"somebody-elses"})",
     {"found", "found", "found", "found", "found", "ok"}},
    {"DataThatIsAList",
     R"({"name":"wrong_type","pointer":"/data","value":[]})",
     {"found", "found", "ok", "found", "ok", "ok"}},
};

class FaultMatrix : public ::testing::TestWithParam<Row> {
 protected:
  static void SetUpTestSuite() {
    sandbox::Settings settings;
    settings.five_minute_rule = false;
    environment_ = new Environment(settings,
                                   {"--upstream_timeout_ms=400", "--settle_ms=60",
                                    "--reconcile_backoff_ms=10", "--log_level=error"},
                                   Environment::Path::kDirect);
  }
  static void TearDownTestSuite() {
    delete environment_;
    environment_ = nullptr;
  }

  static std::string StateOf(const std::string& order_id) {
    v1::GetOrderRequest request;
    request.set_order_id(order_id);
    const Called called = environment_->Call("GetOrder", request);
    if (!called.ok()) return called.error->error_code == 1006 ? "absent" : called.Text();
    constexpr std::size_t kPrefix = std::string_view("PAYMENT_STATE_").size();
    const v1::Order& order = called.As<v1::GetOrderResponse>().order();
    std::string state = v1::PaymentState_Name(order.payment_state()).substr(kPrefix);
    if (order.amount_refunded() != 0)
      absl::StrAppend(&state, ", ", order.amount_refunded(), " refunded");
    return state;
  }

  // Makes what the call needs, without faults, and returns the call.
  static std::unique_ptr<Message> Prepare(Kind kind, const std::string& order_id);
  static std::string AnswerTo(Kind kind, const Message& request);

  static Environment* environment_;
};

Environment* FaultMatrix::environment_ = nullptr;

v1::RefundOrderRequest RefundOf(const std::string& order_id) {
  v1::RefundOrderRequest refund;
  refund.set_order_id(order_id);
  refund.set_amount(400);
  refund.set_currency("EUR");
  refund.mutable_control()->set_idempotency_key("refund-1");
  return refund;
}

std::unique_ptr<Message> FaultMatrix::Prepare(Kind kind, const std::string& order_id) {
  auto request = NewRequest(MethodOf(kNames[kind]));
  const auto make = [](const v1::CreateOrderRequest& order) {
    const Called called = environment_->Call("CreateOrder", order);
    ASSERT_TRUE(called.ok()) << called.Text();
  };
  switch (kind) {
    case kCreate:
      request->CopyFrom(CardOrder(order_id, 1000));
      break;
    case kCapture: {
      make(CardOrder(order_id, 1000, /*manual=*/true));
      auto& capture = static_cast<v1::CaptureOrderRequest&>(*request);
      capture.set_order_id(order_id);
      capture.set_amount(400);
      capture.mutable_control()->set_idempotency_key("capture-1");
      break;
    }
    case kVoid: {
      make(CardOrder(order_id, 1000, /*manual=*/true));
      auto& voiding = static_cast<v1::VoidOrderRequest&>(*request);
      voiding.set_order_id(order_id);
      voiding.set_reason("out of tulips");
      break;
    }
    case kRefund:
      make(CardOrder(order_id, 1000));
      request->CopyFrom(RefundOf(order_id));
      break;
    case kCancelRefund: {
      make(CardOrder(order_id, 1000));
      const Called refunded = environment_->Call("RefundOrder", RefundOf(order_id));
      EXPECT_TRUE(refunded.ok()) << refunded.Text();
      auto& cancel = static_cast<v1::CancelRefundRequest&>(*request);
      cancel.set_order_id(order_id);
      if (refunded.ok())
        cancel.set_refund_id(refunded.As<v1::RefundOrderResponse>().refund().psp_refund_id());
      break;
    }
    case kCancel:
      make(PageOrder(order_id, 1000));
      static_cast<v1::CancelOrderRequest&>(*request).set_order_id(order_id);
      break;
    case kKinds:
      break;
  }
  return request;
}

template <class Response>
std::string Summary(const Called& called) {
  const v1::CallResult& result = called.As<Response>().result();
  if (result.outcome() != v1::OUTCOME_CONFIRMED) return "OK without CONFIRMED";
  return result.reconciled() ? "found" : "ok";
}

std::string FaultMatrix::AnswerTo(Kind kind, const Message& request) {
  const Called called = environment_->Call(kNames[kind], request);
  if (!called.ok()) {
    const client::Error& error = *called.error;
    if (error.outcome == v1::OUTCOME_UNKNOWN)
      return error.code == grpc::StatusCode::UNKNOWN ? "unknown" : "UNKNOWN under another code";
    if (error.outcome != v1::OUTCOME_REJECTED) return "not REJECTED: " + called.Text();
    return absl::StrCat(std::string(client::NameOf(error.code)), " ", error.reason);
  }
  switch (kind) {
    case kCreate:
      return Summary<v1::CreateOrderResponse>(called);
    case kCapture:
      return Summary<v1::CaptureOrderResponse>(called);
    case kVoid:
      return Summary<v1::VoidOrderResponse>(called);
    case kRefund:
      return Summary<v1::RefundOrderResponse>(called);
    case kCancelRefund:
      return Summary<v1::CancelRefundResponse>(called);
    case kCancel:
    case kKinds:
      break;
  }
  return Summary<v1::CancelOrderResponse>(called);
}

TEST_P(FaultMatrix, EndsAsTheTableSaysAfterOneCall) {
  const Row& row = GetParam();
  for (int i = 0; i < kKinds; ++i) {
    const auto kind = static_cast<Kind>(i);
    SCOPED_TRACE(kNames[i]);
    const std::string order_id = absl::StrCat(row.name, ".", kNames[i]);
    const auto request = Prepare(kind, order_id);
    for (const char* method : {"POST", "PATCH"}) {
      environment_->Control("faults", {{"match", {{"method", method}, {"times", 1}}},
                                       {"effect", Json::parse(row.effect)}});
    }
    const std::string answer = AnswerTo(kind, *request);
    EXPECT_EQ(answer,
              row.answers.size() == 1 ? row.answers[0] : row.answers[static_cast<std::size_t>(i)]);
    std::int64_t fired = 0;
    std::int64_t seen = 0;
    for (const auto& rule : environment_->Control("faults")) {
      fired += rule.at("fired").get<std::int64_t>();
      seen += rule.at("matched").get<std::int64_t>();
    }
    EXPECT_EQ(fired, 1);
    EXPECT_EQ(seen, 1) << "POSTs and PATCHes that arrived";
    environment_->ClearFaults();
    const bool done = answer == "ok" || answer == "found";
    EXPECT_EQ(StateOf(order_id), done ? kStates[i].done : kStates[i].before);
  }
}

INSTANTIATE_TEST_SUITE_P(Each, FaultMatrix, ::testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace msp::integration
