// SPDX-License-Identifier: Apache-2.0

// Every fault that the sandbox knows, on every call that moves money: the answer to the
// caller, that MultiSafepay received the call once, and that the answer agrees with its books.
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

// Short for what most faults end in.
//   ok          OK CONFIRMED
//   found       OK CONFIRMED, and found by an order lookup
//   unknown     UNKNOWN, reason OUTCOME_UNKNOWN
// Anything else is the code and the reason of a refusal. One for all calls but those that have
// theirs.
struct Row {
  const char* name;
  const char* effect;  // JSON
  const char* answer;
  const char* of_cancel_refund = answer;
  const char* of_cancel = answer;
  const char* of_void = answer;
};

const Row kRows[] = {
    {"Latency", R"({"name":"latency","ms":20})", "ok"},
    {"LatencyBeyondTheTimeout", R"({"name":"latency","ms":900,"when":"after"})", "found"},
    {"CommitThenReset", R"({"name":"commit_then_fail","then":"reset"})", "found"},
    {"CommitThenClose", R"({"name":"commit_then_fail","then":"close"})", "found"},
    {"CommitThenSilence", R"({"name":"commit_then_fail","then":"timeout","hold_ms":900})", "found"},
    {"CommitThen500", R"({"name":"commit_then_fail","then":"500"})", "found"},
    {"CommitThenProxyPage", R"({"name":"commit_then_fail","then":"status","body":"E9"})", "found"},
    {"CommitThenUnknownError",
     R"({"name":"commit_then_fail","then":"api_error","error_code":9999,"status":404})", "found"},
    {"ResetBeforeReading", R"({"name":"reset","when":"before_reading"})", "unknown"},
    {"ResetAfterReading", R"({"name":"reset","when":"after_reading"})", "unknown"},
    {"ResetInTheAnswer", R"({"name":"reset","when":"in_body","bytes":12})", "found"},
    {"TruncatedAnswer", R"({"name":"truncate","bytes":12})", "found"},
    {"TruncatedAnswerOfThatLength", R"({"name":"truncate","bytes":12,"length":"cut"})", "found"},
    {"InvalidJson", R"({"name":"garbage","kind":"invalid_json"})", "found"},
    {"InvalidUtf8", R"({"name":"garbage","kind":"invalid_utf8"})", "found"},
    {"ByteOrderMark", R"({"name":"garbage","kind":"bom"})", "ok"},
    {"DeepNesting", R"({"name":"garbage","kind":"deep"})", "found"},
    {"DuplicateMembers", R"({"name":"garbage","kind":"duplicate_members"})", "found"},
    {"TwentyMebibytes", R"({"name":"garbage","kind":"huge"})", "found"},
    {"SlowBody", R"({"name":"slow_body","bytes_per_second":10})", "found"},
    {"Unavailable", R"({"name":"status","status":503,"body":"html"})", "unknown"},
    {"BadGateway", R"({"name":"status","body":"E9"})", "unknown"},
    {"EmptyError", R"({"name":"status","body":"empty"})", "unknown"},
    {"RequestTimeout", R"({"name":"status","status":408,"body":"empty"})", "unknown"},
    {"RateLimit", R"({"name":"rate_limit","calls":0})", "RESOURCE_EXHAUSTED RATE_LIMITED"},
    {"Redirect", R"({"name":"redirect"})", "unknown"},
    {"Error1000", R"({"name":"api_error","error_code":1000,"status":404})", "unknown"},
    {"Error1014", R"({"name":"api_error","error_code":1014})", "unknown"},
    {"Error1021", R"({"name":"api_error","error_code":1021})", "unknown"},
    {"Error1022", R"({"name":"api_error","error_code":1022})", "unknown"},
    {"Error9999", R"({"name":"api_error","error_code":9999})", "unknown"},
    {"ErrorThatNobodyKnows", R"({"name":"api_error","error_code":4711})", "unknown"},
    {"Error1001", R"({"name":"api_error","error_code":1001})", "INVALID_ARGUMENT MSP_1001"},
    {"Error1019", R"({"name":"status","body":"E3"})", "FAILED_PRECONDITION MSP_1019"},
    {"Error1032", R"({"name":"api_error","error_code":1032,"status":401})",
     "UNAUTHENTICATED MSP_1032"},
    {"Error1034Nested", R"({"name":"status","body":"E8"})", "FAILED_PRECONDITION MSP_1034"},
    {"Validation", R"({"name":"status","body":"E7"})", "INVALID_ARGUMENT MSP_HTTP_422"},
    {"AnotherOrder", R"({"name":"wrong_type","pointer":"/data/order_id","value":"somebody-elses"})",
     "found", "found", "ok"},
    {"DataThatIsAList", R"({"name":"wrong_type","pointer":"/data","value":[]})", "found", "ok",
     "ok", "ok"},
};

class FaultMatrix : public ::testing::TestWithParam<Row> {
 protected:
  static void SetUpTestSuite() {
    sandbox::Settings settings;
    settings.five_minute_rule = false;
    environment_ = std::make_unique<Environment>(
        settings,
        std::vector<std::string>{"--upstream_timeout_ms=400", "--settle_ms=60",
                                 "--reconcile_backoff_ms=10", "--log_level=error"},
        Environment::Path::kDirect);
  }
  static void TearDownTestSuite() { environment_.reset(); }

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

  static std::string AnswerTo(Kind kind, const Message& request);

  inline static std::unique_ptr<Environment> environment_;
};

// The calls in text format, without the order's id.
constexpr const char* kRequests[kKinds] = {
    "",
    "amount: 400 control { idempotency_key: 'capture-1' }",
    "reason: 'out of tulips'",
    "amount: 400 currency: 'EUR' control { idempotency_key: 'refund-1' }",
    "refund_id: 'REFUND'",
    "",
};

std::string FaultMatrix::AnswerTo(Kind kind, const Message& request) {
  const Called called = environment_->Call(kNames[kind], request);
  if (!called.ok()) {
    const client::Error& error = *called.error;
    if (error.outcome == v1::OUTCOME_UNKNOWN)
      return error.code == grpc::StatusCode::UNKNOWN ? "unknown" : "UNKNOWN under another code";
    if (error.outcome != v1::OUTCOME_REJECTED) return "not REJECTED: " + called.Text();
    return absl::StrCat(std::string(client::NameOf(error.code)), " ", error.reason);
  }
  if (called.result().outcome() != v1::OUTCOME_CONFIRMED) return "OK without CONFIRMED";
  return called.result().reconciled() ? "found" : "ok";
}

TEST_P(FaultMatrix, EndsAsTheTableSaysAfterOneCall) {
  const Row& row = GetParam();
  for (int i = 0; i < kKinds; ++i) {
    const auto kind = static_cast<Kind>(i);
    SCOPED_TRACE(kNames[i]);
    const std::string order_id = absl::StrCat(row.name, ".", kNames[i]);
    const auto request = environment_->Prepare(kNames[kind], order_id, kRequests[kind]);
    for (const char* method : {"POST", "PATCH"}) {
      environment_->Control("faults", {{"match", {{"method", method}, {"times", 1}}},
                                       {"effect", Json::parse(row.effect)}});
    }
    const std::string answer = AnswerTo(kind, *request);
    EXPECT_EQ(answer, kind == kCancelRefund ? row.of_cancel_refund
                      : kind == kCancel     ? row.of_cancel
                      : kind == kVoid       ? row.of_void
                                            : row.answer);
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
