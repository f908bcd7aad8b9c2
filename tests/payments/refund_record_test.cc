// SPDX-License-Identifier: Apache-2.0

// What the order's record says of its refunds: how much is left, which refund was all of it, and
// whether the items alone say what is to be refunded.
#include <limits>

#include "tests/payments/refunds.h"

namespace msp::payments {
namespace {

using ::testing::HasSubstr;

class RefundRecord : public PaymentCallTest {};

TEST_F(RefundRecord, AFullRefundSendsTheExplicitRemainder) {
  struct {
    const char* name;
    std::string related, more;
    const char* sent;  // Null: nothing left.
  } const cases[] = {
      {"untouched", "", "", R"("amount":9743)"},
      {"partly refunded", Related("refund-1", 743, "90", "completed"), R"("amount_refunded":743,)",
       R"("amount":9000)"},
      {"reserved and not counted yet", Related("refund-1", 743, "90"), R"("amount_refunded":0,)",
       R"("amount":9000)"},
      {"negative in the record", Related("refund-1", -743, "90"), "", R"("amount":9000)"},
      {"a void refund is none", Related("refund-1", 743, "90", "void"), "", R"("amount":9743)"},
      {"counted without a record", "", R"("amount_refunded":743,)", R"("amount":9000)"},
      {"all of it", Related("refund-1", 9743, "90"), "", nullptr},
  };
  for (const auto& the : cases) {
    SCOPED_TRACE(the.name);
    ScriptedClient one;
    one.reads = {Order(the.related, the.more)};
    one.writes = {Refunded()};
    telemetry::Metrics metrics;
    Api other(options, TestOperations(), one, metrics);
    Refund call(other, "RefundOrder", Full(), site());
    if (the.sent == nullptr) {
      EXPECT_EQ(call.Summary(), "FAILED_PRECONDITION REJECTED NOTHING_LEFT");
      EXPECT_EQ(one.written(), 0u);
      continue;
    }
    EXPECT_EQ(call.Summary(), "OK CONFIRMED");
    ASSERT_EQ(one.bodies().size(), 1u);
    EXPECT_THAT(one.bodies()[0], HasSubstr(the.sent));
    EXPECT_THAT(one.bodies()[0], HasSubstr(R"("currency":"EUR")"));
  }
}

// MultiSafepay refunds any other order in full where the amount is missing.
TEST_F(RefundRecord, ItemsAloneAreSentOnlyWhereTheMethodIsKnownToTakeThem) {
  constexpr char kRefused[] = "INVALID_ARGUMENT NOT_SENT INVALID_REQUEST";
  constexpr char kVisa[] = R"("payment_methods":[{"type":"VISA"}],)";
  constexpr char kKlarna[] = R"("payment_methods":[{"type":"KLARNA"},{"type":"COUPON"}],)";
  struct {
    const char* name;
    std::string details, more;
    const char* summary;
  } const cases[] = {
      {"card", R"({"type":"VISA"})", "", kRefused},
      {"card of any scheme", R"({"type":"CREDITCARD"})", "", kRefused},
      {"iDEAL", R"({"type":"IDEAL"})", "", kRefused},
      {"Bancontact", R"({"type":"MISTERCASH"})", "", kRefused},
      {"wallet", R"({"type":"APPLEPAY"})", "", kRefused},
      {"other wallet", R"({"type":"GOOGLEPAY"})", "", kRefused},
      {"method of tomorrow", R"({"type":"NEWPAY"})", "", kRefused},
      {"card named in payment_methods only", "{}", kVisa, kRefused},
      {"no method", "{}", "", kRefused},
      {"pay later", R"({"type":"Klarna"})", "", "OK CONFIRMED"},
      {"invoice", R"({"type":"EINVOICE"})", "", "OK CONFIRMED"},
      {"pay later named in payment_methods only", "{}", kKlarna, "OK CONFIRMED"},
  };
  v1::RefundOrderRequest items = Keyed();
  items.clear_refund();
  items.mutable_checkout_data()->add_items()->set_name("chair");
  for (const auto& the : cases) {
    SCOPED_TRACE(the.name);
    ScriptedClient one;
    one.reads = {OrderJson{.more = the.more, .details = the.details}};
    one.writes = {Refunded()};
    telemetry::Metrics metrics;
    Api other(options, TestOperations(), one, metrics);
    Refund call(other, "RefundOrder", items, site());
    EXPECT_EQ(call.Summary(), the.summary);
    EXPECT_EQ(one.written(), call.ok() ? 1u : 0u);
    if (call.ok()) continue;
    ASSERT_EQ(call.call.failure->violations.size(), 1u);
    EXPECT_EQ(call.call.failure->violations[0].field, "refund");
    EXPECT_THAT(call.call.failure->violations[0].description, HasSubstr("requires an amount"));
  }
}

// Their sums would overflow, and the smallest number has no size.
TEST_F(RefundRecord, AFullRefundIsNotSentBesideAmountsThatNoPaymentHas) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMost = 1'000'000'000'000'000;
  const auto refunds = [](std::int64_t one, std::int64_t other) {
    return Related("refund-1", one, "90") + "," + Related("refund-2", other, "92");
  };
  struct {
    const char* name;
    http::Response order;
  } const cases[] = {
      {"two that overflow", Order(refunds(kHuge, kHuge))},
      {"the smallest number", Order(Related("refund-1", kLeast, "90"))},
      {"just above the bound", Order(Related("refund-1", kMost + 1, "90"))},
      {"a sum above the bound", Order(refunds(kMost, kMost))},
      {"amount_refunded", Order("", R"("amount_refunded":4611686018427387904,)")},
      {"the order's amount", OrderJson{.amount = kHuge}},
  };
  for (const auto& the : cases) {
    SCOPED_TRACE(the.name);
    ScriptedClient one;
    one.reads = {the.order};
    telemetry::Metrics metrics;
    Api other(options, TestOperations(), one, metrics);
    Refund call(other, "RefundOrder", Full(), site());
    EXPECT_EQ(call.Summary(), "INTERNAL NOT_SENT UPSTREAM_MALFORMED");
    EXPECT_EQ(one.written(), 0u);
  }
}

// A repeat of a full refund, whose amount was what was left when it was sent.
struct FullRefundCase {
  std::string name;
  std::int64_t amount;  // Of the refund under the call's key.
  std::string others;   // The other refunds in the record.
  std::string more;     // Members of the order.
  std::string summary;
  bool keyed = true;
};

class FullRefund : public PaymentCallTest, public ::testing::WithParamInterface<FullRefundCase> {};

TEST_P(FullRefund, IsTheOneOfItsKeyUnlessTheRecordRefutesIt) {
  const FullRefundCase& the = GetParam();
  v1::RefundOrderRequest full = Full();
  if (!the.keyed) full.clear_control();
  const std::string key = the.keyed ? kKey : KeyOf("RefundOrder", full);
  client.reads = {Order(Related(IdOf(key), the.amount, "91", "completed") +
                            (the.others.empty() ? "" : "," + the.others),
                        the.more)};
  Refund call(api(), "RefundOrder", AsRepeat(full), site());
  EXPECT_EQ(call.Summary(), the.summary);
  EXPECT_EQ(client.written(), 0u);
  if (call.ok()) {
    EXPECT_EQ(call.response.refund().amount(), the.amount);
  }
}

std::vector<FullRefundCase> FullRefunds() {
  constexpr char kReplayed[] = "OK CONFIRMED replayed";
  constexpr char kReused[] = "ALREADY_EXISTS REJECTED IDEMPOTENCY_KEY_REUSED";
  const std::string stands = Related("refund-1", 743, "90", "completed");
  const std::string undone = Related("refund-1", 743, "90", "void");
  return {
      {"Alone", 9743, "", "", kReplayed},
      {"AloneAndCounted", 9743, "", R"("amount_refunded":9743,)", kReplayed},
      {"BesideAPart", 9000, stands, "", kReplayed},
      {"BesideAPartCounted", 9000, stands, R"("amount_refunded":9743,)", kReplayed},
      {"BesideAPartThatWasVoidedSince", 9000, undone, "", kReplayed},
      {"BesideAPartThatWasVoidBefore", 9743, undone, "", kReplayed},
      {"BesideAPartThatWasVoidedAndOneThatCameAfter", 9000,
       undone + "," + Related("refund-2", 500, "92"), "", kReplayed},
      {"BesideOneWithoutAnAmount", 9000,
       R"({"type":"refund","transaction_id":90,"status":"completed","refund_order_id":"r"})", "",
       kReplayed},
      {"BesideOneOfTheSmallestNumber", 9000,
       Related("refund-1", std::numeric_limits<std::int64_t>::min(), "90"), "", kReplayed},
      {"BesideAPartThatIsCountedAndNotListed", 9000, "", R"("amount_refunded":9743,)", kReplayed},
      {"BesideAPartThatIsCountedAndNotListedAndItselfNotYet", 9000, "", R"("amount_refunded":743,)",
       kReplayed},
      {"APartIsNotAll", 500, "", "", kReused},
      {"APartThatIsCountedIsNotAll", 500, "", R"("amount_refunded":500,)", kReused},
      {"APartBesideAVoidOneIsNotAll", 500, undone, "", kReused},
      {"APartBesideOneThatIsNotListedIsNotAll", 8000, "", R"("amount_refunded":8743,)", kReused},
      {"ADerivedKeyIsOnlyOfFullRefunds", 500, "", "", kReplayed, false},
  };
}

INSTANTIATE_TEST_SUITE_P(All, FullRefund, ::testing::ValuesIn(FullRefunds()), kRowName);

TEST_F(RefundRecord, AFullRefundRefusedAfterAnEarlierOneOfLessIsThatOne) {
  client.reads = {Order()};
  client.late_reads = {Order(Related(IdOf(kKey), 9000, "91", "completed") + "," +
                             Related("refund-1", 743, "90", "void"))};
  client.late_after = 1;
  client.writes = {Error(1034)};
  Refund call(api(), "RefundOrder", Full(), site());
  EXPECT_EQ(call.Summary(), "OK CONFIRMED replayed");
  EXPECT_EQ(call.response.refund().amount(), 9000);
}

}  // namespace
}  // namespace msp::payments
