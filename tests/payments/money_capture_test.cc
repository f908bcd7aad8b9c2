// SPDX-License-Identifier: Apache-2.0

// CaptureOrder, VoidOrder and CancelOrder: what the record has to show before they count as done.
#include "tests/payments/money_test.h"

namespace msp::payments {
namespace {

using ::testing::HasSubstr;
using Capture = Caller<v1::CaptureOrderRequest, v1::CaptureOrderResponse>;
using Void = Caller<v1::VoidOrderRequest, v1::VoidOrderResponse>;
using Cancel = Caller<v1::CancelOrderRequest, v1::CancelOrderResponse>;

constexpr char kKey[] = "key-1";

const Site& TestSite() {
  static const auto& site = *new Site("default", "abcde-12345");
  return site;
}

std::string IdOf(const std::string& key) { return DerivedId("capture-", "order-1", key); }

v1::CaptureOrderRequest Plain(std::int64_t amount = 500) {
  v1::CaptureOrderRequest capture;
  capture.set_order_id("order-1");
  if (amount != 0) capture.set_amount(amount);
  return capture;
}

v1::CaptureOrderRequest Keyed(std::int64_t amount = 500, const std::string& key = kKey) {
  v1::CaptureOrderRequest capture = Plain(amount);
  capture.mutable_control()->set_idempotency_key(key);
  return capture;
}

template <class Request>
Request Repeat(Request request) {
  request.mutable_control()->set_repeat(true);
  return request;
}

std::string PlainKey(std::int64_t amount) {
  v1::CaptureOrderRequest capture = Plain(amount);
  return DerivedKey(
      DigestOf(TestOperations().Find("CaptureOrder"), capture, TestSite().keyed_hash()));
}

std::string Part(const std::string& order_id, std::int64_t amount = 500) {
  return R"({"type":"capture","transaction_id":91,"amount":)" + std::to_string(amount) +
         R"(,"currency":"EUR","status":"completed","order_id":")" + order_id + R"("})";
}

// An authorization of 97.43 with what is left of it.
http::Response Authorized(std::int64_t remain = 9743, const std::string& related = "") {
  return OrderJson{.financial_status = remain == 0 && related.empty() ? "completed" : "initialized",
                   .related = "[" + related + "]",
                   .details = R"({"type":"VISA","capture":"manual","capture_remain":)" +
                              std::to_string(remain) + "}"}
      .Answer();
}
http::Response InStatus(const std::string& status, const std::string& financial) {
  return OrderJson{.status = status, .financial_status = financial}.Answer();
}
http::Response Voided() { return InStatus("void", "void"); }
http::Response Captured(const std::string& id = "order-1") {
  return SuccessAnswer(R"({"transaction_id":91,"order_id":")" + id + R"("})");
}

template <class Request>
struct Case {
  std::string name;
  Request request;
  Answers writes;
  Answers reads;
  std::string summary;
  std::size_t sent = 1;
  Answers late_reads = {};
};

class MoneyCaptureCase : public MoneyTest,
                         public ::testing::WithParamInterface<Case<v1::CaptureOrderRequest>> {};

TEST_P(MoneyCaptureCase, EndsAsTheRecordShows) {
  const auto& the = GetParam();
  client.writes = the.writes;
  client.reads = the.reads;
  client.late_reads = the.late_reads;
  if (!the.late_reads.empty()) client.late_after = the.sent;
  Capture call(api(), "CaptureOrder", the.request, site(), std::chrono::seconds(1));
  EXPECT_EQ(call.Summary(), the.summary);
  EXPECT_EQ(client.written(), the.sent);
  if (call.ok()) {
    EXPECT_GT(call.response.capture().amount(), 0);
  }
}

std::vector<Case<v1::CaptureOrderRequest>> Captures() {
  const std::string ours = IdOf(kKey);
  v1::CaptureOrderRequest own_id = Plain();
  own_id.set_new_order_id("part-7");
  v1::CaptureOrderRequest resending = Keyed();
  resending.mutable_control()->set_resend_if_absent(true);
  return {
      {"Success", Keyed(), {Captured(ours)}, {Authorized()}, "OK CONFIRMED"},
      {"OrderAbsent", Keyed(), {}, {Absent()}, "NOT_FOUND REJECTED MSP_1006", 0},
      // A full capture may have been this one's: the order's amount would show it.
      {"AllIsCapturedOfAnAmountThatIsMissing",
       Keyed(9743),
       {},
       {SuccessAnswer(
           R"({"order_id":"order-1","status":"completed","financial_status":"completed",)"
           R"("payment_details":{"type":"VISA","capture":"manual","capture_remain":0}})")},
       "INTERNAL NOT_SENT UPSTREAM_MALFORMED",
       0},
      {"OrderUnreadable",
       Keyed(),
       {},
       {LostAnswer()},
       "UNAVAILABLE NOT_SENT UPSTREAM_UNAVAILABLE",
       0},
      {"RepeatAndOrderUnreadable",
       Repeat(Keyed()),
       {},
       {LostAnswer()},
       "UNKNOWN UNKNOWN OUTCOME_UNKNOWN",
       0},
      // What could only end in MultiSafepay's "unspecified" is not sent.
      {"NotPaidYet",
       Keyed(),
       {},
       {InStatus("initialized", "initialized")},
       "FAILED_PRECONDITION REJECTED NOT_AN_AUTHORIZATION",
       0},
      {"PaidAtOnce",
       Keyed(),
       {},
       {InStatus("completed", "completed")},
       "FAILED_PRECONDITION REJECTED NOT_AN_AUTHORIZATION",
       0},
      {"Void", Keyed(), {}, {Voided()}, "FAILED_PRECONDITION REJECTED NOT_AN_AUTHORIZATION", 0},
      {"Declined",
       Keyed(),
       {},
       {InStatus("declined", "declined")},
       "FAILED_PRECONDITION REJECTED NOT_AN_AUTHORIZATION",
       0},
      {"NothingLeft",
       Keyed(),
       {},
       {Authorized(0, Part("part-1", 9743))},
       "FAILED_PRECONDITION REJECTED NOTHING_LEFT",
       0},
      // Replays.
      {"ReplayOfAPart", Keyed(), {}, {Authorized(9243, Part(ours))}, "OK CONFIRMED replayed", 0},
      {"ReplayByTheCallersId",
       own_id,
       {},
       {Authorized(9243, Part("part-7"))},
       "OK CONFIRMED replayed",
       0},
      {"AllCaptured", Keyed(0), {}, {Authorized(0)}, "OK CONFIRMED ALREADY_CAPTURED", 0},
      {"TheWholeAmountCaptured",
       Keyed(9743),
       {},
       {Authorized(0)},
       "OK CONFIRMED ALREADY_CAPTURED",
       0},
      {"RepeatOfAll", Repeat(Keyed(0)), {}, {Authorized(0)}, "OK CONFIRMED replayed", 0},
      {"RepeatOfAllRefundedSince",
       Repeat(Keyed(0)),
       {},
       {OrderJson{.status = "partial_refunded",
                  .details = R"({"type":"VISA","capture":"manual","capture_remain":0})"}
            .Answer()},
       "OK CONFIRMED replayed",
       0},
      {"AllOfItInPartsIsNobodysWhole",
       Keyed(0),
       {},
       {Authorized(0, Part("part-1", 9743))},
       "FAILED_PRECONDITION REJECTED NOTHING_LEFT",
       0},
      {"KeyUsedForAnotherAmount",
       Keyed(),
       {},
       {Authorized(9343, Part(ours, 400))},
       "ALREADY_EXISTS REJECTED IDEMPOTENCY_KEY_REUSED",
       0},
      {"EqualCaptureWithoutAKey",
       Plain(),
       {},
       {Authorized(9243, Part(IdOf(PlainKey(500))))},
       "ALREADY_EXISTS REJECTED EQUAL_CAPTURE_EXISTS",
       0},
      {"RepeatOfAnEqualCaptureWithoutAKey",
       Repeat(Plain()),
       {},
       {Authorized(9243, Part(IdOf(PlainKey(500))))},
       "OK CONFIRMED replayed",
       0},
      {"SecondPartUnderAnotherKey",
       Keyed(),
       {Captured(ours)},
       {Authorized(9243, Part("part-1"))},
       "OK CONFIRMED"},
      // MultiSafepay may still carry out the first: nothing is sent.
      {"RepeatFindsNothing",
       Repeat(Keyed()),
       {},
       {Authorized()},
       "UNKNOWN UNKNOWN OUTCOME_UNKNOWN",
       0},
      // The answer is lost.
      {"LostAndDone",
       Keyed(),
       {LostAnswer()},
       {Authorized()},
       "OK CONFIRMED reconciled",
       1,
       {Authorized(9243, Part(ours))}},
      {"LostAndAllDone",
       Keyed(0),
       {LostAnswer()},
       {Authorized()},
       "OK CONFIRMED reconciled",
       1,
       {Authorized(0)}},
      {"LostAndNotThere",
       Keyed(),
       {LostAnswer()},
       {Authorized()},
       "UNKNOWN UNKNOWN OUTCOME_UNKNOWN"},
      {"LostAndVoid",
       Keyed(),
       {LostAnswer()},
       {Authorized()},
       "FAILED_PRECONDITION REJECTED NOTHING_LEFT",
       1,
       {Voided()}},
      {"LostAndNeverSentTwice",
       resending,
       {LostAnswer()},
       {Authorized()},
       "UNKNOWN UNKNOWN OUTCOME_UNKNOWN"},
      {"NoCertainCodeAndDone",
       Keyed(),
       {ErrorAnswer(1014)},
       {Authorized()},
       "OK CONFIRMED reconciled",
       1,
       {Authorized(9243, Part(ours))}},
      // Refusals that an earlier attempt explains.
      {"TakenByTheFirst",
       Keyed(),
       {ErrorAnswer(1006)},
       {Authorized()},
       "OK CONFIRMED replayed",
       1,
       {Authorized(9243, Part(ours))}},
      {"TooMuchSinceTheFirst",
       Keyed(9000),
       {ErrorAnswer(1001)},
       {Authorized()},
       "OK CONFIRMED replayed",
       1,
       {Authorized(743, Part(ours, 9000))}},
      {"Refused",
       Keyed(),
       {ErrorAnswer(1001)},
       {Authorized()},
       "INVALID_ARGUMENT REJECTED MSP_1001"},
      {"RefusedForWhatNoAttemptExplains",
       Keyed(),
       {ErrorAnswer(1020)},
       {Authorized()},
       "PERMISSION_DENIED REJECTED MSP_1020"},
      {"RefusedAndNoLookup",
       Keyed(),
       {ErrorAnswer(1001)},
       {Authorized()},
       "UNKNOWN UNKNOWN OUTCOME_UNKNOWN",
       1,
       {LostAnswer()}},
  };
}

INSTANTIATE_TEST_SUITE_P(All, MoneyCaptureCase, ::testing::ValuesIn(Captures()),
                         [](const auto& the) { return the.param.name; });

class MoneyCapture : public MoneyTest {};

TEST_F(MoneyCapture, AllThatIsLeftIsSentAsAnAmount) {
  client.reads = {Authorized(743, Part("part-1", 9000))};
  client.writes = {Captured(IdOf(kKey))};
  Capture call(api(), "CaptureOrder", Keyed(0), site());
  EXPECT_EQ(call.Summary(), "OK CONFIRMED");
  EXPECT_THAT(client.bodies().at(0), HasSubstr(R"("amount":743)"));
  EXPECT_THAT(client.bodies().at(0), HasSubstr(R"("new_order_id":")" + IdOf(kKey)));
  EXPECT_THAT(client.bodies().at(0), HasSubstr(R"("new_order_status":"completed")"));
}

class MoneyVoidCase : public MoneyTest,
                      public ::testing::WithParamInterface<Case<v1::VoidOrderRequest>> {};

TEST_P(MoneyVoidCase, EndsAsTheRecordShows) {
  const auto& the = GetParam();
  client.writes = the.writes;
  client.reads = the.reads;
  Void call(api(), "VoidOrder", the.request, site(), std::chrono::seconds(1));
  EXPECT_EQ(call.Summary(), the.summary);
  EXPECT_EQ(client.written(), the.sent);
}

std::vector<Case<v1::VoidOrderRequest>> Voids() {
  v1::VoidOrderRequest once;
  once.set_order_id("order-1");
  once.set_reason("changed mind");
  const v1::VoidOrderRequest again = Repeat(once);
  return {
      {"Success",
       once,
       {SuccessAnswer(R"({"transaction_id":1,"order_id":"order-1","success":true})")},
       {},
       "OK CONFIRMED"},
      {"Unsent", once, {NotSentAnswer()}, {}, "UNAVAILABLE NOT_SENT NOT_SENT"},
      {"LostAndVoid", once, {LostAnswer()}, {Voided()}, "OK CONFIRMED reconciled"},
      {"LostAndStillHeld", once, {LostAnswer()}, {Authorized()}, "UNKNOWN UNKNOWN OUTCOME_UNKNOWN"},
      {"LostAndCaptured",
       once,
       {LostAnswer()},
       {InStatus("completed", "completed")},
       "FAILED_PRECONDITION REJECTED NOT_AN_AUTHORIZATION"},
      {"LostAndDeclined",
       once,
       {LostAnswer()},
       {InStatus("declined", "declined")},
       "FAILED_PRECONDITION REJECTED NOT_AN_AUTHORIZATION"},
      {"NoCertainCodeAndPaid",
       once,
       {ErrorAnswer(1014)},
       {InStatus("completed", "completed")},
       "FAILED_PRECONDITION REJECTED NOT_AN_AUTHORIZATION"},
      {"RefusedAsVoid", once, {ErrorAnswer(1016)}, {Voided()}, "OK CONFIRMED replayed"},
      {"Refused", once, {ErrorAnswer(1016)}, {Authorized()}, "INVALID_ARGUMENT REJECTED MSP_1016"},
      {"RefusedAndAbsent", once, {ErrorAnswer(1006)}, {Absent()}, "NOT_FOUND REJECTED MSP_1006"},
      {"RepeatFindsVoid", again, {}, {Voided()}, "OK CONFIRMED replayed", 0},
      {"RepeatSendsAgain", again, {SuccessAnswer("{}")}, {Authorized()}, "OK CONFIRMED"},
      {"RepeatCannotLookUp", again, {}, {LostAnswer()}, "UNKNOWN UNKNOWN OUTCOME_UNKNOWN", 0},
  };
}

INSTANTIATE_TEST_SUITE_P(All, MoneyVoidCase, ::testing::ValuesIn(Voids()),
                         [](const auto& the) { return the.param.name; });

class MoneyCancelCase : public MoneyTest,
                        public ::testing::WithParamInterface<Case<v1::CancelOrderRequest>> {};

TEST_P(MoneyCancelCase, EndsAsTheRecordShows) {
  const auto& the = GetParam();
  client.writes = the.writes;
  client.reads = the.reads;
  Cancel call(api(), "CancelOrder", the.request, site(), std::chrono::seconds(1));
  EXPECT_EQ(call.Summary(), the.summary);
  EXPECT_EQ(client.written(), the.sent);
  if (call.ok()) {
    EXPECT_EQ(call.response.order().payment_state(), v1::PAYMENT_STATE_CANCELLED);
  }
}

std::vector<Case<v1::CancelOrderRequest>> Cancels() {
  v1::CancelOrderRequest once;
  once.set_order_id("order-1");
  const v1::CancelOrderRequest again = Repeat(once);
  const http::Response cancelled = InStatus("cancelled", "cancelled");
  const http::Response open = InStatus("initialized", "initialized");
  const http::Response taken = SuccessAnswer("{}");
  return {
      {"SuccessIsConfirmedByTheRecord", once, {taken}, {cancelled}, "OK CONFIRMED"},
      {"SuccessShownAsVoid", once, {taken}, {Voided()}, "OK CONFIRMED"},
      {"SuccessThatTheOrderDoesNotShow", once, {taken}, {open}, "UNKNOWN UNKNOWN OUTCOME_UNKNOWN"},
      {"SuccessAndNoLookup", once, {taken}, {LostAnswer()}, "UNKNOWN UNKNOWN OUTCOME_UNKNOWN"},
      {"SuccessAndPaidMeanwhile",
       once,
       {taken},
       {InStatus("completed", "completed")},
       "FAILED_PRECONDITION REJECTED ORDER_NOT_OPEN"},
      {"LostAndCancelled", once, {LostAnswer()}, {cancelled}, "OK CONFIRMED reconciled"},
      {"LostAndOpen", once, {LostAnswer()}, {open}, "UNKNOWN UNKNOWN OUTCOME_UNKNOWN"},
      {"LostAndPaid",
       once,
       {LostAnswer()},
       {InStatus("completed", "completed")},
       "FAILED_PRECONDITION REJECTED ORDER_NOT_OPEN"},
      {"NoCertainCodeAndPaid",
       once,
       {ErrorAnswer(1000, 410)},
       {InStatus("completed", "completed")},
       "FAILED_PRECONDITION REJECTED ORDER_NOT_OPEN"},
      {"RefusedAsUnknown", once, {ErrorAnswer(1006)}, {Absent()}, "NOT_FOUND REJECTED MSP_1006"},
      {"RepeatFindsItCancelled", again, {}, {cancelled}, "OK CONFIRMED replayed", 0},
      {"RepeatOfAnAbsentOrder", again, {}, {Absent()}, "NOT_FOUND REJECTED MSP_1006", 0},
  };
}

INSTANTIATE_TEST_SUITE_P(All, MoneyCancelCase, ::testing::ValuesIn(Cancels()),
                         [](const auto& the) { return the.param.name; });

}  // namespace
}  // namespace msp::payments
