// SPDX-License-Identifier: Apache-2.0

// RefundOrder and CancelRefund: nothing is given back twice, and nobody's refund is taken for
// another's.
#include "tests/payments/payment_call_fixture.h"
#include "tests/payments/refunds.h"
#include "tests/testing/requests.h"

namespace msp::payments {
namespace {

using ::testing::HasSubstr;
constexpr char kRefundUndone[] = "FAILED_PRECONDITION REJECTED REFUND_UNDONE";

class PolicyRefundCase : public PaymentCaseTest<v1::RefundOrderRequest, v1::RefundOrderResponse> {};

TEST_P(PolicyRefundCase, EndsAsTheRecordShows) {
  const auto call = Run("RefundOrder");
  if (!call->ok()) return;
  EXPECT_EQ(call->response.refund().psp_refund_id(), "91");
  EXPECT_EQ(call->response.refund().amount(), 500);
  EXPECT_EQ(call->response.refund().currency(), "EUR");
  EXPECT_FALSE(call->response.refund().refund_order_id().empty());
}

std::vector<PaymentCase<v1::RefundOrderRequest>> Cases() {
  const std::string ours = IdOf(kKey);
  const http::Response hidden = Order(Related(""));
  const http::Response other_hidden = Order(Related("", 500, "90"));
  const http::Response hidden_declined = Order(Related("", 500, "91", "declined"));
  const http::Response declined_and_hidden =
      Order(Related(ours, 500, "91", "declined") + "," + Related("", 500, "90"));
  const http::Response two_hidden = Order(Related("", 500, "90") + "," + Related("", 500, "92"));
  v1::RefundOrderRequest dollars = Keyed();
  dollars.set_currency("USD");
  return {
      {"Success", Keyed(), Refunded(), Order(), "OK CONFIRMED"},
      {"WithoutAKey", Plain(), Refunded(), Order(), "OK CONFIRMED"},
      {"OrderAbsent", Keyed(), None(), Absent(), "NOT_FOUND REJECTED MSP_1006", 0},
      {"OrderUnreadable", Keyed(), None(), Lost(), "UNAVAILABLE NOT_SENT UPSTREAM_UNAVAILABLE", 0},
      {"OrderHiddenByABareNotFound", Keyed(), None(), BareNotFound(),
       "NOT_FOUND NOT_SENT MSP_HTTP_404", 0},
      {"KeyRefusedForTheLookup", Keyed(), None(), Error(1032, 401),
       "UNAUTHENTICATED NOT_SENT MSP_1032", 0},
      {"RepeatAndOrderUnreadable", AsRepeat(Keyed()), None(), Lost(), kOutcomeUnknown, 0},
      {"RepeatAndKeyRefused", AsRepeat(Keyed()), None(), Error(1032, 401), kOutcomeUnknown, 0},
      {"RepeatAndABareNotFound", AsRepeat(Keyed()), None(), BareNotFound(), kOutcomeUnknown, 0},
      {"AnotherOrderIsRead", Keyed(), None(), OrderJson{.order_id = "order-2"},
       "INTERNAL NOT_SENT UPSTREAM_MISMATCH", 0},
      {"AnotherCurrency", dollars, None(), Order(), "INVALID_ARGUMENT NOT_SENT INVALID_REQUEST", 0},
      {"Unsent", Keyed(), Unsent(), Order(), "UNAVAILABLE NOT_SENT NOT_SENT"},
      // Replays.
      {"ReplayByKey", Keyed(), None(), Order(Related(ours)), "OK CONFIRMED replayed", 0},
      {"ReplayByTheCallersId", WithId("refund-7"), None(), Order(Related("refund-7")),
       "OK CONFIRMED replayed", 0},
      {"KeyUsedForAnotherAmount", Keyed(), None(), Order(Related(ours, 400)),
       "ALREADY_EXISTS REJECTED IDEMPOTENCY_KEY_REUSED", 0},
      {"EqualRefundWithoutAKey", Plain(), None(), Order(Related(IdOf(PlainKey()))),
       "ALREADY_EXISTS REJECTED EQUAL_REFUND_EXISTS", 0},
      {"RepeatOfAnEqualRefundWithoutAKey", AsRepeat(Plain()), None(),
       Order(Related(IdOf(PlainKey()))), "OK CONFIRMED replayed", 0},
      {"RepeatWithoutAKeyBesideOneOfAnotherDerivedKey", AsRepeat(Plain()), None(),
       Order(Related(IdOf("of another api key"))), kOutcomeUnknown, 0},
      // Declined or voided since: never done, and in the way of no other.
      {"ReplayOfADeclinedOne", Keyed(), None(), Order(Related(ours, 500, "91", "declined")),
       kRefundUndone, 0},
      {"ReplayOfAVoidOne", WithId("refund-7"), None(),
       Order(Related("refund-7", 500, "91", "void")), kRefundUndone, 0},
      {"ReplayOfACancelledOneInTheOtherSpelling", Keyed(), None(),
       Order(Related(ours, 500, "91", "Canceled")), kRefundUndone, 0},
      {"ReplayOfADeclinedFullRefund", Full(), None(), Order(Related(ours, 9743, "91", "declined")),
       kRefundUndone, 0},
      {"RepeatOfADeclinedOne", AsRepeat(Keyed()), None(),
       Order(Related(ours, 500, "91", "declined")), kRefundUndone, 0},
      {"RepeatOfADeclinedOneBesideOneThatStands", AsRepeat(Keyed()), None(),
       Order(Related(ours, 500, "90", "declined") + "," + Related(ours)), "OK CONFIRMED replayed",
       0},
      {"RepeatOfADeclinedOneThatHidesItsId", AsRepeat(Keyed()), None(),
       Responses(hidden_declined, RefundRead(ours), hidden_declined), kRefundUndone, 0},
      {"ReplayOfADeclinedOneBesideOneOfTheDashboard", Keyed(), None(),
       Responses(declined_and_hidden, RefundRead(ours), declined_and_hidden), kRefundUndone, 0},
      {"RepeatOfADeclinedOneBesideOneOfTheDashboard", AsRepeat(Keyed()), None(),
       Responses(declined_and_hidden, RefundRead(ours), declined_and_hidden), kRefundUndone, 0},
      {"EqualToAVoidOneBesideOneOfTheDashboard", Plain(), Refunded(),
       Responses(Order(Related(IdOf(PlainKey()), 500, "92", "void") + "," + Related("", 500, "90")),
                 RefundRead(IdOf(PlainKey()), "92"), RefundRead("order-1", "90")),
       "OK CONFIRMED"},
      {"EqualToAVoidOneWithoutAKey", Plain(), Refunded(),
       Order(Related(IdOf(PlainKey()), 500, "90", "void")), "OK CONFIRMED"},
      {"EqualToAVoidOneThatHidesItsId", Plain(), Refunded(),
       Responses(Order(Related("", 500, "90", "void")), RefundRead(IdOf(PlainKey()), "90")),
       "OK CONFIRMED"},
      {"RepeatWithoutAKeyOfAVoidOne", AsRepeat(Plain()), None(),
       Order(Related(IdOf(PlainKey()), 500, "90", "void")), kOutcomeUnknown, 0},
      {"LostAndDeclined", Keyed(), Lost(), Order(), kRefundUndone, 1,
       Order(Related(ours, 500, "91", "declined"))},
      {"LostBesideAVoidOneBefore", Plain(), Lost(),
       Order(Related(IdOf(PlainKey()), 500, "90", "void")), kOutcomeUnknown},
      {"LostAndDoneBesideAVoidOneBefore", Plain(), Lost(),
       Order(Related(IdOf(PlainKey()), 500, "90", "void")), "OK CONFIRMED reconciled", 1,
       Order(Related(IdOf(PlainKey()), 500, "90", "void") + "," + Related(IdOf(PlainKey())))},
      {"RefusedAfterTheFirstWasDeclined", Keyed(), Error(1034), Order(), kRefundUndone, 1,
       Order(Related(ours, 500, "91", "declined"))},
      {"EqualAmountUnderAnotherKey", Keyed(), Refunded(), Order(Related("refund-other", 500, "90")),
       "OK CONFIRMED"},
      // MultiSafepay may still carry out the first: nothing is sent.
      {"RepeatFindsNothing", AsRepeat(Keyed()), None(), Order(), kOutcomeUnknown, 0},
      {"RepeatComesBeforeTheFirst", AsRepeat(Keyed()), None(),
       Responses(Order(), Order(), Order(Related(ours))), "OK CONFIRMED replayed", 0, None(), true},
      // The answer is lost.
      {"LostAndDone", Keyed(), Lost(), Order(), "OK CONFIRMED reconciled", 1, Order(Related(ours))},
      {"LostAndDoneWithoutAKey", Plain(), Lost(), Order(), "OK CONFIRMED reconciled", 1,
       Order(Related(IdOf(PlainKey())))},
      {"LostAndNotThere", Keyed(), Lost(), Order(), kOutcomeUnknown},
      {"LostAndOnlyAnOther", Keyed(), Lost(), Order(Related("refund-other", 500, "90")),
       kOutcomeUnknown},
      {"LostAndOrderGone", Keyed(), Lost(), Order(), kOutcomeUnknown, 1, Absent()},
      // MultiSafepay may still make it, and lets an equal one pass.
      {"LostAndNeverSentTwice", WithResend(Keyed()), Lost(), Order(), kOutcomeUnknown},
      // Refusals that an earlier attempt explains.
      {"RefusedByTheFirst", Keyed(), Error(1034), Order(), "OK CONFIRMED replayed", 1,
       Order(Related(ours))},
      {"Refused", Keyed(), Error(1034), Order(), "FAILED_PRECONDITION REJECTED MSP_1034"},
      {"RefusedWithoutAKey", Plain(), Error(1034), Order(),
       "FAILED_PRECONDITION REJECTED MSP_1034"},
      {"RefusedAndNoLookup", Keyed(), Error(1034), Order(), kOutcomeUnknown, 1, Lost()},
      {"RefusedWithoutAKeyAndNoLookup", Plain(), Error(1034), Order(),
       "FAILED_PRECONDITION REJECTED MSP_1034", 1, Lost()},
      // Ids that the order does not show: the refund itself is read.
      {"HiddenIdIsOurs", Keyed(), None(), Responses(hidden, RefundRead(ours)),
       "OK CONFIRMED replayed", 0},
      {"HiddenIdIsFoundByReadingIt", Keyed(), None(), Responses(hidden, Absent(), RefundRead(ours)),
       "OK CONFIRMED replayed", 0},
      {"UnderTheOwnIdAnAnswerAboutAnotherProvesNothing", Keyed(), None(),
       Responses(hidden, RefundRead("somebody-elses"), hidden, RefundRead(ours)),
       "OK CONFIRMED replayed", 0},
      {"ARefusedReadProvesNothing", Keyed(), None(),
       Responses(hidden, BareNotFound(), hidden, RefundRead(ours)), "OK CONFIRMED replayed", 0},
      {"HiddenIdIsAnothers", AsRepeat(Keyed()), None(),
       Responses(other_hidden, Absent(), RefundRead("refund-other", "90"), other_hidden),
       kOutcomeUnknown, 0},
      {"HiddenIdStaysHidden", AsRepeat(Keyed()), None(),
       Responses(hidden, Absent(), RefundRead("order-1"), hidden), kOutcomeUnknown, 0},
      {"HiddenIdIsUnreadable", AsRepeat(Keyed()), None(), Responses(hidden, Lost()),
       kOutcomeUnknown, 0},
      {"HiddenIdOfAnotherAmount", AsRepeat(Keyed()), None(), Order(Related("", 400, "90")),
       kOutcomeUnknown, 0},
      {"HiddenAndNotARepeat", Keyed(), Refunded(),
       Responses(other_hidden, Absent(), RefundRead("order-1", "90")), "OK CONFIRMED"},
      {"LostAndTheNewOneHidesItsId", Keyed(), Lost(), Order(), kOutcomeUnknown, 1,
       Responses(hidden, Absent(), Absent(), hidden)},
      {"LostAndTheNewOneIsReadUnderItsId", Keyed(), Lost(), Order(), "OK CONFIRMED reconciled", 1,
       Responses(hidden, RefundRead(ours))},
      // Ids that are nearly equal.
      {"AnIdWithAnotherZeroIsAnother", WithId("01"), Refunded(), Order(Related("1", 500, "90")),
       "OK CONFIRMED"},
      {"AnIdThatLostItsZeroAsANumberIsOurs", WithId("01"), None(),
       Order(R"({"type":"refund","transaction_id":91,"amount":500,"refund_order_id":1})"),
       "OK CONFIRMED replayed", 0},
      {"TheOrdersOwnIdNamesNoRefund", WithId("order-1"), Refunded(),
       Order(Related("order-1", 400, "90")), "OK CONFIRMED"},
      {"KeyUsedForAPartAndThenForAll", Full(), None(), Order(Related(ours)),
       "ALREADY_EXISTS REJECTED IDEMPOTENCY_KEY_REUSED", 0},
      {"LostAndTheNewOneIsAnothers", Keyed(), Lost(), Order(), kOutcomeUnknown, 1,
       Responses(other_hidden, Absent(), RefundRead("refund-other", "90"), other_hidden)},
      {"LostAndTwoNewOnesHide", Keyed(), Lost(), Order(), kOutcomeUnknown, 1,
       Responses(two_hidden, Absent(), Absent(), Absent(), two_hidden)},
      {"LostAndAnOldOneHides", Keyed(), Lost(),
       Responses(other_hidden, Absent(), Absent(), other_hidden), kOutcomeUnknown},
  };
}

INSTANTIATE_TEST_SUITE_P(All, PolicyRefundCase, ::testing::ValuesIn(Cases()), kRowName);

class PolicyRefund : public PaymentCallTest {};

TEST_F(PolicyRefund, AnUndoneOneCarriesTheOrderAndNamesTheWayOut) {
  client.reads = {Order(Related(IdOf(kKey), 500, "91", "declined"))};
  Refund call(api(), "RefundOrder", Keyed(), site());
  ASSERT_EQ(call.Summary(), kRefundUndone);
  ASSERT_NE(call.call.failure->order, nullptr);
  EXPECT_EQ(call.call.failure->order->related_transactions(0).status(), "declined");
  EXPECT_THAT(call.call.failure->message, HasSubstr("a new idempotency key"));
}

TEST_F(PolicyRefund, AFullRefundThatWorkedIsAReplayBeforeAnyRemainder) {
  client.reads = {Order(Related(IdOf(kKey), 9743))};
  Refund call(api(), "RefundOrder", Full(), site());
  EXPECT_EQ(call.Summary(), "OK CONFIRMED replayed");
  EXPECT_EQ(call.response.refund().amount(), 9743);
}

// Where the order shows the reason no lookup for an earlier attempt is needed.
TEST_F(PolicyRefund, ARefusalThatTheOrderExplainsStandsAtOnceAndAnyOtherOnceItHasSettled) {
  client.writes = {Error(1034)};
  client.reads = {Order()};
  Refund too_much(api(), "RefundOrder", Keyed(9744), site());
  EXPECT_EQ(too_much.Summary(), "FAILED_PRECONDITION REJECTED MSP_1034");
  EXPECT_EQ(client.read_count(), 2u);
  client.reads = {Order(Related("refund-other", 501))};
  Refund equal(api(), "RefundOrder", Keyed(501, "key-2"), site());
  EXPECT_EQ(equal.Summary(), "FAILED_PRECONDITION REJECTED MSP_1034");
  EXPECT_EQ(client.read_count(), 4u);
  client.reads = {Order()};
  Refund unexplained(api(), "RefundOrder", Keyed(502, "key-3"), site());
  EXPECT_EQ(unexplained.Summary(), "FAILED_PRECONDITION REJECTED MSP_1034");
  EXPECT_GT(client.read_count(), 6u);
}

TEST_F(PolicyRefund, EveryRefundHasAnIdOfItsOwn) {
  client.reads = {Order()};
  client.writes = {Refunded()};
  Refund keyed(api(), "RefundOrder", Keyed(), site());
  EXPECT_TRUE(keyed.ok());
  Refund other(api(), "RefundOrder", Keyed(500, "key-2"), site());
  EXPECT_TRUE(other.ok());
  Refund plain(api(), "RefundOrder", Plain(), site());
  EXPECT_TRUE(plain.ok());
  EXPECT_EQ(keyed.response.refund().refund_order_id(), IdOf(kKey));
  EXPECT_NE(other.response.refund().refund_order_id(), IdOf(kKey));
  EXPECT_THAT(client.bodies()[0], HasSubstr(R"("refund_order_id":")" + IdOf(kKey)));
  EXPECT_LE(IdOf(kKey).size(), 50u);
}

class PolicyCancelRefundCase
    : public PaymentCaseTest<v1::CancelRefundRequest, v1::CancelRefundResponse> {};

TEST_P(PolicyCancelRefundCase, EndsAsTheRecordShows) { Run("CancelRefund"); }

std::vector<PaymentCase<v1::CancelRefundRequest>> CancelCases() {
  auto once = testing::FromText<v1::CancelRefundRequest>("order_id: 'order-1' refund_id: '91'");
  const v1::CancelRefundRequest again = AsRepeat(once);
  const http::Response reserved = Order(Related("r"));
  const http::Response voided = Order(Related("r", 500, "91", "void"));
  const http::Response completed = Order(Related("r", 500, "91", "completed"));
  return {
      {"Success", once, Success("{}"), None(), "OK CONFIRMED"},
      {"LostAndVoid", once, Lost(), voided, "OK CONFIRMED reconciled"},
      {"LostAndReserved", once, Lost(), reserved, kOutcomeUnknown},
      {"LostAndProcessed", once, Lost(), completed,
       "FAILED_PRECONDITION REJECTED REFUND_COMPLETED"},
      {"LostAndNotListed", once, Lost(), Order(), kOutcomeUnknown},
      {"RefusedAsVoid", once, Error(1034), voided, "OK CONFIRMED replayed"},
      {"Refused", once, Error(1034), reserved, "FAILED_PRECONDITION REJECTED MSP_1034"},
      {"RefusedAndNoLookup", once, Error(1034), Lost(), kOutcomeUnknown},
      {"RepeatRefusedAndNoLookup", again, None(), Lost(), kOutcomeUnknown, 0},
      {"RepeatFindsVoid", again, None(), voided, "OK CONFIRMED replayed", 0},
      {"RepeatSendsAgain", again, Success("{}"), reserved, "OK CONFIRMED"},
  };
}

INSTANTIATE_TEST_SUITE_P(All, PolicyCancelRefundCase, ::testing::ValuesIn(CancelCases()), kRowName);

// The record lags: it does not show yet what the call before has done.
TEST_F(PolicyRefund, AnEqualCallRightAfterWaitsForTheRecord) {
  client.writes = {Refunded()};
  client.reads = {Order(), Order(), Order(), Order(Related(IdOf(kKey)))};
  Refund first(api(), "RefundOrder", Keyed(), site());
  EXPECT_EQ(first.Summary(), "OK CONFIRMED");
  Refund second(api(), "RefundOrder", Keyed(), site());
  EXPECT_EQ(second.Summary(), "OK CONFIRMED replayed");
  EXPECT_EQ(client.written(), 1u);
}

TEST_F(PolicyRefund, AnEqualCallRightAfterIsNeverSentWhileTheRecordShowsNothing) {
  client.writes = {Lost(), Refunded()};
  client.reads = {Order()};
  Refund first(api(), "RefundOrder", Keyed(), site());
  EXPECT_EQ(first.Summary(), kOutcomeUnknown);
  Refund second(api(), "RefundOrder", AsRepeat(Keyed()), site());
  EXPECT_EQ(second.Summary(), kOutcomeUnknown);
  EXPECT_THAT(second.call.failure->message, HasSubstr("nothing was sent now"));
  EXPECT_EQ(client.written(), 1u);
}

TEST_F(PolicyRefund, AnOrderNamedByMultiSafepaysIdIsTheSameOrder) {
  v1::RefundOrderRequest refund = Keyed();
  refund.set_order_id("4010000000000001");
  client.writes = {Refunded()};
  client.reads = {Order()};
  Refund call(api(), "RefundOrder", refund, site());
  EXPECT_EQ(call.Summary(), "OK CONFIRMED");
  EXPECT_EQ(call.response.refund().refund_order_id(), IdOf(kKey));
  EXPECT_EQ(client.requests().back().target, "/orders/order-1/refunds");
  client.reads = {Order(Related(IdOf(kKey)))};
  Refund repeat(api(), "RefundOrder", AsRepeat(refund), site());
  EXPECT_EQ(repeat.Summary(), "OK CONFIRMED replayed");
  EXPECT_EQ(client.written(), 1u);
}

// MultiSafepay refuses a second refund of the same amount for five minutes; a caller who runs
// batches can have it held back instead.
TEST_F(PolicyRefund, AnEqualOneIsHeldBackAsLongAsTheSettingSays) {
  options.refund_pause_s = 300;
  const std::string created =
      R"({"created":")" + UpstreamTimeText(std::time(nullptr) - 100) + R"(",)";
  client.reads = {Order(created + Related("refund-7").substr(1))};
  Refund held(api(), "RefundOrder", Keyed(), site());
  EXPECT_EQ(held.Summary(), "RESOURCE_EXHAUSTED NOT_SENT REFUND_TOO_SOON");
  EXPECT_NEAR(static_cast<double>(held.call.failure->retry_after_ms), 200'000, 2'000);
  EXPECT_EQ(client.written(), 0u);
  client.writes = {Success(R"({"transaction_id":4010000000000001,"refund_id":92})")};
  Refund other_amount(api(), "RefundOrder", Keyed(400), site());
  EXPECT_EQ(other_amount.Summary(), "OK CONFIRMED");
}

}  // namespace
}  // namespace msp::payments
