// SPDX-License-Identifier: Apache-2.0

// CreateOrder from its first check to its certain end: sent once, and a lost answer is recovered by
// order lookups.
#include <ctime>

#include "tests/payments/payment_call_fixture.h"

namespace msp::payments {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Create = Caller<v1::CreateOrderRequest, v1::CreateOrderResponse>;

v1::CreateOrderRequest Keyed(const std::string& key = kKey) { return WithKey(DirectOrder(), key); }
v1::CreateOrderRequest Repeated() { return AsRepeat(Keyed()); }
v1::CreateOrderRequest Resending() { return WithResend(Keyed()); }

OrderJson Declined() {
  return {.status = "declined",
          .financial_status = "declined",
          .more = R"("reason":"Insufficient funds","reason_code":"4002",)"};
}
OrderJson Open() { return {.status = "initialized", .financial_status = "initialized"}; }
// Not paid: it proves no more than one that is open.
OrderJson OnItsWay() {
  return {.financial_status = "uncleared", .details = R"({"type":"MULTIBANCO"})"};
}

// Made and paid at these times.
OrderJson Paid(std::time_t created, std::time_t completed) {
  return {.more = R"("created":")" + UpstreamTimeText(created) + R"(","completed":")" +
                  UpstreamTimeText(completed) + R"(",)"};
}
// Paid as it was made: at no time was it open beside another.
OrderJson PaidAtOnce() {
  const std::time_t made = std::time(nullptr) - 600;
  return Paid(made, made + 1);
}

// In a response of that date by MultiSafepay's clock; -1: of none.
http::Response Dated(http::Response response, std::time_t date_s) {
  response.date_s = date_s;
  return response;
}

class PolicyCreateCase : public PaymentCaseTest<v1::CreateOrderRequest, v1::CreateOrderResponse> {};

TEST_P(PolicyCreateCase, EndsAsTheRecordShows) {
  const auto call = Run("CreateOrder");
  if (!call->ok()) {
    EXPECT_EQ(call->response.ByteSizeLong(), 0u);
    EXPECT_EQ(call->call.failure->order_id, "order-1");
    EXPECT_EQ(call->call.failure->idempotency_key, kKey);
  } else {
    EXPECT_EQ(call->response.result().idempotency_key(), kKey);
    EXPECT_EQ(call->response.order().custom_info().custom_3(), "");
  }
}

v1::CreateOrderRequest Unmarkable(v1::CreateOrderRequest order) {
  order.mutable_custom_info()->set_custom_3("taken");
  order.set_var1("taken");
  return order;
}

std::vector<PaymentCase<v1::CreateOrderRequest>> Cases() {
  const OrderJson ours = OrderJson{}.Marked(kKey);
  const OrderJson other = PaidAtOnce().Marked("another");
  const std::time_t now = std::time(nullptr);
  return {
      // What needs no lookup.
      {"Success", Keyed(), ours, None(), "OK CONFIRMED"},
      {"Decline", Keyed(), Declined(), None(), "OK CONFIRMED"},
      {"Refused", Keyed(), Error(1001), None(), "INVALID_ARGUMENT REJECTED MSP_1001"},
      {"Unsent", Keyed(), Unsent(), None(), "UNAVAILABLE NOT_SENT NOT_SENT"},
      {"QueueFull", Keyed(), Unsent(http::TransferError::kQueueFull), None(),
       "RESOURCE_EXHAUSTED NOT_SENT OVERLOADED"},
      {"Stopping", Keyed(), Unsent(http::TransferError::kStopped), None(),
       "UNAVAILABLE NOT_SENT SHUTTING_DOWN"},
      // The answer is lost.
      {"LostAndOurs", Keyed(), Lost(), ours, "OK CONFIRMED reconciled"},
      {"LostAndLaterOurs", Keyed(), Lost(), Responses(Absent(), Absent(), ours),
       "OK CONFIRMED reconciled", 1, None(), true},
      {"LostAndTheFirstLookupFails", Keyed(), Lost(), Responses(Lost(), Error(1000, 500), ours),
       "OK CONFIRMED reconciled", 1, None(), true},
      {"LateAndOursDeclined", Keyed(), Lost(http::TransferError::kDeadline),
       Declined().Marked(kKey), "OK CONFIRMED reconciled"},
      {"LostAndOursWaits", Keyed(), Lost(), Open().Marked(kKey),
       "OK CONFIRMED reconciled NEXT_ACTION_LOST"},
      {"LostAndAbsent", Keyed(), Lost(), Absent(), kOutcomeUnknown},
      {"LostAndABareNotFound", Resending(), Lost(), BareNotFound(), kOutcomeUnknown},
      {"LostAndNoLookup", Keyed(), Lost(), Unsent(), kOutcomeUnknown},
      {"LostAndAnotherPaid", Keyed(), Lost(), other, "ALREADY_EXISTS REJECTED ORDER_ID_TAKEN"},
      {"LostAndAnotherOpen", Keyed(), Lost(), Open().Marked("another"), kOutcomeUnknown},
      {"LostAndAnothersMoneyOnItsWay", Keyed(), Lost(), OnItsWay().Marked("another"),
       kOutcomeUnknown},
      // While the other was open MultiSafepay may have started this one beside it.
      {"LostAndAnotherPaidMeanwhile", Keyed(), Lost(),
       Responses(Open().Marked("another"), Paid(now - 600, now).Marked("another")),
       kOutcomeUnknown},
      {"LostAndAnotherPaidAnHourAgoByATimeWithoutAZone", Keyed(), Lost(),
       Dated(Paid(now - 7'200, now - 3'600).Marked("another"), now), kOutcomeUnknown},
      {"LostAndAnotherPaidYesterday", Keyed(), Lost(),
       Dated(Paid(now - 90'000, now - 86'400).Marked("another"), now),
       "ALREADY_EXISTS REJECTED ORDER_ID_TAKEN"},
      {"LostAndAnotherPaidYesterdayByNoClock", Keyed(), Lost(),
       Dated(Paid(now - 90'000, now - 86'400).Marked("another"), -1), kOutcomeUnknown},
      {"LostAndAnotherPaidWithoutATime", Keyed(), Lost(), OrderJson{}.Marked("another"),
       kOutcomeUnknown},
      {"LostAndAnotherCollectedByPayPal", Keyed(), Lost(),
       OrderJson{.financial_status = "initialized",
                 .more = PaidAtOnce().more,
                 .details = R"({"type":"PAYPAL"})"}
           .Marked("another"),
       "ALREADY_EXISTS REJECTED ORDER_ID_TAKEN"},
      {"LostAndAnotherDead", Keyed(), Lost(), Declined().Marked("another"), kOutcomeUnknown},
      {"LostAndAnUnmarkedPaid", Keyed(), Lost(), OrderJson{.custom_info = R"({"custom_3":null})"},
       kOutcomeUnknown},
      {"LostAndOursMangled", Keyed(), Lost(),
       OrderJson{.custom_info = R"({"custom_3":"IDEM:KEY-1"})"}, kOutcomeUnknown},
      {"LostAndAnothersAuthorized", Keyed(), Lost(),
       OrderJson{.financial_status = "initialized",
                 .details = R"({"type":"VISA","capture":"manual"})"}
           .Marked("another"),
       kOutcomeUnknown},
      {"LostAndAnothersInReview", Keyed(), Lost(),
       OrderJson{.status = "uncleared", .financial_status = "uncleared"}.Marked("another"),
       kOutcomeUnknown},
      {"TakenInAnotherCase", Keyed(), Error(1006), OrderJson{.order_id = "ORDER-1"},
       "ALREADY_EXISTS REJECTED MSP_1006"},
      {"LostAndOursOfAnotherAmount", Keyed(), Lost(), OrderJson{.amount = 1}.Marked(kKey),
       "UNKNOWN UNKNOWN UPSTREAM_MISMATCH"},
      {"LostAndOursOfAnotherCurrency", Keyed(), Lost(), OrderJson{.currency = "USD"}.Marked(kKey),
       "UNKNOWN UNKNOWN UPSTREAM_MISMATCH"},
      {"LostAndALookupOfAnotherOrder", Keyed(), Lost(),
       OrderJson{.order_id = "order-2"}.Marked(kKey), kOutcomeUnknown},
      // The answer is about something else.
      {"AnsweredAnotherAmount", Keyed(), OrderJson{.amount = 100}, ours, "OK CONFIRMED reconciled"},
      {"AnsweredAnotherAmountForGood", Keyed(), OrderJson{.amount = 100}, Absent(),
       "UNKNOWN UNKNOWN UPSTREAM_MISMATCH"},
      {"AnsweredAnotherCurrency", Keyed(), OrderJson{.currency = "USD"}, Absent(),
       "UNKNOWN UNKNOWN UPSTREAM_MISMATCH"},
      {"AnsweredAnotherOrder", Keyed(), OrderJson{.order_id = "order-2"}, Absent(),
       "UNKNOWN UNKNOWN UPSTREAM_MISMATCH"},
      // Sent again only when asked to, and once.
      {"ResentAndDone", Resending(), Responses(Lost(), ours), Absent(), "OK CONFIRMED", 2},
      {"ResentAndLostAgain", Resending(), Lost(), Absent(), kOutcomeUnknown, 2},
      {"ResentAndFirstWorked", Resending(), Responses(Lost(), Error(1006)), Absent(),
       "OK CONFIRMED reconciled", 2, ours},
      {"ResentUnmarkableAndTaken", Unmarkable(Resending()), Responses(Lost(), Error(1006)),
       Absent(), kOutcomeUnknown, 2, OrderJson{}},
      {"ResentAndUnsent", Resending(), Responses(Lost(), Unsent()), Absent(), kOutcomeUnknown, 2},
      {"ResentAndRefused", Resending(), Responses(Lost(), Error(1020)), Absent(), kOutcomeUnknown,
       2},
      {"NotResentWhileLookupsFail", Resending(), Lost(), Lost(), kOutcomeUnknown},
      {"NotResentBesideAnother", Resending(), Lost(), Open().Marked("another"), kOutcomeUnknown},
      {"ResentUnderADeadId", Resending(), Responses(Lost(), ours), Declined().Marked("another"),
       "OK CONFIRMED", 2},
      // 1006: taken, perhaps by ourselves.
      {"TakenByOurselves", Keyed(), Error(1006), ours, "OK CONFIRMED replayed"},
      {"TakenByAnother", Keyed(), Error(1006), other, "ALREADY_EXISTS REJECTED MSP_1006"},
      {"TakenByADeadOne", Keyed(), Error(1006), Declined().Marked("another"),
       "ALREADY_EXISTS REJECTED MSP_1006"},
      {"TakenAndAbsent", Keyed(), Error(1006), Absent(), kOutcomeUnknown},
      {"TakenByOurOwnThatShowsLate", Keyed(), Error(1006), Responses(Absent(), Absent(), ours),
       "OK CONFIRMED replayed"},
      {"TakenAndNoLookup", Keyed(), Error(1006), Lost(), kOutcomeUnknown},
      {"TakenByOurKeyForAnotherAmount", Keyed(), Error(1006), OrderJson{.amount = 1}.Marked(kKey),
       "ALREADY_EXISTS REJECTED IDEMPOTENCY_KEY_REUSED"},
      {"TakenAndUnmarkable", Unmarkable(Keyed()), Error(1006), OrderJson{}, kOutcomeUnknown},
      // 1024: declined, perhaps with an order that says why.
      {"DeclinedWithAnOrder", Keyed(), Error(1024), Declined().Marked(kKey),
       "OK CONFIRMED reconciled"},
      {"DeclinedWithoutAnOrder", Keyed(), Error(1024), Absent(),
       "FAILED_PRECONDITION REJECTED MSP_1024"},
      {"DeclinedBesideAnother", Keyed(), Error(1024), other,
       "FAILED_PRECONDITION REJECTED MSP_1024"},
      {"DeclinedAndNoLookup", Keyed(), Error(1024), Lost(),
       "FAILED_PRECONDITION REJECTED MSP_1024"},
      // A repeat reads the order before it sends.
      {"RepeatFindsOurs", Repeated(), None(), ours, "OK CONFIRMED replayed", 0},
      {"RepeatFindsOursDead", Repeated(), None(), Declined().Marked(kKey), "OK CONFIRMED replayed",
       0},
      {"RepeatFindsOursWaiting", Repeated(), None(), Open().Marked(kKey),
       "OK CONFIRMED replayed NEXT_ACTION_LOST", 0},
      {"RepeatFindsNothing", Repeated(), OrderJson{}, Absent(), "OK CONFIRMED"},
      {"RepeatComesBeforeTheFirst", Repeated(), None(), Responses(Absent(), Absent(), ours),
       "OK CONFIRMED replayed", 0, None(), true},
      {"RepeatFindsAnother", Repeated(), None(), other, "ALREADY_EXISTS REJECTED ORDER_ID_TAKEN",
       0},
      {"RepeatFindsAnotherThatWasOpen", Repeated(), None(),
       Dated(Paid(now - 90'000, now - 86'400).Marked("another"), now), kOutcomeUnknown, 0},
      {"RepeatFindsAnotherPaidLastMonth", Repeated(), None(),
       Dated(Paid(now - 2'600'000, now - 2'592'000).Marked("another"), now),
       "ALREADY_EXISTS REJECTED ORDER_ID_TAKEN", 0},
      {"RepeatFindsAnotherOpen", Repeated(), None(), Open().Marked("another"), kOutcomeUnknown, 0},
      {"RepeatFindsAnotherDead", Repeated(), OrderJson{}, Declined().Marked("another"),
       "OK CONFIRMED"},
      {"RepeatCannotLookUp", Repeated(), None(), Lost(), kOutcomeUnknown, 0},
      {"RepeatMayNotLookUp", Repeated(), None(), Error(1032, 401), kOutcomeUnknown, 0},
      {"RepeatFindsOurKeyForAnotherAmount", Repeated(), None(), OrderJson{.amount = 1}.Marked(kKey),
       "ALREADY_EXISTS REJECTED IDEMPOTENCY_KEY_REUSED", 0},
      {"RepeatCannotTell", Unmarkable(Repeated()), None(), OrderJson{}, kOutcomeUnknown, 0},
      {"RepeatRefusedByTheFirst", Unmarkable(Repeated()), Error(1006), Absent(), kOutcomeUnknown, 1,
       OrderJson{}},
      {"RepeatRefusedByAnother", Repeated(), Error(1006), Absent(),
       "ALREADY_EXISTS REJECTED MSP_1006", 1, other},
      {"RepeatRefusedAndNoLookup", Repeated(), Error(1024), Absent(), kOutcomeUnknown, 1, Lost()},
      // What forbids it now may not have been so when the first came.
      {"RepeatRefusedAsTheSiteIsBlocked", Repeated(), Error(1019), Absent(), kOutcomeUnknown},
      {"RepeatRefusedAsTheAccountIsBlocked", Repeated(), Error(1020), Absent(), kOutcomeUnknown},
      {"RepeatRefusedAsTheMethodIsOff", Repeated(), Error(1023), Absent(), kOutcomeUnknown},
      {"RepeatRefusedForTheKey", Repeated(), Error(1032, 401), Absent(), kOutcomeUnknown},
      {"RepeatForbidden", AsRepeat(Resending()), ResponseOf(403, R"({"message":"Forbidden"})"),
       Absent(), kOutcomeUnknown},
      {"RepeatRefusedAndTheFirstShowsLate", Repeated(), Error(1020), Absent(),
       "OK CONFIRMED replayed", 1, ours},
      {"RepeatThatWasInvalidFromTheStart", Repeated(), Error(1001), Absent(),
       "INVALID_ARGUMENT REJECTED MSP_1001"},
      {"RefusedAsTheAccountIsBlocked", Keyed(), Error(1020), None(),
       "PERMISSION_DENIED REJECTED MSP_1020"},
      {"RepeatRateLimited", Repeated(), ResponseOf(429, "{}"), Absent(), kOutcomeUnknown},
      // Without a marker the record can only disprove.
      {"UnmarkableAndThere", Unmarkable(Keyed()), Lost(), OrderJson{}, kOutcomeUnknown},
      {"UnmarkableAndOfAnotherAmount", Unmarkable(Keyed()), Lost(),
       OrderJson{.amount = 1, .more = PaidAtOnce().more}, "ALREADY_EXISTS REJECTED ORDER_ID_TAKEN"},
      {"UnmarkableAndOfYesterday", Unmarkable(Keyed()), Lost(),
       Dated(Paid(now - 86'400, now - 86'400), now), "ALREADY_EXISTS REJECTED ORDER_ID_TAKEN"},
      // The zone of `created` is nowhere written, and one hour in autumn comes twice.
      {"UnmarkableAndOfTwoHoursAgo", Unmarkable(Keyed()), Lost(),
       Dated(Paid(now - 7'000, now - 7'000), now), kOutcomeUnknown},
      // This host's clock proves nothing.
      {"UnmarkableAndOfNowByMultiSafepaysClock", Unmarkable(Keyed()), Lost(),
       Dated(Paid(now - 86'400, now - 86'400), now - 86'400), kOutcomeUnknown},
      {"UnmarkableOfYesterdayWithoutADate", Unmarkable(Keyed()), Lost(),
       Dated(Paid(now - 86'400, now - 86'400), -1), kOutcomeUnknown},
      {"MarkersOffAndThere", Keyed(), Lost(), OrderJson{}, kOutcomeUnknown, 1, None(), false,
       false},
      {"MarkedButTheAnswerHidesIt", Keyed(), Lost(), OrderJson{}, kOutcomeUnknown},
  };
}

INSTANTIATE_TEST_SUITE_P(All, PolicyCreateCase, ::testing::ValuesIn(Cases()), kRowName);

class PolicyCreate : public PaymentCallTest {};

TEST_F(PolicyCreate, AnUnknownOutcomeCarriesWhatTheRecordShowed) {
  client.writes = {Lost()};
  client.reads = {Open().Marked("another")};
  Create call(api(), "CreateOrder", Keyed(), site());
  ASSERT_FALSE(call.ok());
  ASSERT_NE(call.call.failure->order, nullptr);
  EXPECT_EQ(call.call.failure->order->status(), "initialized");
  EXPECT_EQ(call.call.failure->order->custom_info().custom_3(), "");
  EXPECT_EQ(call.call.failure->code, absl::StatusCode::kUnknown);
}

TEST_F(PolicyCreate, AgRpcRetryCountsAsARepeat) {
  client.reads = {OrderJson{}.Marked(kKey)};
  Create call(api(), "CreateOrder", Keyed(), site(), std::chrono::seconds(20), 1);
  EXPECT_EQ(call.Summary(), "OK CONFIRMED replayed");
  EXPECT_EQ(client.written(), 0u);
}

TEST_F(PolicyCreate, ADerivedKeyOfTheApiKeyBeforeARotationIsOursToo) {
  const Site before("main", "abcde-12345");
  const std::string old_key = DerivedKey(
      DigestOf(TestOperations().Find("CreateOrder"),
               *std::make_unique<v1::CreateOrderRequest>(DirectOrder()), before.keyed_hash()));
  const v1::CreateOrderRequest order = AsRepeat(DirectOrder());
  client.reads = {OrderJson{}.Marked(old_key)};
  Create call(api(), "CreateOrder", order,
              std::make_shared<const Site>("main", "fghij-67890", "abcde-12345"));
  EXPECT_EQ(call.Summary(), "OK CONFIRMED replayed");
  EXPECT_EQ(client.written(), 0u);
}

// Another release, or an API key that this process has never had, derives another key.
TEST_F(PolicyCreate, ARepeatWithADerivedKeyIsNeverTakenForAnothersForItsMarkerAlone) {
  const v1::CreateOrderRequest order = AsRepeat(DirectOrder());
  client.reads = {OrderJson{}.Marked("another")};
  Create call(api(), "CreateOrder", order, site());
  EXPECT_EQ(call.Summary(), kOutcomeUnknown);
  ASSERT_NE(call.call.failure->order, nullptr);
  EXPECT_EQ(client.written(), 0u);
  client.reads = {OrderJson{.amount = 1, .more = PaidAtOnce().more}.Marked("another")};
  Create other_money(api(), "CreateOrder", order, site());
  EXPECT_EQ(other_money.Summary(), "ALREADY_EXISTS REJECTED ORDER_ID_TAKEN");
}

TEST_F(PolicyCreate, ADefaultOfTheSettingsIsNoPartOfTheKey) {
  const std::string key = KeyOf("CreateOrder", DirectOrder());
  options.notification_url = "https://shop.example/notify";
  client.writes = {OrderJson{}};
  Create call(api(), "CreateOrder", DirectOrder(), site());
  EXPECT_EQ(call.Summary(), "OK CONFIRMED");
  EXPECT_EQ(call.response.result().idempotency_key(), key);
}

TEST_F(PolicyCreate, TheMarkerTakesTheFreeMember) {
  struct {
    const char* name;
    bool custom_3_taken, var1_taken, markers;
    const char* there;
    const char* not_there;
  } const cases[] = {
      {"custom_3", false, false, true, R"("custom_3":"idem:key-1")", "var1"},
      {"var1", true, false, true, R"("var1":"idem:key-1")", R"("custom_3":"idem)"},
      {"none", true, true, true, R"("var1":"taken")", "idem:"},
      {"off", false, false, false, R"("order_id":"order-1")", "idem:"},
  };
  for (const auto& the : cases) {
    SCOPED_TRACE(the.name);
    ScriptedClient one;
    one.writes = {OrderJson{}};
    telemetry::Metrics metrics;
    Api other({.idempotency_marker = the.markers}, TestOperations(), one, metrics);
    v1::CreateOrderRequest order = Keyed();
    if (the.custom_3_taken) order.mutable_custom_info()->set_custom_3("taken");
    if (the.var1_taken) order.set_var1("taken");
    Create call(other, "CreateOrder", order, site());
    // An order without a marker is reported to its caller.
    const bool unmarked = the.markers && the.custom_3_taken && the.var1_taken;
    EXPECT_EQ(call.Summary(), unmarked ? "OK CONFIRMED NO_MARKER" : "OK CONFIRMED");
    EXPECT_THAT(one.bodies().at(0), HasSubstr(the.there));
    EXPECT_THAT(one.bodies().at(0), Not(HasSubstr(the.not_there)));
    EXPECT_THAT(one.bodies().at(0), Not(HasSubstr("var3")));
  }
}

TEST_F(PolicyCreate, AMarkerInVar1IsFound) {
  v1::CreateOrderRequest order = Keyed();
  order.mutable_custom_info()->set_custom_3("taken");
  client.writes = {Lost()};
  client.reads = {
      OrderJson{.custom_info = R"({"custom_3":"taken"})", .more = R"("var1":"idem:key-1",)"}};
  Create call(api(), "CreateOrder", order, site());
  EXPECT_EQ(call.Summary(), "OK CONFIRMED reconciled");
  EXPECT_EQ(call.response.order().var1(), "");
  EXPECT_EQ(call.response.order().custom_info().custom_3(), "taken");
}

TEST_F(PolicyCreate, ADerivedKeyIsTheSameForTheSameContentOnly) {
  const std::string key = KeyOf("CreateOrder", DirectOrder());
  EXPECT_EQ(key.size(), 27u) << "so that its marker has 32 characters";
  EXPECT_EQ(key, KeyOf("CreateOrder", Keyed("any")));
  EXPECT_EQ(key, KeyOf("CreateOrder", Repeated()));
  v1::CreateOrderRequest other = DirectOrder();
  other.mutable_gateway_info()->set_card_cvc("999");
  EXPECT_EQ(key, KeyOf("CreateOrder", other)) << "the security code is no part of it";
  other.set_amount(9744);
  EXPECT_NE(key, KeyOf("CreateOrder", other));
  other = DirectOrder();
  other.mutable_gateway_info()->set_card_number("4111112222221111");
  EXPECT_EQ(key, KeyOf("CreateOrder", other)) << "nor is the middle of the card number";
  other.mutable_gateway_info()->set_card_number("4111112222221112");
  EXPECT_NE(key, KeyOf("CreateOrder", other));
}

TEST_F(PolicyCreate, ALostAnswerIsFoundByADerivedKeyToo) {
  const std::string key = KeyOf("CreateOrder", DirectOrder());
  client.writes = {Lost()};
  client.reads = {OrderJson{}.Marked(key)};
  Create call(api(), "CreateOrder", DirectOrder(), site());
  EXPECT_EQ(call.Summary(), "OK CONFIRMED reconciled");
  EXPECT_EQ(call.response.result().idempotency_key(), key);
}

TEST_F(PolicyCreate, TheCardIsZeroizedBeforeTheReply) {
  client.writes = {OrderJson{}};
  Create call(api(), "CreateOrder", Keyed(), site());
  EXPECT_TRUE(call.ok());
  EXPECT_THAT(client.bodies().at(0), HasSubstr("4111111111111111"));
  EXPECT_EQ(call.request.gateway_info().card_number(), "");
  EXPECT_EQ(call.request.gateway_info().card_cvc(), "");
}

TEST_F(PolicyCreate, AResendCarriesTheSameBytes) {
  client.writes = {Lost(), OrderJson{}};
  client.reads = {Absent()};
  Create call(api(), "CreateOrder", Resending(), site());
  EXPECT_TRUE(call.ok());
  ASSERT_EQ(client.bodies().size(), 2u);
  EXPECT_EQ(client.bodies()[0], client.bodies()[1]);
  EXPECT_EQ(call.request.gateway_info().card_number(), "");
}

TEST_F(PolicyCreate, NoWriteMayBeSentTwice) {
  client.writes = {Lost()};
  client.reads = {Absent()};
  Create call(api(), "CreateOrder", Keyed(), site());
  call.End();
  for (const http::Request& request : client.requests()) {
    const bool get = request.method == http::Method::kGet;
    EXPECT_EQ(request.read, get);
  }
}

TEST_F(PolicyCreate, TooShortADeadlineSendsNothing) {
  Create call(api(), "CreateOrder", Keyed(), site(), std::chrono::milliseconds(60));
  EXPECT_EQ(call.Summary(), "DEADLINE_EXCEEDED NOT_SENT DEADLINE_TOO_SHORT");
  EXPECT_TRUE(client.requests().empty());
}

TEST_F(PolicyCreate, APartOfTheDeadlineIsKeptForLookups) {
  client.writes = {OrderJson{}};
  Create call(api(), "CreateOrder", Keyed(), site(), std::chrono::seconds(8));
  EXPECT_TRUE(call.ok());
  const auto kept = call.call.deadline - client.requests().at(0).deadline;
  EXPECT_GE(kept, std::chrono::milliseconds(1'900));
  EXPECT_LE(kept, std::chrono::milliseconds(2'200));
}

TEST_F(PolicyCreate, AnUnknownOutcomeComesBeforeTheDeadline) {
  options.settle_ms = 60'000;
  options.reconcile_backoff_ms = 20;
  client.writes = {Lost()};
  client.reads = {Absent()};
  Create call(api(), "CreateOrder", Keyed(), site(), std::chrono::milliseconds(300));
  EXPECT_EQ(call.Summary(), kOutcomeUnknown);
  EXPECT_LE(http::Clock::now(), call.call.deadline);
  EXPECT_GE(client.read_count(), 2u);
}

TEST_F(PolicyCreate, ADryRunSendsNothingAndShowsNoCard) {
  v1::CreateOrderRequest order = Keyed();
  order.mutable_control()->set_validate_only(true);
  Create call(api(), "CreateOrder", order, site());
  EXPECT_EQ(call.Summary(), "OK NOT_SENT");
  EXPECT_TRUE(client.requests().empty());
  EXPECT_THAT(call.response.result().dry_run_json(), HasSubstr(R"("amount":9743)"));
  EXPECT_THAT(call.response.result().dry_run_json(), Not(HasSubstr("4111111111111111")));
}

// One lookup decides between a refusal and UNKNOWN: it is tried more than once.
TEST_F(PolicyCreate, ALookupAfterARefusalIsTriedAgainWhenItFails) {
  client.writes = {Error(1006)};
  client.reads = {Lost(), ResponseOf(503, "<html>"), OrderJson{}.Marked(kKey)};
  Create call(api(), "CreateOrder", Keyed(), site());
  EXPECT_EQ(call.Summary(), "OK CONFIRMED replayed");
  EXPECT_EQ(client.read_count(), 3u);
}

TEST_F(PolicyCreate, LookupsThatFailGoOnToTheDeadlineAndLeaveItUnknown) {
  client.writes = {Error(1006)};
  client.reads = {ResponseOf(503, "<html>")};
  Create call(api(), "CreateOrder", Keyed(), site());
  EXPECT_EQ(call.Summary(), kOutcomeUnknown);
  EXPECT_GT(client.read_count(), 4u);
  EXPECT_EQ(client.written(), 1u);
}

}  // namespace
}  // namespace msp::payments
