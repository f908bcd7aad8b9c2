// SPDX-License-Identifier: Apache-2.0

#include "tests/chaos/plans.h"

#include <algorithm>
#include <functional>
#include <thread>

#include "tests/testing/requests.h"

namespace msp::chaos {
namespace {

using Stub = v1::OrderService::Stub;
using About = ReportedResult::About;

constexpr char kApproved[] = "4111111111111111";
constexpr char kNoFunds[] = "4012001038488884";
constexpr char kChallenge[] = "5555555555554444";
constexpr int kWatchMaxS = 40;

// The order of a reply, short enough for a line.
template <class Response>
std::string Brief(const Response& response) {
  const v1::Order& order = response.order();
  return order.order_id() + " " + order.transaction_id() + " " +
         v1::PaymentState_Name(order.payment_state()) + " " + response.result().reason() + " ";
}
std::string Brief(const v1::Order& order) {
  return order.order_id() + " " + order.transaction_id() + " " + order.var2();
}

class Plan {
 public:
  Plan(const Options& options, std::uint64_t number, const Fleet& fleet, Tally& tally)
      : options_(options),
        fleet_(fleet),
        tally_(tally),
        random_(options.seed, PlanNumber(options, number) + 1),
        caller_(options, fleet, tally, random_) {
    history_.number = number;
    order_id_ = "c" + std::to_string(options.seed) + "-" + std::to_string(number);
  }

  OrderHistory Run();

 private:
  // Orders with the same number have the same plan.
  static std::uint64_t PlanNumber(const Options& options, std::uint64_t number) {
    return options.rate_limit > 0 ? number % static_cast<std::uint64_t>(options.orders / 2)
                                  : number;
  }
  v1::CreateOrderRequest Card(const char* number, const std::string& tag, bool keyed = true);
  v1::CreateOrderRequest Page(const std::string& tag);
  CallStyle Style();
  FinalResult<v1::CreateOrderResponse> Create(const v1::CreateOrderRequest& request,
                                              CallStyle style);
  // True when the order is paid (or authorized) in the end.
  bool Buy(const char* card, bool manual = false);
  // Creates orders of this request until one says what the customer has to do next, if anything:
  // each that lost it is cancelled, and another id used. False when there is no such order.
  bool CreateWithNextAction(
      const std::function<v1::CreateOrderRequest(const std::string& tag)>& make,
      const std::string& what, FinalResult<v1::CreateOrderResponse>& result);
  bool Cancel(const std::string& order_id, const std::string& tag);
  // The id of an order used again by somebody else, who must be refused; for another amount or not.
  void UseIdAgain(bool any_amount);
  void CountIfPaid();
  void PayOnThePage();
  void Refund(const std::string& order_id, const std::string& key, std::int64_t amount,
              bool full = false);
  void Capture(const std::string& key, std::int64_t amount);
  void Void();
  // Somebody in MultiSafepay's dashboard, who acts on the order once, some time during the calls
  // that follow: "refunds", "capture" or "void". Nobody where the rules know no other actors.
  std::jthread OtherActor(const char* action, std::int64_t amount = 0);
  // Watches the order by streams that break and resume, until it is paid. The reported state must
  // not go back.
  void WatchUntilPaid();

  void Paid() { Buy(kApproved); }
  void Declined() { Buy(kNoFunds); }
  void Unkeyed();
  void Captured();
  void Refunded();
  void Twins();
  void Intruder();
  void PageThenPaid();
  void PageThenCancelled();
  void Watched();
  void Challenged();
  void Repeated();

  template <class Response>
  ReportedResult& Record(About about, const std::string& order_id, const std::string& tag,
                         const FinalResult<Response>& result) {
    return history_.results.emplace_back(ReportedResult{.about = about,
                                                        .order_id = order_id,
                                                        .tag = tag,
                                                        .done = result.ok,
                                                        .certain = result.certain,
                                                        .reason = result.reason(),
                                                        .message = result.error.message});
  }
  std::string Tag(const std::string& what) const { return order_id_ + "/" + what; }

  const Options& options_;
  const Fleet& fleet_;
  Tally& tally_;
  Random random_;
  Caller caller_;
  OrderHistory history_;
  std::string order_id_;
  std::int64_t amount_ = 1'000;
};

v1::CreateOrderRequest Plan::Card(const char* number, const std::string& tag, bool keyed) {
  v1::CreateOrderRequest order = testing::CardOrder(order_id_);
  order.set_amount(amount_);
  order.set_var2(tag);
  order.mutable_gateway_info()->set_card_number(number);
  // Where custom_3 is the shop's own the marker goes elsewhere.
  if (random_.Chance(0.2)) order.mutable_custom_info()->set_custom_3("shop's own");
  if (keyed)
    order.mutable_control()->set_idempotency_key(tag.substr(0, tag.find('/')) + ".k." +
                                                 tag.substr(tag.find('/') + 1));
  return order;
}

v1::CreateOrderRequest Plan::Page(const std::string& tag) {
  v1::CreateOrderRequest order = Card(kApproved, tag);
  order.set_type("redirect");
  order.clear_gateway();
  order.clear_gateway_info();
  return order;
}

CallStyle Plan::Style() {
  CallStyle style;
  if (options_.calm) return style;
  if (random_.Chance(0.06)) {
    style.abandon = true;
    tally_.Count("calls abandoned by their caller");
  } else if (random_.Chance(0.05)) {
    style.short_time = true;
    tally_.Count("calls with hardly any time");
  }
  return style;
}

FinalResult<v1::CreateOrderResponse> Plan::Create(const v1::CreateOrderRequest& request,
                                                  CallStyle style) {
  tally_.Count("orders created");
  auto result = caller_.Certain<v1::CreateOrderRequest, v1::CreateOrderResponse>(
      "CreateOrder", &Stub::CreateOrder, request, style);
  const v1::Order& order = result.response.order();
  std::string state;
  if (result.ok) state = v1::PaymentState_Name(order.payment_state()).substr(14);
  if (result.ok && (order.order_id() != request.order_id() ||
                    (order.has_amount() && order.amount() != request.amount()) ||
                    (order.has_var2() && order.var2() != request.var2())))
    tally_.Violation(Finding::kUntrue,
                     request.order_id() + ": answered with somebody else's order: " + Brief(order));
  if (!result.ok && result.certain && result.error.code == grpc::StatusCode::ALREADY_EXISTS)
    tally_.Count("answered ALREADY_EXISTS");
  ReportedResult& reported = Record(About::kPayment, request.order_id(), request.var2(), result);
  reported.amount = request.amount();
  reported.state = state;
  reported.transaction_id = order.transaction_id();
  return result;
}

bool Plan::Buy(const char* card, bool manual) {
  amount_ = 1'000 + random_.Below(5'000);
  const auto make = [&](const std::string& tag) {
    v1::CreateOrderRequest request = Card(card, tag);
    if (manual) request.set_capture("manual");
    if (random_.Chance(0.15)) request.mutable_control()->set_resend_if_absent(true);
    return request;
  };
  FinalResult<v1::CreateOrderResponse> result;
  if (!CreateWithNextAction(make, "pay", result)) return false;
  const auto state = result.response.order().payment_state();
  const bool paid = state == v1::PAYMENT_STATE_PAID || state == v1::PAYMENT_STATE_AUTHORIZED;
  if (paid) tally_.Count("orders paid");
  return paid;
}

bool Plan::Cancel(const std::string& order_id, const std::string& tag) {
  v1::CancelOrderRequest request;
  request.set_order_id(order_id);
  const auto result = caller_.Certain<v1::CancelOrderRequest, v1::CancelOrderResponse>(
      "CancelOrder", &Stub::CancelOrder, request, Style());
  if (result.ok && result.response.order().payment_state() != v1::PAYMENT_STATE_CANCELLED)
    tally_.Violation(Finding::kUntrue, order_id + ": cancelled, but in another state");
  Record(About::kCancel, order_id, tag, result);
  tally_.Count("orders cancelled", result.ok ? 1 : 0);
  return result.ok;
}

void Plan::Refund(const std::string& order_id, const std::string& key, std::int64_t amount,
                  bool full) {
  v1::RefundOrderRequest request;
  request.set_order_id(order_id);
  if (full) {
    request.mutable_full();
  } else {
    request.set_amount(amount);
  }
  request.set_currency("EUR");
  request.set_var1(Tag(key));
  request.mutable_control()->set_idempotency_key(key);
  const int times = 1 + static_cast<int>(random_.Below(3));
  std::string refund_id;
  for (int i = 0; i < times; ++i) {
    tally_.Count("refunds asked for");
    CallStyle style = Style();
    style.repeat_at_first = i > 0 && random_.Chance(0.5);
    if (i == 0) style.fresh_tag = Tag(key);
    const auto result = caller_.Certain<v1::RefundOrderRequest, v1::RefundOrderResponse>(
        "RefundOrder", &Stub::RefundOrder, request, style);
    const v1::Refund& refund = result.response.refund();
    if (result.ok && !refund_id.empty() && refund.psp_refund_id() != refund_id)
      tally_.Violation(Finding::kTwice, order_id + " " + key + ": two refunds under one key: " +
                                            refund_id + ", " + refund.psp_refund_id());
    if (result.ok) refund_id = refund.psp_refund_id();
    ReportedResult& reported = Record(About::kRefund, order_id, Tag(key), result);
    reported.amount = full ? 0 : amount;
    reported.transaction_id = refund_id;
    // What a refusal says holds until the call is made again.
    if (!result.ok) return;
  }
}

void Plan::Capture(const std::string& key, std::int64_t amount) {
  v1::CaptureOrderRequest request;
  request.set_order_id(order_id_);
  if (amount > 0) request.set_amount(amount);
  request.set_description(Tag(key));
  request.mutable_control()->set_idempotency_key(key);
  const int times = 1 + static_cast<int>(random_.Below(3));
  for (int i = 0; i < times; ++i) {
    tally_.Count("captures asked for");
    CallStyle style = Style();
    style.repeat_at_first = i > 0 && random_.Chance(0.5);
    if (i == 0) style.fresh_tag = Tag(key);
    const auto result = caller_.Certain<v1::CaptureOrderRequest, v1::CaptureOrderResponse>(
        "CaptureOrder", &Stub::CaptureOrder, request, style);
    Record(About::kCapture, order_id_, Tag(key), result).amount = amount;
    if (!result.ok) return;
  }
}

void Plan::Void() {
  v1::VoidOrderRequest request;
  request.set_order_id(order_id_);
  request.set_reason("changed mind");
  const auto result = caller_.Certain<v1::VoidOrderRequest, v1::VoidOrderResponse>(
      "VoidOrder", &Stub::VoidOrder, request, Style());
  Record(About::kVoid, order_id_, "", result);
}

std::jthread Plan::OtherActor(const char* action, std::int64_t amount) {
  if (!options_.rules.other_actors || random_.Chance(0.4)) return {};
  Json body = Json::object();
  if (amount > 0) body["amount"] = amount;
  return std::jthread([this, action, body, order_id = order_id_,
                       after = std::chrono::milliseconds(random_.Below(300))] {
    std::this_thread::sleep_for(after);
    if (!fleet_.ledger().Post("orders/" + order_id + "/" + action, body).is_null())
      tally_.Count(std::string("other actors: ") + action);
  });
}

void Plan::WatchUntilPaid() {
  using State = v1::PaymentState;
  const std::jthread customer([this, after = std::chrono::milliseconds(random_.Below(1'500))] {
    std::this_thread::sleep_for(after);
    PayOnThePage();
  });
  v1::WatchOrderRequest request;
  request.set_order_id(order_id_);
  request.set_follow(true);
  State last = v1::PAYMENT_STATE_UNSPECIFIED;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(kWatchMaxS);
  while (std::chrono::steady_clock::now() < end) {
    const auto stub = v1::OrderService::NewStub(
        fleet_.Channel(static_cast<int>(random_.Below(Fleet::kReplicas)), random_.Below(64)));
    grpc::ClientContext context;
    caller_.NameSite(context);
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::milliseconds(100 + random_.Below(1'500)));
    const auto reader = stub->WatchOrder(&context, request);
    v1::WatchOrderResponse event;
    while (reader->Read(&event)) {
      request.set_resume_token(event.resume_token());
      if (!event.has_order()) continue;
      const State state = event.order().payment_state();
      tally_.Count("states sent to watchers");
      if (last == v1::PAYMENT_STATE_PAID && state != last)
        tally_.Violation(Finding::kUntrue, order_id_ + ": a watcher received PAID and then " +
                                               v1::PaymentState_Name(state));
      if (last == v1::PAYMENT_STATE_PAID || !random_.Chance(0.7)) context.TryCancel();
      last = state;
    }
    reader->Finish();
    tally_.Count("streams watched");
    // Once more after PAID: a resumed stream may go back, too.
    if (last == v1::PAYMENT_STATE_PAID && random_.Chance(0.5)) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + random_.Below(40)));
  }
  if (last == v1::PAYMENT_STATE_PAID) {
    tally_.Count("orders paid");
  } else {
    tally_.Violation(Finding::kUnknown, order_id_ + ": a watcher never received PAID");
  }
}

bool Plan::CreateWithNextAction(
    const std::function<v1::CreateOrderRequest(const std::string& tag)>& make,
    const std::string& what, FinalResult<v1::CreateOrderResponse>& result) {
  for (int part = 0; part < 4; ++part) {
    const v1::CreateOrderRequest request = make(Tag(what + std::to_string(part)));
    CallStyle style = Style();
    style.fresh_tag = request.var2();
    result = Create(request, style);
    if (!result.ok) return false;
    if (result.response.result().reason() != "NEXT_ACTION_LOST") return true;
    if (!Cancel(order_id_, request.var2())) return false;
    order_id_ += "n";
  }
  return false;
}

void Plan::PayOnThePage() {
  fleet_.ledger().Post(
      "orders/" + order_id_ + "/pay",
      {{"card_number", kApproved}, {"card_expiry_date", "3012"}, {"card_cvc", "123"}});
}

void Plan::CountIfPaid() {
  const auto read = caller_.Get(order_id_);
  if (read.ok && read.response.order().payment_state() == v1::PAYMENT_STATE_PAID)
    tally_.Count("orders paid");
}

// An order with a page, paid by the customer while it is watched.
void Plan::Watched() {
  FinalResult<v1::CreateOrderResponse> result;
  if (CreateWithNextAction([this](const std::string& tag) { return Page(tag); }, "watched", result))
    WatchUntilPaid();
}

void Plan::Unkeyed() {
  v1::CreateOrderRequest request = Card(kApproved, Tag("plain"), false);
  const auto result = Create(request, Style());
  if (result.ok && result.response.order().payment_state() == v1::PAYMENT_STATE_PAID)
    tally_.Count("orders paid");
}

void Plan::Captured() {
  if (!Buy(kApproved, true)) return;
  const std::int64_t whole = amount_;
  const std::jthread other =
      random_.Chance(0.7) ? OtherActor("capture", whole / 4) : OtherActor("void");
  switch (random_.Below(4)) {
    case 0:
      Capture("all", random_.Chance(0.5) ? whole : 0);
      return;
    case 1:  // Two equal parts, a key each, and the rest.
      Capture("one", whole / 4);
      Capture("two", whole / 4);
      Capture("rest", 0);
      return;
    case 2:
      Capture("one", whole / 3);
      Void();
      return;
    default:
      Void();
  }
}

void Plan::Refunded() {
  if (!Buy(kApproved)) return;
  const std::int64_t part = amount_ / 4;
  const std::jthread other = OtherActor("refunds", random_.Chance(0.7) ? part : part + 7);
  Refund(order_id_, "one", part);
  if (random_.Chance(0.5)) Refund(order_id_, "two", part);  // Equal, and legitimate.
  if (random_.Chance(0.5)) Refund(order_id_, "three", part + 1);
  if (random_.Chance(0.3)) Refund(order_id_, "rest", 0, true);
}

// The same submit twice at the same time.
void Plan::Twins() {
  amount_ = 1'000 + random_.Below(5'000);
  // Half of them stay open for the customer, which leaves their id open to a second payment where
  // only a completed order blocks it.
  const bool challenged = random_.Chance(0.5);
  const v1::CreateOrderRequest request = Card(challenged ? kChallenge : kApproved, Tag("twin"));
  Random other_random(options_.seed, history_.number + 0x7000'0000);
  Caller other(options_, fleet_, tally_, other_random);
  FinalResult<v1::CreateOrderResponse> second;
  std::thread twin([&] {
    second = other.Certain<v1::CreateOrderRequest, v1::CreateOrderResponse>(
        "CreateOrder", &Stub::CreateOrder, request, {.replica = options_.together ? 0 : 1});
  });
  const auto first = Create(request, {.replica = 0});
  twin.join();
  history_.attempts = other.attempts();
  tally_.Count("submits twice at once");
  if (first.ok && challenged)
    fleet_.ledger().Post("orders/" + order_id_ + "/3ds", {{"result", "Y"}});
  if (first.ok) tally_.Count("orders paid");
  if (!first.certain || !second.certain) return;
  if (first.ok != second.ok ||
      first.response.order().transaction_id() != second.response.order().transaction_id())
    tally_.Violation(Finding::kUntrue, order_id_ + ": twins were answered differently: " +
                                           Brief(first.response) + first.error.message + " / " +
                                           Brief(second.response) + second.error.message);
}

void Plan::UseIdAgain(bool any_amount) {
  v1::CreateOrderRequest other = Card(kApproved, Tag("intruder"));
  if (any_amount && random_.Chance(0.5)) other.set_amount(amount_ + 1);
  const auto result = Create(other, Style());
  tally_.Count("order ids used again under another key");
  if (result.certain && (result.ok || result.error.code != grpc::StatusCode::ALREADY_EXISTS))
    tally_.Violation(result.ok ? Finding::kTwice : Finding::kUntrue,
                     order_id_ + ": an order id used again was not ALREADY_EXISTS: " +
                         Brief(result.response) + result.error.message);
}

void Plan::Intruder() {
  if (Buy(kApproved)) UseIdAgain(/*any_amount=*/true);
}

void Plan::PageThenPaid() {
  FinalResult<v1::CreateOrderResponse> result;
  if (!CreateWithNextAction([this](const std::string& tag) { return Page(tag); }, "page", result))
    return;
  if (!result.response.order().next_action().has_redirect())
    tally_.Violation(Finding::kOther,
                     order_id_ + ": no page to send the customer to: " + Brief(result.response));
  PayOnThePage();
  CountIfPaid();
}

void Plan::PageThenCancelled() {
  const v1::CreateOrderRequest request = Page(Tag("page"));
  if (Create(request, Style()).ok) Cancel(order_id_, request.var2());
}

void Plan::Challenged() {
  FinalResult<v1::CreateOrderResponse> result;
  const auto make = [this](const std::string& tag) { return Card(kChallenge, tag); };
  if (!CreateWithNextAction(make, "3ds", result)) return;
  fleet_.ledger().Post("orders/" + order_id_ + "/3ds", {{"result", "Y"}});
  CountIfPaid();
}

// One call, made up to five times more: every reply is the same order.
void Plan::Repeated() {
  amount_ = 1'000 + random_.Below(5'000);
  const v1::CreateOrderRequest request = Card(kApproved, Tag("again"));
  std::string transaction_id;
  const int times = 2 + static_cast<int>(random_.Below(5));
  for (int i = 0; i < times; ++i) {
    CallStyle style = Style();
    style.repeat_at_first = i > 0 && random_.Chance(0.3);
    const auto result = Create(request, style);
    if (!result.certain) return;
    const std::string id = result.response.order().transaction_id();
    if (!result.ok || (!transaction_id.empty() && id != transaction_id))
      tally_.Violation(Finding::kUntrue,
                       order_id_ + ": a repeated call was not answered with the same order: " +
                           Brief(result.response) + result.error.message);
    transaction_id = id;
    tally_.Count("repeated calls");
  }
  tally_.Count("orders paid");
  if (random_.Chance(0.3)) UseIdAgain(/*any_amount=*/false);
}

struct PlanRow {
  const char* name;
  int weight;
  void (Plan::*run)();
  bool concurrent = false;
};

OrderHistory Plan::Run() {
  static constexpr PlanRow kRows[] = {
      {"paid", 22, &Plan::Paid},
      {"declined", 6, &Plan::Declined},
      {"without a key", 8, &Plan::Unkeyed},
      {"captured", 14, &Plan::Captured},
      {"refunded", 16, &Plan::Refunded},
      {"twins", 8, &Plan::Twins, true},
      {"intruder", 6, &Plan::Intruder},
      {"page, paid", 6, &Plan::PageThenPaid},
      {"page, cancelled", 4, &Plan::PageThenCancelled},
      {"challenged", 4, &Plan::Challenged},
      {"repeated", 6, &Plan::Repeated},
  };
  const PlanRow* chosen = nullptr;
  if (options_.idempotency) {
    static constexpr PlanRow kIdempotency[] = {{"repeated", 5, &Plan::Repeated},
                                               {"refunded", 2, &Plan::Refunded},
                                               {"captured", 2, &Plan::Captured}};
    std::int64_t at = random_.Below(9);
    for (const PlanRow& row : kIdempotency) {
      if (chosen == nullptr && (at -= row.weight) < 0) chosen = &row;
    }
  }
  static constexpr PlanRow kWatched = {"watched", 0, &Plan::Watched};
  if (options_.rules.watchers && random_.Chance(0.3)) chosen = &kWatched;
  while (chosen == nullptr) {
    std::int64_t at = random_.Below(100);
    for (const PlanRow& row : kRows) {
      if (chosen == nullptr && (at -= row.weight) < 0) chosen = &row;
    }
    if (options_.calm && chosen->concurrent) chosen = nullptr;
  }
  history_.plan = chosen->name;
  tally_.Count(std::string("plan ") + chosen->name);
  (this->*chosen->run)();
  history_.attempts.insert(history_.attempts.end(), caller_.attempts().begin(),
                           caller_.attempts().end());
  return std::move(history_);
}

}  // namespace

OrderHistory RunPlan(const Options& options, std::uint64_t number, const Fleet& fleet,
                     Tally& tally) {
  return Plan(options, number, fleet, tally).Run();
}

}  // namespace msp::chaos
