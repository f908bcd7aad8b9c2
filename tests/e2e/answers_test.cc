// SPDX-License-Identifier: Apache-2.0

// Answers that are true and hard to read: unreadable texts, encoded bodies, numbers in any
// spelling, and more bytes than are taken.
#include <mutex>
#include <string>
#include <vector>

#include "multisafepay/v1/transaction_service.grpc.pb.h"
#include "tests/e2e/end_to_end.h"
#include "tests/testing/compressed.h"
#include "tests/testing/http_get.h"

namespace msp::e2e {
namespace {

using ::testing::HasSubstr;

const std::string kReplacement = "\xEF\xBF\xBD";

std::string Paid(const std::string& members) {
  return R"({"success":true,"data":{"order_id":"order-1","transaction_id":4051823,"amount":9743,)"
         R"("currency":"EUR","status":"completed","financial_status":"completed")" +
         (members.empty() ? "" : "," + members) + "}}";
}

class Responses : public EndToEnd {
 protected:
  void RespondToAll(const Reply& reply) {
    upstream().Script([reply](const RecordedRequest&) { return reply; });
  }
  Called<v1::ListTransactionsResponse> List() {
    v1::ListTransactionsRequest request;
    request.set_page_size(1000);
    return Call(Wide(), &v1::TransactionService::Stub::ListTransactions, request);
  }
  // Takes messages as large as our own clients do.
  std::shared_ptr<grpc::Channel> Wide() {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(16 << 20);
    return DialAnew(server().address(), arguments);
  }
};

TEST_F(Responses, OrderWithAnUnreadableTextIsReadAndCounted) {
  const std::vector<std::pair<std::string, std::string>> texts{
      {R"("Gift \ud83d")", "Gift " + kReplacement},
      {R"("\ude00 gift")", kReplacement + " gift"},
      {"\"Caf\xC3\"", "Caf" + kReplacement},
      {"\"Caf\xE9 au lait\"", "Caf" + kReplacement + " au lait"},
      {"\"one\ttwo\nthree\"", "one\ttwo\nthree"},
      {R"("C:\Users")", R"(C:\Users)"},
  };
  for (const auto& [json, text] : texts) {
    RespondToAll(Reply::Json(200, Paid("\"description\":" + json)));
    const auto got = Get();
    ASSERT_TRUE(got.ok()) << json << got.status.error_message();
    EXPECT_EQ(got.response.order().description(), text);
    EXPECT_EQ(got.response.order().amount(), 9743);
  }
  const std::string metrics = msp::testing::HttpGet(server().ops(), "/metrics");
  EXPECT_THAT(
      metrics,
      HasSubstr(R"(msp_upstream_drift_total{kind="unreadable_text",path="data.description"} 6)"));
}

TEST_F(Responses, OrderThatIsCreatedWithAnUnreadableTextIsConfirmed) {
  upstream().Script([](const RecordedRequest& request) {
    if (request.method != "POST") return NoSuchOrder();
    std::string answer = PaidResponse(request.body);
    return Reply::Json(
        200, answer.insert(answer.find("\"order_id\""), "\"description\":\"Gift \\ud83d\xE9\t\","));
  });
  const auto created = Create(CardOrder());
  ASSERT_TRUE(created.ok()) << created.status.error_message();
  EXPECT_EQ(v1::Outcome_Name(created.response.result().outcome()), "OUTCOME_CONFIRMED");
  EXPECT_EQ(upstream().Count("POST"), 1);
}

TEST_F(Responses, NumbersAreReadExactlyInEverySpelling) {
  const std::vector<std::pair<std::string, std::int64_t>> amounts{
      {"1000", 1000},  {"1000.0", 1000}, {"1e3", 1000},  {"1.0E3", 1000},  {"\"1000\"", 1000},
      {"1.5e3", 1500}, {"-0", 0},        {"\"007\"", 7}, {"1000.00", 1000}};
  for (const auto& [json, amount] : amounts) {
    RespondToAll(Reply::Json(
        200, Paid("\"amount\":" + json + R"(,"transaction_id":1.8597932927745563e+16)")));
    const auto got = Get();
    ASSERT_TRUE(got.ok()) << json << got.status.error_message();
    EXPECT_EQ(got.response.order().amount(), amount) << json;
    EXPECT_EQ(got.response.order().transaction_id(), "18597932927745563") << json;
  }
}

TEST_F(Responses, EncodedAnswerIsReadThoughNobodyAskedForIt) {
  const std::string bytes = msp::testing::Compressed(Paid(""), msp::testing::kGzip);
  RespondToAll(Reply::Json(200, bytes).Header("Content-Encoding", "gzip"));
  const auto got = Get();
  ASSERT_TRUE(got.ok()) << got.status.error_message();
  EXPECT_EQ(got.response.order().amount(), 9743);
}

// `texts` is what stands in each of a row's texts, `size` of them.
std::string Page(int rows, const std::string& character) {
  const auto text = [&](int size) {
    std::string all = "\"";
    for (int i = 0; i < size; ++i) all += character;
    return all + "\"";
  };
  std::string row = R"({"transaction_id":4051823000000001,"type":"payment","status":"completed",)"
                    R"("financial_status":"completed","amount":9743,"net":9700,"currency":"EUR",)"
                    R"("debit_credit":"C","created":"2026-11-01T10:00:00","order_id":)";
  row += text(50) + ",\"var1\":" + text(500) + ",\"var2\":" + text(500) + ",\"var3\":" + text(500) +
         ",\"description\":" + text(200) + ",\"customer\":{\"email\":" + text(250) +
         ",\"first_name\":" + text(60) + ",\"last_name\":" + text(60) + "}}";
  std::string page = R"({"success":true,"data":[)";
  for (int i = 0; i < rows; ++i) page += (i == 0 ? "" : ",") + row;
  return page + "]}";
}

TEST_F(Responses, PageOfAThousandRowsWithFullTextsIsRead) {
  for (const std::string& character : {std::string("x"), std::string(R"(\u00e9)")}) {
    const std::string page = Page(1000, character);
    ASSERT_GT(page.size(), 1U << 20);
    RespondToAll(Reply::Json(200, page));
    const auto listed = List();
    ASSERT_TRUE(listed.ok()) << page.size() << listed.status.error_message();
    EXPECT_EQ(listed.response.transactions_size(), 1000);
  }
}

TEST_F(Responses, PageThatIsTooLargeAsksForASmallerOneAndIsNotFetchedAgain) {
  const std::string page = Page(1400, R"(\u00e9)");
  const std::string bomb =
      msp::testing::Compressed(std::string(100 << 20, ' '), msp::testing::kGzip);
  for (const Reply& reply :
       {Reply::Json(200, page), Reply::Json(200, bomb).Header("Content-Encoding", "gzip")}) {
    RespondToAll(reply);
    const int before = upstream().Count("GET");
    const auto listed = List();
    EXPECT_EQ(listed.code(), "RESOURCE_EXHAUSTED");
    EXPECT_THAT(listed.status.error_message(), HasSubstr("ask for a smaller page"));
    EXPECT_EQ(listed.reason(), "ANSWER_TOO_LARGE");
    EXPECT_FALSE(listed.error().retry.has_value());
    EXPECT_EQ(upstream().Count("GET") - before, 1);
  }
}

TEST_F(Responses, OrderOfEightMebibytesIsTheLongestThatIsRead) {
  const std::size_t room = (8U << 20) - Paid(R"("description":"")").size();
  for (const std::size_t more : {0U, 1U}) {
    RespondToAll(
        Reply::Json(200, Paid("\"description\":\"" + std::string(room + more, ' ') + "\"")));
    EXPECT_EQ(GetOrder(Wide()).code(), more == 0 ? "OK" : "RESOURCE_EXHAUSTED");
  }
}

TEST_F(Responses, APaymentWhoseAnswerIsTooLargeIsLookedUp) {
  StartServer({"--idempotency_marker=auto"});
  for (const bool found : {true, false}) {
    std::mutex mutex;
    std::string posted;  // With the marker in it, and so what a lookup shows.
    upstream().Script([&](const RecordedRequest& request) {
      const std::lock_guard lock(mutex);
      if (request.method == "POST") {
        posted = request.body;
        return Reply::Json(200, Paid("\"description\":\"" + std::string(9 << 20, ' ') + "\""));
      }
      if (posted.empty()) return NoSuchOrder();
      if (!found) return Reply::Json(503, "{}");
      return Reply::Json(200, R"({"success":true,"data":{"status":"completed","transaction_id":1,)"
                              R"("financial_status":"completed",)" +
                                  posted.substr(1) + "}");
    });
    const int before = upstream().Count("POST");
    const v1::CreateOrderRequest order = CardOrder(found ? "found" : "lost");
    const auto deadline =
        found ? Later() : std::chrono::system_clock::now() + std::chrono::seconds(2);
    const auto call = Call(channel(), &v1::OrderService::Stub::CreateOrder, order, "", deadline);
    EXPECT_EQ(upstream().Count("POST") - before, 1);
    EXPECT_EQ(call.Summary(), found ? "CONFIRMED reconciled" : "UNKNOWN UNKNOWN OUTCOME_UNKNOWN");
    upstream().Script(RespondAsMultiSafepay);  // What the script refers to ends here.
  }
}

TEST_F(Responses, UnitPriceIsSentWithTenDecimals) {
  v1::CreateOrderRequest order = CardOrder();
  auto& items = *order.mutable_shopping_cart()->mutable_items();
  for (const double price : {8.26446280991736, -8.26446280995, 0.99999999999, 1e-7, 11.9}) {
    v1::CartItem& item = *items.Add();
    item.set_name("a");
    item.set_unit_price(price);
    item.set_quantity(1);
  }
  ASSERT_TRUE(Create(order).ok());
  const std::string body = OnlyPost().body;
  for (const char* price :
       {R"("unit_price":8.2644628099,)", R"("unit_price":-8.26446281,)", R"("unit_price":1,)",
        R"("unit_price":0.0000001,)", R"("unit_price":11.9,)"}) {
    EXPECT_THAT(body, HasSubstr(price));
  }
}

}  // namespace
}  // namespace msp::e2e
