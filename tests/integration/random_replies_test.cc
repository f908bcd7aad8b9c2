// SPDX-License-Identifier: Apache-2.0

// Random lives of orders, each lived twice: before a sandbox that answers in the documented types,
// and before one that answers in any shape that was ever seen for a member. Callers must not be
// able to distinguish the two.
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/base/text.h"
#include "tests/integration/environment.h"
#include "tests/integration/generator.h"

namespace msp::integration {
namespace {

constexpr std::uint64_t kSeeds[] = {1, 2, 20'260'615};
constexpr int kLives = 100;
constexpr int kStepsMax = 5;
constexpr int kReads = 3;  // Each read draws new shapes.

sandbox::Settings Answering(sandbox::Polymorphism polymorphism, std::uint64_t seed) {
  sandbox::Settings settings;
  settings.seed = seed;
  settings.polymorphism = polymorphism;
  settings.five_minute_rule = false;
  settings.amount_cap = 1'000'000;
  return settings;
}

// What a caller decides by. Ids of MultiSafepay's own differ between two sandboxes.
std::string ViewOf(const v1::Order& order) {
  const v1::PaymentDetails& details = order.payment_details();
  std::string view = absl::StrCat(
      v1::PaymentState_Name(order.payment_state()), " ", order.order_id(), " ", order.status(), "/",
      order.financial_status(), " ", order.amount(), " ", order.currency(), " refunded ",
      order.amount_refunded(), " remain ", details.capture_remain(), " card ", details.type(), " ",
      details.last4(), " ", details.card_expiry_date(), " next ",
      static_cast<int>(order.next_action().action_case()), " declined ",
      order.decline().ShortDebugString(), " created ", order.created_time().seconds(),
      " completed ", order.completed_time().seconds(), " token ", !details.recurring_id().empty());
  for (const v1::RelatedTransaction& related : order.related_transactions())
    absl::StrAppend(&view, "; ", related.type(), " ", related.status(), " ", related.amount());
  return view;
}

std::string OutcomeOf(const Called& called) {
  return called.ok() ? "OK"
                     : absl::StrCat(called.error->reason, " ", static_cast<int>(called.error->code),
                                    " ", v1::Outcome_Name(called.error->outcome));
}

class RandomReplies : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  // The same call before both; true when it was carried out.
  bool Both(const std::string& method, const Message& request) {
    const Called modern = modern_.Call(method, request);
    const Called chaos = chaos_.Call(method, request);
    EXPECT_EQ(OutcomeOf(chaos), OutcomeOf(modern))
        << method << " " << request.ShortDebugString() << "\nmodern: " << modern.Text()
        << "\nchaos:  " << chaos.Text();
    if (method == "CreateOrder" && modern.ok() && chaos.ok()) {
      EXPECT_EQ(ViewOf(chaos.As<v1::CreateOrderResponse>().order()),
                ViewOf(modern.As<v1::CreateOrderResponse>().order()));
    }
    return modern.ok() && chaos.ok();
  }
  void BothControl(const std::string& path, const Json& body) {
    modern_.Control(path, body);
    chaos_.Control(path, body);
  }

  // Takes back the refund made last, by the id that each sandbox gave it.
  void CancelRefund(const std::string& order_id) {
    for (Environment* environment : {&modern_, &chaos_}) {
      const v1::Order order = environment->GetOrder(order_id);
      if (order.related_transactions().empty()) return;
      v1::CancelRefundRequest request;
      request.set_order_id(order_id);
      request.set_refund_id(order.related_transactions().rbegin()->transaction_id());
      results_[environment == &chaos_] = OutcomeOf(environment->Call("CancelRefund", request));
    }
    EXPECT_EQ(results_[0], results_[1]) << order_id;
  }

  void Step(const std::string& order_id, const v1::Order& now);
  void Compare(const std::string& order_id, const std::string& after) {
    const std::string expected = ViewOf(modern_.GetOrder(order_id));
    for (int i = 0; i < kReads; ++i)
      EXPECT_EQ(ViewOf(chaos_.GetOrder(order_id)), expected) << "after " << after;
  }

  Generator generator_{GetParam()};
  // Hardly any waiting after an indeterminate answer.
  const std::vector<std::string> kQuick{"--settle_ms=20", "--reconcile_backoff_ms=5"};
  Environment modern_{Answering(sandbox::Polymorphism::kModern, GetParam()), kQuick};
  Environment chaos_{Answering(sandbox::Polymorphism::kChaosPhp, GetParam()), kQuick};
  std::string results_[2];
  std::set<v1::PaymentState> states_;
};

void RandomReplies::Step(const std::string& order_id, const v1::Order& now) {
  const Json described = modern_.Control("orders/" + PercentEncoded(order_id));
  const std::string path = "orders/" + PercentEncoded(order_id);
  std::string what = "time";
  if (described.at("awaiting_3ds") == true) {
    what = "3ds";
    const char* results[] = {"Y", "A", "N", "U", "R", "Cancel"};
    BothControl(path + "/3ds", {{"result", results[generator_.Below(6)]}});
  } else if (now.payment_state() == v1::PAYMENT_STATE_PENDING) {
    what = "pay";
    BothControl(
        path + "/pay",
        {{"card_number", "4111111111111111"}, {"card_expiry_date", "0101"}, {"card_cvc", "123"}});
  } else if (now.payment_state() == v1::PAYMENT_STATE_IN_REVIEW) {
    what = "review";
    BothControl(path + "/review", {{"accepted", generator_.Chance(50)}});
  } else if (now.payment_details().capture() == "manual" && generator_.Chance(70)) {
    what = "capture or void";
    v1::CaptureOrderRequest capture;
    capture.set_order_id(order_id);
    if (generator_.Chance(60))
      capture.set_amount(static_cast<std::int64_t>(1 + generator_.Below(900)));
    v1::VoidOrderRequest give_up;
    give_up.set_order_id(order_id);
    give_up.set_reason("Called off");
    generator_.Chance(75) ? Both("CaptureOrder", capture) : Both("VoidOrder", give_up);
  } else if (generator_.Chance(25)) {
    what = "cancel refund";
    CancelRefund(order_id);
  } else if (generator_.Chance(15) && now.payment_state() == v1::PAYMENT_STATE_PAID &&
             now.amount_refunded() == 0) {
    what = "chargeback";
    BothControl(path + "/chargeback", Json::object());
  } else if (generator_.Chance(15)) {
    what = "cancel";
    v1::CancelOrderRequest cancel;
    cancel.set_order_id(order_id);
    Both("CancelOrder", cancel);
  } else if (generator_.Chance(15)) {
    BothControl("clock", {{"advance_seconds", 86'400}});
  } else {
    what = "refund";
    v1::RefundOrderRequest refund;
    refund.set_order_id(order_id);
    if (generator_.Chance(70)) {
      refund.set_amount(static_cast<std::int64_t>(1 + generator_.Below(600)));
    } else {
      refund.mutable_full();
    }
    Both("RefundOrder", refund);
  }
  Compare(order_id, what);
}

TEST_P(RandomReplies, NeverFailADecodeAndNeverChangeAPaymentState) {
  for (int life = 0; life < kLives; ++life) {
    v1::CreateOrderRequest order = generator_.NewOrder();
    order.mutable_customer()->set_reference(absl::StrCat("customer-", life));
    const std::string order_id = order.order_id();
    SCOPED_TRACE(absl::StrCat("seed ", GetParam(), " life ", life, " ", order.ShortDebugString()));
    ASSERT_TRUE(Both("CreateOrder", order));
    Compare(order_id, "creation");
    for (std::uint64_t step = generator_.Below(kStepsMax + 1); step > 0; --step) {
      const v1::Order now = modern_.GetOrder(order_id);
      states_.insert(now.payment_state());
      Step(order_id, now);
      if (HasFailure()) return;  // Everything after a difference differs.
    }
    states_.insert(modern_.GetOrder(order_id).payment_state());
  }
  // The lives went through more than one or two states.
  EXPECT_THAT(states_,
              ::testing::IsSupersetOf({v1::PAYMENT_STATE_PENDING, v1::PAYMENT_STATE_PAID,
                                       v1::PAYMENT_STATE_DECLINED, v1::PAYMENT_STATE_IN_REVIEW,
                                       v1::PAYMENT_STATE_AUTHORIZED, v1::PAYMENT_STATE_CANCELLED}));
  EXPECT_EQ(states_.count(v1::PAYMENT_STATE_UNRECOGNIZED), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomReplies, ::testing::ValuesIn(kSeeds));

}  // namespace
}  // namespace msp::integration
