// SPDX-License-Identifier: Apache-2.0

// What an order's statuses mean: the rows of state_rows.h over the whole cross product, and by name
// where money hangs on it.
#include "service/payments/state.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/payments/state_rows.h"
#include "tests/testing/requests.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;
using rows::Facts;

// Order statuses as documented, in all spellings seen, what no list has, and none ("-").
const std::vector<std::string> kStatuses = rows::Values(
    "initialized completed COMPLETED uncleared declined cancelled canceled void expired shipped "
    "reserved refunded partial_refunded partially_refunded chargeback chargedback Cancelled - "
    "duplicate Void Initialized new");

// Transaction statuses, the list filters' too.
const std::vector<std::string> kFinancialStatuses = rows::Values(
    "initialized completed uncleared declined cancelled canceled void expired reserved refunded "
    "created error manual new - duplicate Completed INITIALIZED partially_refunded "
    "partial_refunded");

// One method of each family, in any letter case, one that is in none, and none at all.
const std::vector<std::string> kMethods = rows::Values(
    "VISA AMEX klarna BNPL_INSTM EINVOICE DBRTP MBWAY Bizum DIRDEB TRUSTLY PAYPAL AMAZONBTN IDEAL "
    "-");

std::string Text(const Facts& f) {
  std::string text;
  for (const std::string_view fact :
       {f.status, f.financial_status, f.method, f.capture, f.related, f.next_action})
    text.append(text.empty() ? "" : ", ").append(fact);
  return text;
}

// Calls `visit` for every combination of what the state depends on.
template <class Visit>
void ForAll(std::string_view status, Visit visit) {
  for (const std::string_view financial : kFinancialStatuses)
    for (const std::string_view method : kMethods)
      for (const std::string_view capture : rows::kCaptures)
        for (const std::string_view related : rows::kRelated)
          for (const std::string_view next : {"unknown", "known"})
            visit(Facts{.status = status,
                        .financial_status = financial,
                        .method = method,
                        .capture = capture,
                        .related = related,
                        .next_action = next});
}

std::string NameOf(v1::PaymentState state) { return v1::PaymentState_Name(state).substr(14); }

v1::PaymentState Of(const Facts& facts) {
  return StateOf(rows::OrderOf(facts), facts.next_action == "known");
}

class EveryPair : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryPair, MeansWhatTheFirstRowThatHoldsSays) {
  ForAll(GetParam(), [](const Facts& facts) {
    if (HasFailure()) return;  // One is enough.
    const rows::Row& row = rows::RowOf(facts);
    EXPECT_EQ(NameOf(Of(facts)), row.state) << Text(facts) << "\nrow: " << row.name;
    EXPECT_EQ(IsUndocumentedState(rows::OrderOf(facts)), row.guess)
        << Text(facts) << "\nrow: " << row.name;
  });
}

INSTANTIATE_TEST_SUITE_P(Status, EveryPair, ::testing::ValuesIn(kStatuses), [](const auto& row) {
  return std::to_string(row.index) + (row.param == "-" ? "_absent" : "_" + row.param);
});

// Each gateway id that a row names, under the pairs of that row.
TEST(MethodRow, HoldsForEachOfItsGateways) {
  for (const rows::Row& row : rows::kRows) {
    if (row.method == "*") continue;
    for (const std::string& status : rows::Values(row.status))
      for (const std::string& financial : rows::Values(row.financial_status))
        for (const std::string& gateway : rows::Values(row.method)) {
          const Facts facts{.status = status, .financial_status = financial, .method = gateway};
          EXPECT_EQ(NameOf(Of(facts)), row.state) << row.name << ": " << Text(facts);
          EXPECT_FALSE(IsUndocumentedState(rows::OrderOf(facts)))
              << row.name << ": " << Text(facts);
        }
  }
}

TEST(Rows, AreAllReached) {
  std::vector<std::string_view> reached;
  for (const std::string& status : kStatuses) {
    ForAll(status, [&](const Facts& facts) {
      const std::string_view name = rows::RowOf(facts).name;
      if (std::find(reached.begin(), reached.end(), name) == reached.end()) reached.push_back(name);
    });
  }
  EXPECT_EQ(reached.size(), std::size(rows::kRows));
}

struct MethodCase {
  const char* name;
  const char* details;               // payment_details.type; "-" is absent.
  std::vector<const char*> methods;  // payment_methods[].type.
  const char* of_completed_uncleared;
};

// completed/uncleared: authorized where the customer pays later, else in review.
const MethodCase kMethodCases[] = {
    {"details", "KLARNA", {}, "AUTHORIZED"},
    {"lower_case", "klarna", {}, "AUTHORIZED"},
    {"newest_entry", "-", {"VISA", "KLARNA"}, "AUTHORIZED"},
    {"older_entry_does_not_count", "-", {"KLARNA", "VISA"}, "IN_REVIEW"},
    {"details_beat_entries", "VISA", {"KLARNA"}, "IN_REVIEW"},
    {"details_beat_entries_of_another", "KLARNA", {"VISA"}, "AUTHORIZED"},
    {"gift_card_pays_a_part", "-", {"KLARNA", "COUPON"}, "AUTHORIZED"},
    {"entry_without_type", "-", {"KLARNA", ""}, "AUTHORIZED"},
    {"gift_card_alone", "-", {"COUPON"}, "IN_REVIEW"},
    {"unknown_method", "TOMORROWPAY", {}, "IN_REVIEW"},
    {"part_of_a_name", "KLARNA2", {}, "IN_REVIEW"},
    {"nothing", "-", {}, "IN_REVIEW"},
};

TEST(Method, IsReadFromTheDetailsElseFromTheNewestEntry) {
  for (const MethodCase& c : kMethodCases) {
    v1::Order order = rows::OrderOf({"completed", "uncleared", c.details});
    for (const char* type : c.methods) {
      auto* method = order.add_payment_methods();
      if (*type != '\0') method->set_type(type);
    }
    EXPECT_EQ(NameOf(StateOf(order, false)), c.of_completed_uncleared) << c.name;
  }
}

v1::RelatedTransaction* Add(v1::Order& order, const char* type, const char* id, const char* dispute,
                            const char* reference) {
  auto* related = order.add_related_transactions();
  related->set_type(type);
  related->set_transaction_id(id);
  if (*dispute != '\0') related->mutable_dispute()->set_status(dispute);
  if (*reference != '\0') related->set_reference_transaction_id(reference);
  return related;
}

TEST(State, ReversalOfAnOlderChargebackDoesNotHideAnOpenOne) {
  v1::Order order = rows::OrderOf({"completed", "completed"});
  Add(order, "chargeback", "11", "closed", "1");
  Add(order, "reverse-chargeback", "12", "", "11");
  EXPECT_EQ(StateOf(order, false), v1::PAYMENT_STATE_PAID);
  Add(order, "chargeback", "13", "new", "1");
  EXPECT_EQ(StateOf(order, false), v1::PAYMENT_STATE_CHARGED_BACK);
  Add(order, "reverse-chargeback", "14", "", "13");
  EXPECT_EQ(StateOf(order, false), v1::PAYMENT_STATE_PAID);
}

TEST(State, ReversalThatNamesThePaymentCountsForItsChargeback) {
  v1::Order order = rows::OrderOf({"completed", "completed"});
  Add(order, "chargeback", "11", "", "1");
  Add(order, "reverse-chargeback", "12", "", "1");
  EXPECT_EQ(StateOf(order, false), v1::PAYMENT_STATE_PAID);
}

TEST(State, OfAnEmptyOrderIsUnrecognized) {
  EXPECT_EQ(StateOf(v1::Order(), false), v1::PAYMENT_STATE_UNRECOGNIZED);
  v1::Order at_terminal;
  at_terminal.set_session_id("s");
  EXPECT_EQ(StateOf(at_terminal, false), v1::PAYMENT_STATE_PENDING);
}

TEST(CompleteOrder, AnswerOfARedirectOrderRequiresAction) {
  auto order = testing::FromText<v1::Order>("order_id: 'a' payment_url: 'https://pay.example/1'");
  CompleteOrder(order);
  EXPECT_EQ(order.payment_state(), v1::PAYMENT_STATE_REQUIRES_ACTION);
  EXPECT_EQ(order.next_action().redirect().url(), "https://pay.example/1");
}

struct NextActionCase {
  const char* name;
  const char* status;
  const char* financial_status;
  const char* payment_url;
  const char* html;
  const char* redirect;  // Expected; "" with an empty form is none.
  const char* form;
};

constexpr NextActionCase kNextActions[] = {
    {"page_before_form", "initialized", "initialized", "https://p/1", "<html/>", "https://p/1", ""},
    {"form_without_page", "initialized", "initialized", "", "<html/>", "", "<html/>"},
    {"form_beside_blank_page", "initialized", "initialized", "  ", "<html/>", "", "<html/>"},
    {"reference_page_has_an_empty_form", "initialized", "initialized", "https://p/1", "",
     "https://p/1", ""},
    {"spaces_around_the_address", "initialized", "", " https://p/1 \n", "", "https://p/1", ""},
    {"upper_case_status", "INITIALIZED", "INITIALIZED", "https://p/1", "", "https://p/1", ""},
    {"redirect_answer", "", "", "https://p/1", "", "https://p/1", ""},
    {"nothing_known", "initialized", "initialized", "", "", "", ""},
    {"paid_order_names_the_success_page", "completed", "completed",
     "https://shop/ok?transactionid=1", "", "", ""},
    {"declined", "declined", "declined", "https://p/1", "<html/>", "", ""},
    {"uncleared", "uncleared", "uncleared", "https://p/1", "", "", ""},
    {"only_a_transaction_status", "", "completed", "https://p/1", "", "", ""},
};

TEST(NextAction, IsWhatTheCustomerHasToDo) {
  for (const NextActionCase& c : kNextActions) {
    v1::Order order;
    order.set_status(c.status);
    order.set_financial_status(c.financial_status);
    order.set_payment_url(c.payment_url);
    order.mutable_customer_verification()->set_html(c.html);
    CompleteOrder(order);
    EXPECT_EQ(order.next_action().redirect().url(), c.redirect) << c.name;
    EXPECT_EQ(order.next_action().form().html(), c.form) << c.name;
    EXPECT_EQ(order.next_action().has_none(), *c.redirect == '\0' && *c.form == '\0') << c.name;
  }
}

struct DeclineCase {
  v1::DeclineCategory category;
  v1::RetryAdvice retry;
  std::vector<const char*> declines;  // A code of the scheme, or "-", and the text.
};

constexpr auto kAuthentication = v1::DECLINE_CATEGORY_AUTHENTICATION;
constexpr auto kCardData = v1::DECLINE_CATEGORY_CARD_DATA;
constexpr auto kFraud = v1::DECLINE_CATEGORY_FRAUD;
constexpr auto kIssuer = v1::DECLINE_CATEGORY_ISSUER;
constexpr auto kNeeds3ds = v1::DECLINE_CATEGORY_NEEDS_3DS;
constexpr auto kCallIssuer = v1::RETRY_ADVICE_CALL_ISSUER;
constexpr auto kCheckData = v1::RETRY_ADVICE_CHECK_DATA;
constexpr auto kLater = v1::RETRY_ADVICE_LATER;
constexpr auto kNever = v1::RETRY_ADVICE_NEVER;
constexpr auto kOtherCard = v1::RETRY_ADVICE_OTHER_CARD;
constexpr auto kOtherDevice = v1::RETRY_ADVICE_OTHER_DEVICE;
constexpr auto kSameCard = v1::RETRY_ADVICE_SAME_CARD;
constexpr auto kWith3ds = v1::RETRY_ADVICE_WITH_3DS;

// 4999 is all other reasons of the issuer: the text decides. The fraud filter's own word comes
// without a code. Nothing is claimed about a code of tomorrow.
const DeclineCase kDeclines[] = {
    {kAuthentication, kSameCard, {"3001 3DS failed"}},
    {kAuthentication, kOtherDevice, {"3002", "3003"}},
    {kAuthentication, kLater, {"3004"}},
    {kCardData, kOtherCard, {"3005", "3006", "4005"}},
    {kAuthentication, kCallIssuer, {"3007 Invalid transaction", "3008", "3009", "3012"}},
    {kFraud, kNever, {"3010", "3011"}},
    {kIssuer, kCallIssuer, {"4001 Do not honor"}},
    {v1::DECLINE_CATEGORY_FUNDS, kLater, {"4002 Insufficient funds"}},
    {kFraud, kCallIssuer, {"4003"}},
    {kNeeds3ds, kWith3ds, {"4004"}},
    {kIssuer,
     kNever,
     {"4999 Invalid transaction", "4999 Declined: INVALID ISSUER",
      "4999 Transaction not permitted to cardholder", "4999 Duplicate transmission detected",
      "4999 Stop payment order", "4999 Revocation of authorization order",
      "4999 Revocation of all authorizations order"}},
    {kIssuer,
     kLater,
     {"4999 Re-enter transaction", "4999 File temporarily unavailable", "4999 Cannot verify PIN",
      "4999 Authorization or issuer system inoperative", "4999 Unable to route transaction",
      "4999 System error", "4999 PIN tries exceeded"}},
    {kNeeds3ds, kWith3ds, {"4999 Additional customer authentication required"}},
    {kFraud, kOtherCard, {"4999 Declined by MultiSafepay"}},
    {kAuthentication,
     kSameCard,
     {"4999 Transaction timed out (ACS)", "4999 3D Secure authentication cancelled"}},
    {kAuthentication, kCallIssuer, {"4999 Cardholder not enrolled in service"}},
    {kCardData,
     kCheckData,
     {"4999 CVC is wrong", "4999 Invalid CVV2", "4999 Security code mismatch", "4999 Invalid data",
      "4999 Format error"}},
    {kIssuer, kCallIssuer, {"4999 something that nobody has seen", "4999"}},
    {kFraud, kOtherCard, {"- Declined by MultiSafepay"}},
    {v1::DECLINE_CATEGORY_UNSPECIFIED, v1::RETRY_ADVICE_UNSPECIFIED, {"5123 something new"}},
    {v1::DECLINE_CATEGORY_UNSPECIFIED, v1::RETRY_ADVICE_UNSPECIFIED, {"-"}},
};

TEST(Decline, EveryCodeAndTextHasItsCategoryAndAdvice) {
  for (const DeclineCase& c : kDeclines) {
    for (const std::string decline_text : c.declines) {
      const std::size_t space = std::min(decline_text.find(' '), decline_text.size());
      const std::string code = decline_text[0] == '-' ? "" : decline_text.substr(0, space);
      const std::string reason = decline_text.substr(std::min(space + 1, decline_text.size()));
      const v1::Decline decline = DeclineOf(code, reason);
      EXPECT_EQ(v1::DeclineCategory_Name(decline.category()), v1::DeclineCategory_Name(c.category))
          << decline_text;
      EXPECT_EQ(v1::RetryAdvice_Name(decline.retry()), v1::RetryAdvice_Name(c.retry))
          << decline_text;
      EXPECT_EQ(decline.reason_code(), code);
      EXPECT_EQ(decline.reason(), reason);
    }
  }
}

TEST(Decline, IsSetInDeclinedOrdersAndNowhereElse) {
  for (const std::string& status : kStatuses) {
    v1::Order order = rows::OrderOf({status, "completed"});
    order.set_reason_code("1000");  // Seen on completed card orders: no decline at all.
    CompleteOrder(order);
    EXPECT_EQ(order.has_decline(), status == "declined") << status;
  }
}

TEST(CompleteOrder, TimesAreDerivedWhereTheyCanBeRead) {
  auto order = testing::FromText<v1::Order>(
      "created: '2026-01-15T12:00:00' modified: 'yesterday' completed_date: '2026-07-15T12:00:00'");
  CompleteOrder(order);
  EXPECT_EQ(order.created_time().seconds(), 1768474800);  // 11:00 UTC.
  EXPECT_FALSE(order.has_modified_time());
  EXPECT_EQ(order.completed_time().seconds(), 1784109600);  // 10:00 UTC.
  order.set_completed("2026-07-15T12:00:01");
  CompleteOrder(order);
  EXPECT_EQ(order.completed_time().seconds(), 1784109601);
}

}  // namespace
}  // namespace msp::payments
