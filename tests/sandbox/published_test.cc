// SPDX-License-Identifier: Apache-2.0

// The published requests replayed, and the published answers compared with ours by member and type.
#include <gmock/gmock.h>

#include <fstream>
#include <regex>
#include <set>

#include "tests/sandbox/fixtures.h"
#include "tests/sandbox/front_fixture.h"
#include "tests/testing/words.h"

namespace msp::sandbox::testing {
namespace {

// Members that come as text or as a number, depending on the backend's mood.
const auto kLoose = msp::testing::Words<std::set<std::string>>(
    "order_id transaction_id last4 card_expiry_date external_transaction_id recurring_id "
    "reason_code unit_price rate order_total authorization_code response_code expiry_date "
    "house_number bin");

// Members that ours may have beyond the sample: all of them are listed for some order.
const auto kListed = msp::testing::Words<std::set<std::string>>(
    "completed amount_refunded recurring_model var1 var2 var3 phone2 state last_name address2 "
    "recurring_flow custom_info reference company_name bin model updated invoice_id cancel_url "
    "payment_url issuer_id account_iban type brands qr is_wallet manual_capture session_id "
    "card_authentication_details address1 city country country_name email first_name house_number "
    "phone1 zip_code customer_verification dispute order_id refund_id recurring_id "
    "authorization_code card_acceptor_id card_acceptor_location card_acceptor_name "
    "card_additional_response_data card_authentication_result card_entry_mode card_funding "
    "card_product card_product_type card_verification_result mcc response_code "
    "scheme_reference_id last4 external_transaction_id card_expiry_date items "
    "related_transactions reason reason_code");

// What differs beyond the listed variants, as "path: problem" lines. `absent` lists members that
// one of the two lacks on purpose.
void Compare(const Json& published, const Json& ours, const std::string& path,
             const std::set<std::string>& absent, std::vector<std::string>* problems) {
  const std::string name = path.substr(path.rfind('.') + 1);
  if (published.is_object() && ours.is_object()) {
    for (const auto& [key, value] : published.items()) {
      if (absent.contains(key)) continue;
      if (!ours.contains(key)) {
        problems->push_back(path + "." + key + ": missing");
      } else {
        Compare(value, ours[key], path + "." + key, absent, problems);
      }
    }
    for (const auto& [key, value] : ours.items()) {
      if (!published.contains(key) && !kListed.contains(key) && !absent.contains(key))
        problems->push_back(path + "." + key + ": not listed");
    }
    return;
  }
  if (published.is_array() && ours.is_array()) {
    if (!published.empty() && !ours.empty()) Compare(published[0], ours[0], path, absent, problems);
    return;
  }
  const std::string theirs = published.type_name(), mine = ours.type_name();
  if (theirs == mine || theirs == "null" || mine == "null") return;
  const bool scalars =
      (theirs == "number" || theirs == "string") && (mine == "number" || mine == "string");
  if (!scalars || !kLoose.contains(name)) problems->push_back(path + ": another type");
}

class Published : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = FixturesDirectory();
    if (!directory_) GTEST_SKIP() << "no published samples: set MSP_FIXTURES";
  }
  Json Request(const std::string& name) const {
    return ReadFixture(*directory_ + "/requests/" + name + ".json");
  }
  void ExpectLike(const std::string& file, const ClientResponse& answer,
                  const std::set<std::string>& absent = {}) const {
    SCOPED_TRACE(file);
    EXPECT_EQ(answer.status, 200) << answer.text;
    std::vector<std::string> problems;
    Compare(ReadFixture(*directory_ + "/" + file + ".json"), answer.body, "answer", absent,
            &problems);
    EXPECT_THAT(problems, ::testing::IsEmpty());
  }
  std::optional<std::string> directory_;
};

TEST_F(Published, OrderRequestsAreAnsweredAsTheContractSays) {
  Running sandbox;
  Json initial = CardOrder("initial");
  initial["recurring_model"] = "unscheduled";
  initial["customer"]["reference"] = "customer-00001";
  const std::string token = sandbox.Create(initial).data()["payment_details"]["recurring_id"];
  int replayed = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*directory_ + "/requests")) {
    const std::string name = entry.path().stem();
    if (name.rfind("order-", 0) != 0) continue;
    SCOPED_TRACE(name);
    Json body = Request(name);
    body["order_id"] = name;
    if (body.contains("recurring_id")) body["recurring_id"] = token;
    const ClientResponse answer = sandbox.Create(body);
    ++replayed;
    if (name == "order-card-redirect") {
      // Its gateway is a list of choices to pick from.
      EXPECT_EQ(answer.body["error_code"], 1023);
      body["gateway"] = "VISA";
      EXPECT_EQ(sandbox.Create(body).status, 200);
      continue;
    }
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(answer.data()["order_id"], name);
    EXPECT_EQ(answer.data().contains("transaction_id"), body.value("type", "") == "direct");
    EXPECT_EQ(sandbox.Get(name).status, 200);
    EXPECT_EQ(sandbox.Create(body).body["error_code"], 1006) << "the id is used";
  }
  EXPECT_GE(replayed, 20);
}

TEST_F(Published, RequestsOnOrdersAreAnsweredAsTheContractSays) {
  Running sandbox;
  for (const char* id : {"full", "part", "void"})
    sandbox.Create(With(Authorization(id), "/amount", 5000));
  ExpectLike("responses/capture", sandbox.Post("orders/full/capture", Request("capture-full")));
  const ClientResponse part = sandbox.Post("orders/part/capture", Request("capture-partial"));
  ExpectLike("responses/capture", part);
  EXPECT_EQ(part.data()["order_id"], "my-order-id-01");
  ExpectLike("responses/cancel-authorization",
             sandbox.Patch("capture/void", Request("capture-cancel-authorization")));
  sandbox.Create(CardOrder("paid", "4111111111111111", 30'000));
  const ClientResponse refund = sandbox.Post("orders/paid/refunds", Request("refund"));
  ExpectLike("responses/refund-order-refund-id", refund);
  ExpectLike("responses/refund-order", refund);
  const std::string id = refund.data()["refund_id"].dump();
  EXPECT_EQ(sandbox.Patch("orders/paid/refunds/" + id, Request("refund-cancel")).data(),
            Json::object());
  ExpectLike("responses/refund-partial-shipment",
             sandbox.Post("orders/paid/refunds", Request("refund-with-checkout-data")));
  ExpectLike("responses/patch-order-partially-ship",
             sandbox.Patch("orders/paid", Request("patch-order-partially-ship")));
  ExpectLike("responses/patch-order-cancel",
             sandbox.Patch("orders/paid", Request("patch-order-ship")));
  EXPECT_EQ(sandbox.Patch("orders/paid", Request("patch-order-extend-expiration")).status, 200);
  sandbox.Create(RedirectOrder("page"));
  EXPECT_EQ(sandbox.Patch("orders/page", Request("patch-order-new-order-id")).status, 200);
  ExpectLike("responses/patch-order-cancel",
             sandbox.Patch("orders/updated-order-id", Request("patch-order-cancel")));
}

TEST_F(Published, OrdersMatchTheSamples) {
  Running sandbox;
  ExpectLike("reference-response",
             sandbox.Create(ReadFixture(*directory_ + "/reference-request.json")));
  const Json redirect = With(Request("order-payment-page"), "/order_id", "redirect");
  ExpectLike("responses/order-create-redirect", sandbox.Create(redirect));
  ExpectLike("responses/order-create-fastcheckout",
             sandbox.Create(With(With(redirect, "/order_id", "fast"), "/type", "checkout")));
  ExpectLike("responses/order-create-direct-ideal",
             sandbox.Create(With(Request("order-ideal-direct"), "/order_id", "ideal")));
  sandbox.Control("orders/ideal/pay", {{"scenario", "completed"}});
  ExpectLike("responses/order-get-ideal", sandbox.Get("ideal"),
             {"account_bic", "issuer_id", "account_iban", "account_id", "account_holder_name",
              "cocnumber", "company_name"});

  Json card = Request("order-card-direct");
  card["gateway_info"]["card_number"] = "4111111111111111";
  card["order_id"] = "frictionless";
  sandbox.Create(card);
  sandbox.Refund("frictionless", 100);
  sandbox.Advance(24 * 3600);
  // The sample speaks of a stored card as well.
  ExpectLike("responses/order-get-card-3ds-frictionless", sandbox.Get("frictionless"));
  card["gateway_info"]["card_number"] = "4012001037461114";
  card["order_id"] = "failed";
  sandbox.Create(card);
  ExpectLike("responses/order-get-card-3ds-failed", sandbox.Get("failed"));
  sandbox.Create(With(Request("order-bancontact-redirect"), "/gateway_info/qr_enabled", true));
  ExpectLike("responses/order-cancel-bancontact-qr",
             sandbox.Call("POST", "/v1/json/orders/my-order-id-1/cancel"));

  for (const auto& [file, state] :
       {std::pair("authorized", "initialized"), std::pair("captured", "completed")}) {
    Json manual = card;
    manual["order_id"] = file;
    manual["gateway_info"]["card_number"] = "4111111111111111";
    manual["capture"] = "manual";
    sandbox.Create(manual);
    if (std::string(state) == "completed") {
      sandbox.Post(std::string("orders/") + file + "/capture", Request("capture-full"));
    }
    const ClientResponse answer = sandbox.Get(file);
    EXPECT_EQ(answer.data()["financial_status"], state);
    // The captured sample has none of these.
    ExpectLike(std::string("historical/order-get-manual-capture-") + file, answer,
               {"capture", "capture_expiry", "capture_remain"});
  }
}

TEST_F(Published, ListsMatchTheSamples) {
  Running sandbox;
  const std::string token =
      sandbox.Create(StoringOrder("initial")).data()["payment_details"]["recurring_id"];
  ExpectLike("responses/tokens-list", sandbox.Fetch("recurring/cust-1"), {"recurring_model"});
  ExpectLike("responses/token-get", sandbox.Fetch("recurring/cust-1/token/" + token));
  ExpectLike("responses/token-update",
             sandbox.Patch("recurring/cust-1/update/" + token, Request("token-update-expiry")));
  ExpectLike("responses/token-delete",
             sandbox.Call("DELETE", "/v1/json/recurring/cust-1/remove/" + token));
  ExpectLike("responses/transactions-list", sandbox.Fetch("transactions"));
  sandbox.Advance(24 * 3600);
  ExpectLike("responses/closing-balances", sandbox.Fetch("closing-balances"));
  ExpectLike("responses/gateways-list", sandbox.Fetch("gateways"));
  ExpectLike("responses/gateways-list-with-coupons", sandbox.Fetch("gateways?include=coupons"));
  ExpectLike("responses/gateway-get", sandbox.Fetch("gateways/MISTERCASH"));
  ExpectLike("responses/payment-methods-list", sandbox.Fetch("payment-methods"));
  ExpectLike("responses/api-token", sandbox.Fetch("auth/api_token"));
}

// Accounts and the rest of what partners do for others.
const auto kPartnerPaths = msp::testing::Words<std::set<std::string>>(
    "accounts sites signup-account bank-accounts bank-statements ubos identitydocs");

// Method and path of every operation that the file lists, such as "GET /orders/{order_id}".
std::vector<std::pair<std::string, std::string>> PublishedOperations(const std::string& directory,
                                                                     const std::string& list) {
  std::vector<std::pair<std::string, std::string>> operations;
  std::ifstream file(directory + "/" + list);
  std::string path;
  const std::regex path_line("^  '?(/[^':]+)'?: *$"), ref_line("^    \\$ref: '\\./openapi/(.+)'");
  for (std::string line; std::getline(file, line);) {
    std::smatch match;
    if (std::regex_search(line, match, path_line)) path = match[1];
    if (!std::regex_search(line, match, ref_line) || path.empty()) continue;
    std::ifstream described(directory + "/" + match[1].str());
    const std::regex method_line("^(get|post|patch|delete|put): *$");
    for (std::string text; std::getline(described, text);) {
      if (!std::regex_search(text, match, method_line)) continue;
      std::string method = match[1];
      for (char& c : method) c = static_cast<char>(c - 'a' + 'A');
      operations.emplace_back(method, path);
    }
    path.clear();
  }
  return operations;
}

TEST_F(Published, EveryPathOfTheMerchantApiIsServed) {
  const std::string openapi = *directory_ + "/../openapi";
  if (!std::filesystem::exists(openapi)) return;
  Running sandbox;
  int served = 0;
  for (const char* list : {"docsopenapi.yaml", "docsopenapiPOS.yaml"}) {
    for (const auto& [method, path] : PublishedOperations(openapi, list)) {
      const std::string first = path.substr(1, path.find('/', 1) - 1);
      if (kPartnerPaths.contains(first)) continue;
      SCOPED_TRACE(method + " " + path);
      const std::string concrete = std::regex_replace(path, std::regex("\\{[^}]*\\}"), "x");
      // What is no route is not found, with or without a key.
      const int status = sandbox.Call(method, "/v1/json" + concrete, std::string("{}"), {}).status;
      EXPECT_TRUE(status == 401 || status == 403) << status;
      ++served;
    }
  }
  EXPECT_GE(served, 28);
}

TEST_F(Published, ErrorsAreTheSamples) {
  Running sandbox;
  const std::pair<const char*, ClientResponse> kRows[] = {
      {"code1006-invalid-transaction-id", sandbox.Get("none")},
      {"code1023-gateway-unavailable", sandbox.Fetch("gateways/NONE")},
      {"code1032-invalid-api-key", sandbox.Open("/v1/json/me")},
      {"http403-message-forbidden", sandbox.Open("/v1/json/transactions")},
      {"http404-message-not-found", sandbox.Fetch("transactions/1")},
      {"http410-not-found-1000", sandbox.Fetch("recurring/nobody")},
      {"http410-token-not-updated",
       sandbox.Patch("recurring/x/update/y", {{"expiry_date", "3001"}})},
  };
  for (const auto& [file, answer] : kRows)
    EXPECT_EQ(answer.body, ReadFixture(*directory_ + "/errors/" + file + ".json")) << file;
}

}  // namespace
}  // namespace msp::sandbox::testing
