// SPDX-License-Identifier: Apache-2.0

// MultiSafepay may quote whatever it was sent, and callers may put a card anywhere. None of it
// comes out again: not in an error, a log, the audit log, a span or a metric.
#include <sstream>

#include "tests/admin/admin_port.h"
#include "tests/testing/words.h"

namespace msp::admin {
namespace {

using msp::testing::Filled;
using msp::testing::Grouped;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kCard = "4111111111111111";
constexpr const char* kCode = "8642";

// What may stand between the digits of a card.
const auto kSeparators = msp::testing::CommandLine(
    "'' ' ' - . _ , / : + | * ~ ; %20 \u2009 \u00A0 \u00AD \u200B &nbsp;");
constexpr const char* kKeyPhrases[] = {"Invalid API key # given",
                                       "api key '#' unknown",
                                       "API_KEY=#",
                                       "Key: #",
                                       "No site with the key (#)",
                                       "#",
                                       "apikey:#;site:1"};
constexpr const char* kCodePhrases[] = {
    "CVC # is wrong", "cvv = #",           "security code # declined", "CVC2: #",
    "(#) declined",   "# is no valid CVV", "Wrong value: #",           "CSC#"};

std::string Upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return text;
}

// The texts that the caller receives, each with its name.
std::string WordsOf(const e2e::Called<e2e::v1::CreateOrderResponse>& called) {
  return called.status.error_message() + "\n" + called.status.error_details();
}

class Leak : public AdminPort {
 protected:
  void Start() { StartServer({"--audit_log_file=" + file_, "--trace=spans", "--log_level=debug"}); }
  // The words of a create that MultiSafepay refuses with this text, in `error_info` and as the
  // violation of a field.
  std::string Refused(const std::string& text) {
    std::string words;
    const Json by_code{{"success", false}, {"error_code", 1001}, {"error_info", text}};
    const Json by_field{
        {"success", false},
        {"error_code", 1001},
        {"error_info", "Invalid"},
        {"errors", {{{"attribute", text}, {"message", text}, {"details", {text}}}}}};
    for (const Json& body : {by_code, by_field}) {
      upstream().Answer(404, body.dump());
      e2e::v1::CreateOrderRequest order = e2e::CardOrder("order-" + std::to_string(++orders_));
      order.mutable_gateway_info()->set_card_number(kCard);
      order.mutable_gateway_info()->set_card_cvc(kCode);
      const auto called = Create(order);
      EXPECT_FALSE(called.ok());
      words += WordsOf(called);
    }
    return words;
  }
  // Everything that the server has written. Ends it.
  std::string Written() {
    StopServer();
    const std::string audit = ContentOf(file_);
    EXPECT_THAT(audit, HasSubstr("audit"));
    return server().logs() + audit;
  }

  int orders_ = 0;
};

TEST_F(Leak, NoTextOfMultiSafepaysRepeatsTheApiKey) {
  Start();
  const std::string key = msp::testing::kServerKey;
  for (const char* phrase : kKeyPhrases) {
    for (const std::string& quoted : {key, Upper(key), key + "."}) {
      const std::string words = Refused(Filled(phrase, quoted));
      for (const char* part : {"abcde-12345", "12345-key", "ABCDE-12345"})
        EXPECT_THAT(words, Not(HasSubstr(part))) << phrase;
    }
  }
  EXPECT_THAT(Written(), Not(HasSubstr("12345-key")));
}

TEST_F(Leak, NoTextOfMultiSafepaysRepeatsTheSecurityCode) {
  Start();
  for (const char* phrase : kCodePhrases) {
    for (const char* separator : {"", " ", "-", "\xE2\x80\x8B"}) {
      const std::string quoted = Grouped(kCode, 1, separator);
      EXPECT_THAT(Refused(Filled(phrase, quoted)), Not(HasSubstr(quoted))) << phrase;
    }
  }
  // By itself: the random hexadecimal of a trace id has the same four digits now and then.
  const std::string alone = std::string("(^|[^0-9A-Za-z])") + kCode + "([^0-9A-Za-z]|$)";
  EXPECT_THAT(Written(), Not(ContainsRegex(alone)));
}

TEST_F(Leak, NoTextOfMultiSafepaysRepeatsACardWithAnySeparators) {
  Start();
  for (const std::string& separator : kSeparators) {
    for (const char* card : {kCard, "5500000000000004"}) {  // The caller's, and another one.
      const std::string quoted = Grouped(card, 4, separator);
      EXPECT_THAT(Refused("Card " + quoted + " refused"), Not(HasSubstr(quoted)));
    }
  }
  // A request is logged with the card's first six and last four digits.
  EXPECT_THAT(Written(), Not(ContainsRegex("4111.?.?.?1111|5500.?.?.?0000")));
}

TEST_F(Leak, NoErrorRepeatsTheCurrencyOfAnOrder) {
  Start();
  const Json order{{"order_id", "order-1"}, {"transaction_id", 4051823},
                   {"amount", 9743},        {"currency", kCard},
                   {"status", "completed"}, {"financial_status", "completed"}};
  upstream().Answer(200, Json{{"success", true}, {"data", order}}.dump());
  const auto called = e2e::Call(channel(), &e2e::v1::OrderService::Stub::RefundOrder,
                                "order_id: 'order-1' amount: 500 currency: 'EUR'");
  EXPECT_THAT(called.error().Fields(), ElementsAre("currency"));
  EXPECT_THAT(called.status.error_message() + called.status.error_details(), Not(HasSubstr(kCard)));
  EXPECT_THAT(Written(), Not(HasSubstr(kCard)));
}

TEST_F(Leak, NoMetricsLabelRepeatsACardOrTheApiKey) {
  Start();
  const std::string key = msp::testing::kServerKey;
  const std::vector<std::string> quotes{kCard, "4111_1111_1111_1111", "4111 1111 1111 1111", key,
                                        Upper(key)};
  for (const std::string& quoted : quotes) {
    const Json order{{"order_id", "order-1"},
                     {"transaction_id", 4051823},
                     {"amount", 9743},
                     {"currency", "EUR"},
                     {"status", quoted},
                     {"financial_status", quoted},
                     {quoted, 1},
                     {"payment_details", {{quoted, "x"}}}};
    upstream().Answer(200, Json{{"success", true}, {"data", order}}.dump());
    Get("order-1");
    Create(e2e::CardOrder("order-1"));
  }
  const std::string page = GetPage("/metrics").body;
  EXPECT_THAT(page, HasSubstr("msp_odd_payment_states_total{"));
  EXPECT_THAT(page, HasSubstr("msp_upstream_drift_total{"));
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("path=") == line.npos && line.find("pair=") == line.npos) continue;
    for (const char* part : {"4111", "1111", "abcde", "ABCDE", "12345", "key_of", "KEY"})
      EXPECT_THAT(line, Not(HasSubstr(part)));
  }
}

TEST_F(Leak, NoIdentifierOfTheCallersChoiceShowsACard) {
  Start();
  const auto refuse = [this] {
    for (const char* separator : {"_", "~", "-", ""}) {
      const std::string card = Grouped(kCard, 4, separator);
      e2e::v1::CreateOrderRequest order = e2e::CardOrder("order-" + card);
      order.mutable_control()->set_idempotency_key("key" + card);
      const auto called = Create(order);
      EXPECT_FALSE(called.ok());
      EXPECT_THAT(WordsOf(called), Not(HasSubstr(card)));
      EXPECT_THAT(called.error().Metadata("order_id"), Not(HasSubstr("1111")));
      Get("order-" + card);
    }
  };
  upstream().Answer(404, R"({"success":false,"error_code":1001,"error_info":"Invalid"})");
  refuse();
  upstream().Answer(422, R"({"success":false,"message":"Validation failed","errors":[)"
                         R"({"attribute":"customer.email","message":"Wrong"}]})");
  refuse();
  EXPECT_THAT(Written(), Not(ContainsRegex("4111.?1111")));
}

}  // namespace
}  // namespace msp::admin
