// SPDX-License-Identifier: Apache-2.0

// CaptureOrder, VoidOrder and CancelOrder: what the record has to show before they count as done.
#include <limits>

#include "tests/payments/payment_call_fixture.h"
#include "tests/testing/requests.h"

namespace msp::payments {
namespace {

using ::testing::HasSubstr;
using Capture = Caller<v1::CaptureOrderRequest, v1::CaptureOrderResponse>;

constexpr char kNotAnAuthorization[] = "FAILED_PRECONDITION REJECTED NOT_AN_AUTHORIZATION";
constexpr char kNothingLeft[] = "FAILED_PRECONDITION REJECTED NOTHING_LEFT";
constexpr char kCaptureUndone[] = "FAILED_PRECONDITION REJECTED CAPTURE_UNDONE";
constexpr char kOrderNotOpen[] = "FAILED_PRECONDITION REJECTED ORDER_NOT_OPEN";

std::string IdOf(const std::string& key) { return DerivedId("capture-", "order-1", key); }

v1::CaptureOrderRequest Plain(std::int64_t amount = 500) {
  v1::CaptureOrderRequest capture;
  capture.set_order_id("order-1");
  if (amount != 0) capture.set_amount(amount);
  return capture;
}

v1::CaptureOrderRequest Keyed(std::int64_t amount = 500, const std::string& key = kKey) {
  return WithKey(Plain(amount), key);
}

std::string PlainKey(std::int64_t amount) { return KeyOf("CaptureOrder", Plain(amount)); }

std::string Part(const std::string& order_id, std::int64_t amount = 500,
                 const std::string& status = "completed") {
  return R"({"type":"capture","transaction_id":91,"amount":)" + std::to_string(amount) +
         R"(,"currency":"EUR","status":")" + status + R"(","order_id":")" + order_id + R"("})";
}

// An authorization of 97.43 with what is left of it.
http::Response Authorized(std::int64_t remain = 9743, const std::string& related = "") {
  return OrderJson{.financial_status = remain == 0 && related.empty() ? "completed" : "initialized",
                   .related = "[" + related + "]",
                   .details = R"({"type":"VISA","capture":"manual","capture_remain":)" +
                              std::to_string(remain) + "}"};
}
http::Response InStatus(const std::string& status, const std::string& financial) {
  return OrderJson{.status = status, .financial_status = financial};
}
http::Response Paid() { return InStatus("completed", "completed"); }
http::Response Voided() { return InStatus("void", "void"); }
// What was left of the authorization after this part.
http::Response VoidBeside(const std::string& related) {
  return OrderJson{.status = "void", .financial_status = "void", .related = "[" + related + "]"};
}
http::Response Captured(const std::string& id = "order-1") {
  return Success(R"({"transaction_id":91,"order_id":")" + id + R"("})");
}

class PolicyCaptureCase
    : public PaymentCaseTest<v1::CaptureOrderRequest, v1::CaptureOrderResponse> {};

TEST_P(PolicyCaptureCase, EndsAsTheRecordShows) {
  const auto call = Run("CaptureOrder");
  if (call->ok()) {
    EXPECT_GT(call->response.capture().amount(), 0);
  }
}

std::vector<PaymentCase<v1::CaptureOrderRequest>> Captures() {
  const std::string ours = IdOf(kKey);
  v1::CaptureOrderRequest own_id = Plain();
  own_id.set_new_order_id("part-7");
  return {
      {"Success", Keyed(), Captured(ours), Authorized(), "OK CONFIRMED"},
      {"OrderAbsent", Keyed(), None(), Absent(), "NOT_FOUND REJECTED MSP_1006", 0},
      // A full capture may have been this one's: the order's amount would show it.
      {"AllIsCapturedOfAnAmountThatIsMissing", Keyed(9743), None(),
       Success(R"({"order_id":"order-1","status":"completed","financial_status":"completed",)"
               R"("payment_details":{"type":"VISA","capture":"manual","capture_remain":0}})"),
       "INTERNAL NOT_SENT UPSTREAM_MALFORMED", 0},
      {"MoreIsLeftThanAnyPaymentHas", Keyed(0), None(), Authorized(std::int64_t{1} << 62),
       "INTERNAL NOT_SENT UPSTREAM_MALFORMED", 0},
      {"OrderUnreadable", Keyed(), None(), Lost(), "UNAVAILABLE NOT_SENT UPSTREAM_UNAVAILABLE", 0},
      {"RepeatAndOrderUnreadable", AsRepeat(Keyed()), None(), Lost(), kOutcomeUnknown, 0},
      // What could only end in MultiSafepay's "unspecified" is not sent.
      {"NotPaidYet", Keyed(), None(), InStatus("initialized", "initialized"), kNotAnAuthorization,
       0},
      {"PaidAtOnce", Keyed(), None(), Paid(), kNotAnAuthorization, 0},
      {"Void", Keyed(), None(), Voided(), kNotAnAuthorization, 0},
      {"Declined", Keyed(), None(), InStatus("declined", "declined"), kNotAnAuthorization, 0},
      {"NothingLeft", Keyed(), None(), Authorized(0, Part("part-1", 9743)), kNothingLeft, 0},
      // Replays.
      {"ReplayOfAPart", Keyed(), None(), Authorized(9243, Part(ours)), "OK CONFIRMED replayed", 0},
      {"ReplayByTheCallersId", own_id, None(), Authorized(9243, Part("part-7")),
       "OK CONFIRMED replayed", 0},
      {"AllCaptured", Keyed(0), None(), Authorized(0), "OK CONFIRMED ALREADY_CAPTURED", 0},
      {"TheWholeAmountCaptured", Keyed(9743), None(), Authorized(0),
       "OK CONFIRMED ALREADY_CAPTURED", 0},
      {"RepeatOfAll", AsRepeat(Keyed(0)), None(), Authorized(0), "OK CONFIRMED replayed", 0},
      {"RepeatOfAllRefundedSince", AsRepeat(Keyed(0)), None(),
       OrderJson{.status = "partial_refunded",
                 .details = R"({"type":"VISA","capture":"manual","capture_remain":0})"},
       "OK CONFIRMED replayed", 0},
      {"AllOfItInPartsIsNobodysWhole", Keyed(0), None(), Authorized(0, Part("part-1", 9743)),
       kNothingLeft, 0},
      {"KeyUsedForAnotherAmount", Keyed(), None(), Authorized(9343, Part(ours, 400)),
       "ALREADY_EXISTS REJECTED IDEMPOTENCY_KEY_REUSED", 0},
      {"EqualCaptureWithoutAKey", Plain(), None(), Authorized(9243, Part(IdOf(PlainKey(500)))),
       "ALREADY_EXISTS REJECTED EQUAL_CAPTURE_EXISTS", 0},
      {"RepeatOfAnEqualCaptureWithoutAKey", AsRepeat(Plain()), None(),
       Authorized(9243, Part(IdOf(PlainKey(500)))), "OK CONFIRMED replayed", 0},
      // Declined or voided since: never done.
      {"ReplayOfADeclinedPart", Keyed(), None(), Authorized(9743, Part(ours, 500, "declined")),
       kCaptureUndone, 0},
      {"RepeatOfADeclinedPart", AsRepeat(Keyed()), None(),
       Authorized(9743, Part(ours, 500, "declined")), kCaptureUndone, 0},
      {"EqualToAVoidCaptureWithoutAKey", Plain(), None(),
       Authorized(9743, Part(IdOf(PlainKey(500)), 500, "void")), kCaptureUndone, 0},
      {"LostAndDeclined", Keyed(), Lost(), Authorized(), kCaptureUndone, 1,
       Authorized(9743, Part(ours, 500, "declined"))},
      {"LostAndDeclinedBesideOneThatStands", Keyed(), Lost(), Authorized(),
       "OK CONFIRMED reconciled", 1,
       Authorized(9243, Part(ours, 500, "declined") + "," + Part(ours))},
      {"LostAndAllDoneAfterADeclinedPart", Keyed(0), Lost(), Authorized(),
       "OK CONFIRMED reconciled", 1,
       OrderJson{.related = "[" + Part("part-1", 500, "declined") + "]",
                 .details = R"({"type":"VISA","capture":"manual","capture_remain":0})"}},
      {"SecondPartUnderAnotherKey", Keyed(), Captured(ours), Authorized(9243, Part("part-1")),
       "OK CONFIRMED"},
      // MultiSafepay may still carry out the first: nothing is sent.
      {"RepeatFindsNothing", AsRepeat(Keyed()), None(), Authorized(), kOutcomeUnknown, 0},
      // The answer is lost.
      {"LostAndDone", Keyed(), Lost(), Authorized(), "OK CONFIRMED reconciled", 1,
       Authorized(9243, Part(ours))},
      {"LostAndAllDone", Keyed(0), Lost(), Authorized(), "OK CONFIRMED reconciled", 1,
       Authorized(0)},
      {"LostAndNotThere", Keyed(), Lost(), Authorized(), kOutcomeUnknown},
      {"LostAndVoid", Keyed(), Lost(), Authorized(), kNothingLeft, 1, Voided()},
      // The rest was voided or has expired; the capture may be the one without an id.
      {"LostAndVoidBesideOneWithoutAnId", Keyed(), Lost(), Authorized(), kOutcomeUnknown, 1,
       VoidBeside(R"({"type":"capture","amount":500})")},
      {"LostAndVoidBesideOneWithoutAnIdOrAmount", Keyed(), Lost(), Authorized(), kOutcomeUnknown, 1,
       VoidBeside(R"({"type":"capture","transaction_id":91})")},
      {"LostAndVoidBesideOneWithoutAnIdOfTheSmallestNumber", Keyed(), Lost(), Authorized(),
       kOutcomeUnknown, 1, VoidBeside(Part("", std::numeric_limits<std::int64_t>::min()))},
      {"LostAndVoidBesideOneWithoutAnIdOrType", Keyed(), Lost(), Authorized(), kOutcomeUnknown, 1,
       VoidBeside(R"({"transaction_id":91,"amount":500})")},
      {"RepeatOfAVoidOrderBesideOneWithoutAnId", AsRepeat(Keyed()), None(),
       VoidBeside(R"({"type":"capture","amount":500})"), kOutcomeUnknown, 0},
      {"RefusedBesideOneWithoutAnId", Keyed(), Error(1001), Authorized(), kOutcomeUnknown, 1,
       VoidBeside(R"({"type":"capture","amount":500})")},
      {"LostAndVoidBesideOneOfAnotherAmount", Keyed(), Lost(), Authorized(), kNothingLeft, 1,
       VoidBeside(R"({"type":"capture","amount":400})")},
      {"LostAndVoidBesideADeclinedOne", Keyed(), Lost(), Authorized(), kNothingLeft, 1,
       VoidBeside(R"({"type":"capture","amount":500,"status":"declined"})")},
      {"LostAndVoidBesideAnothers", Keyed(), Lost(), Authorized(), kNothingLeft, 1,
       VoidBeside(Part("part-1"))},
      {"LostAndVoidBesideARefund", Keyed(), Lost(), Authorized(), kNothingLeft, 1,
       VoidBeside(R"({"type":"refund","amount":500})")},
      {"BesideOneWithoutAnId", Keyed(), Captured(ours),
       Authorized(9243, R"({"type":"capture","amount":500})"), "OK CONFIRMED"},
      {"LostAndNeverSentTwice", WithResend(Keyed()), Lost(), Authorized(), kOutcomeUnknown},
      {"NoCertainCodeAndDone", Keyed(), Error(1014), Authorized(), "OK CONFIRMED reconciled", 1,
       Authorized(9243, Part(ours))},
      // Refusals that an earlier attempt explains.
      {"TakenByTheFirst", Keyed(), Error(1006), Authorized(), "OK CONFIRMED replayed", 1,
       Authorized(9243, Part(ours))},
      {"TooMuchSinceTheFirst", Keyed(9000), Error(1001), Authorized(), "OK CONFIRMED replayed", 1,
       Authorized(743, Part(ours, 9000))},
      {"Refused", Keyed(), Error(1001), Authorized(), "INVALID_ARGUMENT REJECTED MSP_1001"},
      {"RefusedForWhatNoAttemptExplains", Keyed(), Error(1020), Authorized(),
       "PERMISSION_DENIED REJECTED MSP_1020"},
      {"RefusedAndNoLookup", Keyed(), Error(1001), Authorized(), kOutcomeUnknown, 1, Lost()},
  };
}

INSTANTIATE_TEST_SUITE_P(All, PolicyCaptureCase, ::testing::ValuesIn(Captures()), kRowName);

class PolicyCapture : public PaymentCallTest {};

TEST_F(PolicyCapture, AllThatIsLeftIsSentAsAnAmount) {
  client.reads = {Authorized(743, Part("part-1", 9000))};
  client.writes = {Captured(IdOf(kKey))};
  Capture call(api(), "CaptureOrder", Keyed(0), site());
  EXPECT_EQ(call.Summary(), "OK CONFIRMED");
  EXPECT_THAT(client.bodies().at(0), HasSubstr(R"("amount":743)"));
  EXPECT_THAT(client.bodies().at(0), HasSubstr(R"("new_order_id":")" + IdOf(kKey)));
  EXPECT_THAT(client.bodies().at(0), HasSubstr(R"("new_order_status":"completed")"));
}

class PolicyVoidCase : public PaymentCaseTest<v1::VoidOrderRequest, v1::VoidOrderResponse> {};

TEST_P(PolicyVoidCase, EndsAsTheRecordShows) { Run("VoidOrder"); }

std::vector<PaymentCase<v1::VoidOrderRequest>> Voids() {
  auto once = testing::FromText<v1::VoidOrderRequest>("order_id: 'order-1' reason: 'changed mind'");
  const v1::VoidOrderRequest again = AsRepeat(once);
  return {
      {"Success", once, Success(R"({"transaction_id":1,"order_id":"order-1","success":true})"),
       None(), "OK CONFIRMED"},
      {"Unsent", once, Unsent(), None(), "UNAVAILABLE NOT_SENT NOT_SENT"},
      {"LostAndVoid", once, Lost(), Voided(), "OK CONFIRMED reconciled"},
      {"LostAndStillHeld", once, Lost(), Authorized(), kOutcomeUnknown},
      {"LostAndCaptured", once, Lost(), Paid(), kNotAnAuthorization},
      {"LostAndDeclined", once, Lost(), InStatus("declined", "declined"), kNotAnAuthorization},
      {"NoCertainCodeAndPaid", once, Error(1014), Paid(), kNotAnAuthorization},
      {"RefusedAsVoid", once, Error(1016), Voided(), "OK CONFIRMED replayed"},
      {"Refused", once, Error(1016), Authorized(), "INVALID_ARGUMENT REJECTED MSP_1016"},
      {"RefusedAndAbsent", once, Error(1006), Absent(), "NOT_FOUND REJECTED MSP_1006"},
      {"RepeatFindsVoid", again, None(), Voided(), "OK CONFIRMED replayed", 0},
      {"RepeatSendsAgain", again, Success("{}"), Authorized(), "OK CONFIRMED"},
      {"RepeatCannotLookUp", again, None(), Lost(), kOutcomeUnknown, 0},
      {"RefusedForTheKey", once, Error(1032, 401), None(), "UNAUTHENTICATED REJECTED MSP_1032"},
      {"RepeatRefusedForTheKey", again, Error(1032, 401), Authorized(), kOutcomeUnknown},
  };
}

INSTANTIATE_TEST_SUITE_P(All, PolicyVoidCase, ::testing::ValuesIn(Voids()), kRowName);

class PolicyCancelCase : public PaymentCaseTest<v1::CancelOrderRequest, v1::CancelOrderResponse> {};

TEST_P(PolicyCancelCase, EndsAsTheRecordShows) {
  const auto call = Run("CancelOrder");
  if (call->ok()) {
    EXPECT_EQ(call->response.order().payment_state(), v1::PAYMENT_STATE_CANCELLED);
  }
}

std::vector<PaymentCase<v1::CancelOrderRequest>> Cancels() {
  v1::CancelOrderRequest once;
  once.set_order_id("order-1");
  const v1::CancelOrderRequest again = AsRepeat(once);
  const http::Response cancelled = InStatus("cancelled", "cancelled");
  const http::Response open = InStatus("initialized", "initialized");
  const http::Response taken = Success("{}");
  return {
      {"SuccessIsConfirmedByTheRecord", once, taken, cancelled, "OK CONFIRMED"},
      {"SuccessShownAsVoid", once, taken, Voided(), "OK CONFIRMED"},
      {"SuccessThatTheOrderDoesNotShow", once, taken, open, kOutcomeUnknown},
      {"SuccessAndNoLookup", once, taken, Lost(), kOutcomeUnknown},
      {"SuccessAndPaidMeanwhile", once, taken, Paid(), kOrderNotOpen},
      {"LostAndCancelled", once, Lost(), cancelled, "OK CONFIRMED reconciled"},
      {"LostAndOpen", once, Lost(), open, kOutcomeUnknown},
      {"LostAndPaid", once, Lost(), Paid(), kOrderNotOpen},
      {"NoCertainCodeAndPaid", once, Error(1000, 410), Paid(), kOrderNotOpen},
      {"RefusedAsUnknown", once, Error(1006), Absent(), "NOT_FOUND REJECTED MSP_1006"},
      {"RepeatFindsItCancelled", again, None(), cancelled, "OK CONFIRMED replayed", 0},
      {"RepeatOfAnAbsentOrder", again, None(), Absent(), "NOT_FOUND REJECTED MSP_1006", 0},
  };
}

INSTANTIATE_TEST_SUITE_P(All, PolicyCancelCase, ::testing::ValuesIn(Cancels()), kRowName);

}  // namespace
}  // namespace msp::payments
