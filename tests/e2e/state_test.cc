// SPDX-License-Identifier: Apache-2.0

// The state of a payment as a caller reads it, by the method that paid: GetOrder, WatchOrder, and
// the count of readings that are a guess.
#include <atomic>
#include <string>

#include "nlohmann/json.hpp"
#include "tests/e2e/end_to_end.h"
#include "tests/testing/http_get.h"

namespace msp::e2e {
namespace {

using nlohmann::json;

struct StateCase {
  const char* name;
  const char* method;  // payment_details.type; "" for none.
  const char* entry;   // payment_methods[].type; "" for none.
  const char* status;
  const char* financial_status;
  const char* state;
};

// Some of each kind; every pair is in tests/payments/state_test.cc.
constexpr StateCase kStates[] = {
    {"klarna_authorized", "KLARNA", "", "completed", "uncleared", "AUTHORIZED"},
    {"in3_waits", "IN3", "", "uncleared", "initialized", "PENDING"},
    {"paypal_by_its_entry", "", "PAYPAL", "completed", "initialized", "PAID"},
    {"mbway_on_its_way", "MBWAY", "", "completed", "uncleared", "PROCESSING"},
    {"direct_debit_on_its_way", "DIRDEB", "", "uncleared", "uncleared", "PROCESSING"},
    {"card_in_review", "VISA", "", "uncleared", "uncleared", "IN_REVIEW"},
    {"refund_of_klarna", "KLARNA", "", "initialized", "completed", "UNRECOGNIZED"},
    {"guess", "TOMORROWPAY", "", "completed", "initialized", "PENDING"},
    {"no_method", "", "", "shipped", "initialized", "PROCESSING"},
};

std::string Answer(const StateCase& c, const std::string& order_id = "order-1") {
  json data{{"order_id", order_id},
            {"transaction_id", 77},
            {"status", c.status},
            {"financial_status", c.financial_status},
            {"amount", 1000},
            {"currency", "EUR"},
            {"payment_details", json::object()}};
  if (*c.method != '\0') data["payment_details"]["type"] = c.method;
  if (*c.entry != '\0')
    data["payment_methods"] = {{{"type", "IDEAL"}, {"status", "declined"}}, {{"type", c.entry}}};
  return json{{"success", true}, {"data", data}}.dump();
}

std::string StateName(v1::PaymentState state) { return v1::PaymentState_Name(state).substr(14); }

class State : public EndToEnd {
 protected:
  double Odd(const std::string& pair) {
    return msp::testing::MetricOf(server().ops(),
                                  "msp_odd_payment_states_total{pair=\"" + pair + "\"}");
  }
  // What a watch of order-1 sends until it ends.
  std::vector<std::string> WatchedStates() {
    grpc::ClientContext context;
    context.set_deadline(Later());
    v1::WatchOrderRequest request;
    request.set_order_id("order-1");
    const auto stub = v1::OrderService::NewStub(channel());
    const auto stream = stub->WatchOrder(&context, request);
    std::vector<std::string> states;
    for (v1::WatchOrderResponse seen; stream->Read(&seen);)
      states.push_back(StateName(seen.order().payment_state()));
    EXPECT_TRUE(stream->Finish().ok());
    return states;
  }
};

TEST_F(State, IsReadByTheMethodThatPaid) {
  for (const StateCase& c : kStates) {
    upstream().Answer(200, Answer(c));
    const auto call = Get();
    ASSERT_TRUE(call.ok()) << c.name << ": " << call.status.error_message();
    EXPECT_EQ(StateName(call.response.order().payment_state()), c.state) << c.name;
    EXPECT_EQ(call.response.order().status(), c.status) << c.name;
    EXPECT_EQ(call.response.order().financial_status(), c.financial_status) << c.name;
  }
  // One of them is a guess.
  EXPECT_EQ(Odd("completed/initialized"), 1);
  EXPECT_LT(Odd("initialized/completed"), 1);
}

TEST_F(State, WatchOfAPayPalOrderEndsWhenPayPalHasCollected) {
  upstream().Answer(200, Answer({"", "PAYPAL", "", "completed", "initialized", ""}));
  EXPECT_THAT(WatchedStates(), ::testing::ElementsAre("PAID"));
}

TEST_F(State, WatchGoesOnWhileTheMoneyIsOnItsWay) {
  std::atomic<int> reads{0};
  upstream().Script([&reads](const RecordedRequest&) {
    const bool first = reads++ == 0;
    return Reply::Json(
        200, Answer({"", "MULTIBANCO", "", "completed", first ? "uncleared" : "completed", ""}));
  });
  StartServer({"--watch_poll_first_ms=500"});
  EXPECT_THAT(WatchedStates(), ::testing::ElementsAre("PROCESSING", "PAID"));
}

}  // namespace
}  // namespace msp::e2e
