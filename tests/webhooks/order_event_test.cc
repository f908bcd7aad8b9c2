// SPDX-License-Identifier: Apache-2.0

// Which notification is news, which is old, and where only a read of the order decides.
#include "service/webhooks/order_event.h"

#include "gtest/gtest.h"
#include "tests/webhooks/notes.h"

namespace msp::webhooks {
namespace {

namespace v1 = multisafepay::v1;

OrderState At(std::string_view status, std::string_view financial, int second,
              std::string_view transaction = "77") {
  return StateOf(OrderOf(status, financial, second, transaction), 0);
}

// A payment is begun, declined or paid, or its order void, at a second.
TEST(Ordering, OfTwoStatesIsByTheirTimeAndByWhatTheyShow) {
  const struct {
    const char* name;
    const char* known;
    int known_second;
    const char* seen;
    int seen_second;
    Ordering ordering;
  } rows[] = {
      {"newer", "initialized", 1, "completed", 2, Ordering::kNews},
      {"newer after a decline", "declined", 2, "completed", 3, Ordering::kNews},
      {"the same", "completed", 2, "completed", 2, Ordering::kSame},
      {"the same, earlier", "completed", 2, "completed", 1, Ordering::kSame},
      {"the same, later", "completed", 2, "completed", 9, Ordering::kSame},
      {"older", "completed", 5, "initialized", 4, Ordering::kStale},
      {"an older decline", "completed", 5, "declined", 4, Ordering::kStale},
      {"older with more", "initialized", 5, "completed", 4, Ordering::kIndeterminate},
      {"an older decline with more", "initialized", 5, "declined", 4, Ordering::kIndeterminate},
      {"paid before a decline", "declined", 5, "completed", 4, Ordering::kIndeterminate},
      {"opens a paid one", "completed", 4, "initialized", 5, Ordering::kIndeterminate},
      {"opens a declined one", "declined", 4, "initialized", 5, Ordering::kIndeterminate},
      // Within one second only the beginning is certain.
      {"paid in the second of its beginning", "initialized", 1, "completed", 1, Ordering::kNews},
      {"begun in the second of its end", "completed", 1, "initialized", 1, Ordering::kStale},
      {"void in the second of its end", "completed", 1, "void", 1, Ordering::kIndeterminate},
      {"of a status that nobody knows", "initialized", 1, "reserved", 2, Ordering::kIndeterminate},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(Compare(At(row.known, row.known, row.known_second),
                      At(row.seen, row.seen, row.seen_second)),
              row.ordering)
        << row.name;
  }
}

TEST(Proven, OneReadIsEnoughOnlyForWhatIsCertainlyLater) {
  struct Row {
    const char* sent;
    int sent_second;
    const char* read;
    int read_second;
    bool proven;
  };
  constexpr Row kRows[] = {
      {"initialized", 2, "completed", 3, true},      {"initialized", 2, "completed", 2, true},
      {"initialized", 2, "completed", 1, false},     {"completed", 2, "initialized", 1, false},
      {"completed", 2, "initialized", 2, false},     {"completed", 2, "initialized", 3, false},
      {"declined", 2, "initialized", 3, false},      {"declined", 2, "completed", 2, true},
      {"completed", 2, "partial_refunded", 2, true}, {"partial_refunded", 2, "completed", 2, false},
      {"partial_refunded", 2, "completed", 3, true}, {"completed", 2, "chargedback", 2, true},
  };
  for (const Row& row : kRows) {
    const auto at = [](const char* status, int second) {
      return At(status, std::string_view(status) == "initialized" ? "initialized" : "completed",
                second);
    };
    EXPECT_EQ(ProvenAfter(LastSentOf(at(row.sent, row.sent_second)), at(row.read, row.read_second)),
              row.proven)
        << row.sent << row.sent_second << ' ' << row.read << row.read_second;
  }
}

TEST(Ordering, AnotherTransactionIsNeverTheState) {
  const OrderState paid = At("completed", "completed", 1);
  // A refund's body: the order's id, its own transaction.
  EXPECT_EQ(Compare(paid, At("completed", "completed", 2, "88")), Ordering::kIndeterminate);
  EXPECT_EQ(Compare(paid, At("reserved", "reserved", 2, "88")), Ordering::kIndeterminate);
  EXPECT_EQ(Compare(At("declined", "declined", 1), At("completed", "completed", 2, "88")),
            Ordering::kIndeterminate);
}

TEST(Ordering, AFirstAttemptMayShowItselfOnlyWhileItIsOpen) {
  const OrderState page = At("", "", 1, "");
  EXPECT_EQ(Compare(page, At("initialized", "initialized", 2)), Ordering::kNews);
  EXPECT_EQ(Compare(page, At("completed", "completed", 2)), Ordering::kIndeterminate);
}

TEST(Ordering, AnotherAmountOrCurrencyOrAnUnknownStateIsIndeterminate) {
  const OrderState begun = At("initialized", "initialized", 1);
  v1::Order other = OrderOf("completed", "completed", 2);
  other.set_amount(999);
  EXPECT_EQ(Compare(begun, StateOf(other, 0)), Ordering::kIndeterminate);
  other.set_amount(1'000);
  other.set_currency("USD");
  EXPECT_EQ(Compare(begun, StateOf(other, 0)), Ordering::kIndeterminate);
  v1::Order timeless = OrderOf("completed", "completed", 2);
  timeless.clear_modified_time();
  EXPECT_EQ(Compare(begun, StateOf(timeless, 0)), Ordering::kIndeterminate);
}

// A refund of Klarna's or Riverty's shows the order's id and a pair of its own.
TEST(Ordering, ARefundsBeginningIsNeverTheState) {
  const OrderState begun = At("initialized", "initialized", 1);
  for (const char* method : {"KLARNA", "AFTERPAY"}) {
    for (const char* transaction : {"77", "88"}) {
      const OrderState refund =
          StateOf(OrderOf("initialized", "completed", 2, transaction, method), 0);
      EXPECT_EQ(Compare(begun, refund), Ordering::kIndeterminate) << method;
      EXPECT_EQ(Compare(At("", "", 1, ""), refund), Ordering::kIndeterminate) << method;
    }
  }
}

TEST(Stage, IsFinalOnceTheMoneyIsCollectedAndNotBefore) {
  struct Row {
    const char* method;
    const char* status;
    const char* financial_status;
    Stage stage;
  };
  constexpr Row kRows[] = {{"PAYPAL", "completed", "initialized", Stage::kFinal},
                           {"PAYPAL", "uncleared", "initialized", Stage::kOpen},
                           {"VISA", "completed", "completed", Stage::kFinal},
                           {"BIZUM", "completed", "initialized", Stage::kOpen},
                           {"MBWAY", "completed", "uncleared", Stage::kOpen},
                           {"DBRTP", "completed", "uncleared", Stage::kOpen},
                           {"DIRDEB", "uncleared", "uncleared", Stage::kOpen},
                           {"AMAZONBTN", "completed", "initialized", Stage::kOpen},
                           {"KLARNA", "completed", "uncleared", Stage::kOpen},
                           {"KLARNA", "shipped", "uncleared", Stage::kOpen},
                           {"KLARNA", "shipped", "completed", Stage::kFinal},
                           {"EINVOICE", "completed", "initialized", Stage::kOpen},
                           {"EINVOICE", "shipped", "initialized", Stage::kOpen},
                           {"IDEAL", "declined", "declined", Stage::kLikely}};
  for (const Row& row : kRows) {
    const OrderState state =
        StateOf(OrderOf(row.status, row.financial_status, 1, "77", row.method), 0);
    EXPECT_EQ(StageOf(state), row.stage)
        << row.method << ' ' << row.status << '/' << row.financial_status;
  }
}

TEST(OrderState, AddressesAndMaskedAccountsAreNoChange) {
  v1::Order read = OrderOf("initialized", "initialized", 1);
  v1::Order notified = read;
  notified.set_payment_url("https://pay.example/1");
  notified.mutable_payment_details()->set_account_id("NL**1234");
  notified.set_payment_state(v1::PAYMENT_STATE_REQUIRES_ACTION);
  EXPECT_EQ(StateOf(read, 0).digest, StateOf(notified, 0).digest);
}

}  // namespace
}  // namespace msp::webhooks
