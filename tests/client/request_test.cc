// SPDX-License-Identifier: Apache-2.0

#include "client/cli/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>

#include "multisafepay/v1/order_service.pb.h"
#include "multisafepay/v1/token_service.pb.h"
#include "tests/testing/words.h"

namespace msp::cli {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;
using ::testing::HasSubstr;
using ::testing::Not;

// The request of a command line, with `input` on standard input.
absl::StatusOr<std::unique_ptr<pb::Message>> Make(const std::string& line,
                                                  const std::string& input) {
  const auto arguments = ParseArguments(msp::testing::CommandLine(line), "");
  if (!arguments.ok()) return arguments.status();
  const pb::Descriptor* type = MethodOf(*arguments->command)->input_type();
  const codec::SchemaSet plans({type});
  std::istringstream in(input);
  return MakeRequest(*arguments, plans.Of(type), in);
}

template <class Request>
Request MakeOk(const std::string& line, const std::string& input = "") {
  const auto request = Make(line, input);
  EXPECT_TRUE(request.ok()) << request.status();
  return request.ok() ? static_cast<const Request&>(**request) : Request();
}

TEST(MakeRequest, TakesTheLooseScalarsOfPublishedSamples) {
  const auto request = MakeOk<v1::CreateOrderRequest>(
      "order create -f -",
      R"({"type": "direct", "order_id": 12345, "amount": "1000", "description": "",
          "payment_options": {"close_window": 1},
          "gateway_info": {"card_number": "4111111111111111", "card_expiry_date": 2512},
          "control": {"idempotency_key": "k-1"}})");
  EXPECT_EQ(request.order_id(), "12345");
  EXPECT_EQ(request.amount(), 1000);
  EXPECT_FALSE(request.has_description());
  EXPECT_TRUE(request.payment_options().close_window());
  EXPECT_EQ(request.gateway_info().card_expiry_date(), "2512");
  EXPECT_EQ(request.control().idempotency_key(), "k-1");
}

TEST(MakeRequest, PutsFilePositionsAndFlagsTogether) {
  const auto request = MakeOk<v1::RefundOrderRequest>(
      "order refund tulip-1 -f - --amount 500 --idempotency-key k --resend-if-absent "
      "--validate-only --repeat=false",
      R"({"amount": 700, "currency": "EUR"})");
  EXPECT_EQ(request.order_id(), "tulip-1");
  EXPECT_EQ(request.amount(), 500);
  EXPECT_EQ(request.currency(), "EUR");
  EXPECT_EQ(request.control().idempotency_key(), "k");
  EXPECT_TRUE(request.control().resend_if_absent());
  EXPECT_TRUE(request.control().validate_only());
  EXPECT_FALSE(request.control().repeat());
}

TEST(MakeRequest, FullIsASwitch) {
  const auto request = MakeOk<v1::RefundOrderRequest>("order refund tulip-1 --full");
  EXPECT_TRUE(request.has_full());
}

TEST(MakeRequest, TakesPathAndOwnFieldsFromAFileToo) {
  const auto request = MakeOk<v1::ListTokensRequest>(
      "token list -f -", R"({"reference": "customer-1", "page_size": 10})");
  EXPECT_EQ(request.reference(), "customer-1");
  EXPECT_EQ(request.page_size(), 10);
}

TEST(MakeRequest, TakesTheMembersThatTheServiceAddsByItself) {
  const std::pair<const char*, const char*> cases[] = {
      {"order capture a -f -", R"({"new_order_status": "completed", "amount": 5})"},
      {"order void a -f -", R"({"status": "cancelled", "reason": "r"})"},
      {"order cancel a -f -", R"({"status": "cancelled", "exclude_order": 1})"},
      {"order cancel-refund a 7 -f -", R"({"status": "void"})"},
      {"order update a -f -", R"({"id": "a", "status": "shipped"})"},
  };
  for (const auto& [line, input] : cases) {
    EXPECT_TRUE(Make(line, input).ok()) << input;
  }
}

const std::string kCreate = "order create -f -";
const std::string kRefund = "order refund tulip-1 -f -";

TEST(MakeRequest, NamesWhatIsWrong) {
  const struct {
    const char* name;
    std::string line;
    std::string input;
    const char* complaint;
  } kRows[] = {
      {"misspelt_member", kCreate, R"({"amuont": 5})", "does not have: amuont"},
      {"misspelt_member_inside", kCreate, R"({"gateway_info": {"card_nr": "4"}})",
       "does not have: gateway_info.card_nr"},
      {"second_of_two_faults", kRefund, R"({"amuont": 5, "curency": "EUR"})", "curency"},
      {"unfit_value", kRefund, R"({"amount": "ten"})", "does not fit its type: amount"},
      {"decimal_amount", kRefund, R"({"amount": 10.00})", "a decimal amount"},
      {"decimal_text", kRefund, R"({"amount": "10.00"})", "a decimal amount"},
      {"member_twice", kRefund, R"({"amount": 1, "amount": 2})", "twice: amount"},
      {"malformed", kRefund, R"({"amount": 1)", "is not JSON"},
      {"trailing", kRefund, R"({"amount": 1} {})", "is not JSON"},
      {"unreadable_text", kRefund, "{\"description\": \"Caf\xE9\"}", "is not JSON"},
      {"half_a_surrogate_pair", kRefund, R"({"description": "\ud83d"})", "is not JSON"},
      {"list", kRefund, "[]", "must be a JSON object"},
      {"empty_input", kRefund, "", "is not JSON"},
      {"other_implied_value", "order cancel a -f -", R"({"status": "void"})",
       "does not have: status"},
      {"other_implied_id", "order update a -f -", R"({"id": "b"})", "does not have: id"},
      {"other_id_in_the_file", kRefund, R"({"order_id": "tulip-2"})",
       "order_id is different in the file"},
      {"no_file", "order create -f /nonexistent.json", "", "cannot be opened"},
      {"a_folder", "order create -f /", "", "cannot be read"},
      {"too_large", kCreate, "{\"description\": \"" + std::string(kRequestMaxBytes, 'x') + "\"}",
       "larger than 1 MiB"},
      {"nothing_given", "order create", "", "requires a request"},
      {"no_id", "order get", "", "requires order_id"},
      {"no_second_id", "order cancel-refund a", "", "requires refund_id"},
      {"empty_id", "order get ''", "", "order_id is empty"},
      {"too_many_words", "order get a b", "", "accepts fewer arguments"},
      {"empty_key", "order void a --idempotency-key ''", "", "--idempotency-key is empty"},
      {"major_units", "order refund a --amount 5.00", "", "minor units"},
      {"amount_with_currency", "order refund a --amount 5EUR", "", "--amount"},
      {"amount_too_large", "order refund a --amount 9223372036854775808", "", "--amount"},
      {"amount_and_full", "order refund a --amount 5 --full", "",
       "--full cannot be combined with amount"},
      {"full_in_the_file", "order refund a -f - --amount 5", R"({"full": {}})",
       "--amount cannot be combined with full"},
      {"switch_value", "order void a --repeat=yes", "", "true or false"},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.name);
    const auto request = Make(row.line, row.input);
    EXPECT_FALSE(request.ok());
    EXPECT_THAT(std::string(request.status().message()), HasSubstr(row.complaint));
  }
}

TEST(MakeRequest, AComplaintHoldsNothingOfACard) {
  const auto request =
      Make(kCreate,
           R"({"gateway_info": {"card_number": {"4111111111111111": 1}, "4111111111111111": 2}})");
  ASSERT_FALSE(request.ok());
  EXPECT_THAT(std::string(request.status().message()), Not(HasSubstr("4111111111111111")));
  const auto broken = Make(kCreate, R"({"gateway_info": {"card_number": "4111111111111111)");
  ASSERT_FALSE(broken.ok());
  EXPECT_THAT(std::string(broken.status().message()), Not(HasSubstr("4111")));
}

}  // namespace
}  // namespace msp::cli
