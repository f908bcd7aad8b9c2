// SPDX-License-Identifier: Apache-2.0

// /_sandbox, the control API for tests and people: the clock, outcomes, statistics, snapshots.
#include "sandbox/core/read.h"
#include "sandbox/front/front.h"

namespace msp::sandbox {
namespace {

constexpr int kControlNestingMax = 100;

ApiResponse Problem(int status, std::string_view text) {
  ApiResponse response;
  response.status = status;
  response.body = {{"success", false}, {"message", std::string(text)}};
  return response;
}

ApiResponse Done() { return Success(Json::object()); }

// The order's captures, refunds and chargebacks, each with the texts that came with its request.
Json DescribeRelated(Platform& platform, const Order& order) {
  Json list = Json::array();
  for (const Related& related : order.related) {
    const Order* child = platform.FindOrder(order.site_id, std::to_string(related.transaction_id));
    list.push_back({{"type", related.type},
                    {"amount", related.amount},
                    {"status", related.status},
                    {"description", related.description},
                    {"var1", child == nullptr ? Json("") : child->extras.value("var1", Json(""))}});
  }
  return list;
}

Json DescribeFiles(const Order& order) {
  Json list = Json::array();
  for (const Evidence& file : order.files) {
    list.push_back({{"name", file.name},
                    {"type", file.type},
                    {"description", file.description},
                    {"bytes", file.bytes}});
  }
  return list;
}

// The control calls' view of an order, beyond the API's own view.
Json Describe(Platform& platform, const Order& order) {
  return {{"order_id", order.order_id},
          {"transaction_id", order.transaction_id},
          {"status", order.status},
          {"financial_status", order.financial_status},
          {"session_id", order.session.id},
          {"awaiting_3ds", order.authentication.awaiting_challenge},
          {"return_url", platform.ReturnUrl(order)},
          {"var2", order.extras.value("var2", Json(""))},
          {"related", DescribeRelated(platform, order)},
          {"terminal_id", order.terminal_id},
          {"files", DescribeFiles(order)},
          {"timer_in_ms", order.timer == TimerKind::kNone
                              ? Json(nullptr)
                              : Json(order.timer_due_ms - platform.now_ms())},
          {"money",
           {{"authorized", order.money.authorized},
            {"captured", order.money.captured_here + order.money.captured_in_parts},
            {"voided", order.money.voided},
            {"refund_reserved", order.money.refund_reserved},
            {"refunded", order.money.refunded},
            {"charged_back", order.money.charged_back}}}};
}

// What a person does to the order in MultiSafepay's dashboard, without ids and keys of the shop's.
// Empty on success, else why it was refused.
std::string ActInDashboard(Platform& platform, Order& order, const std::string& action,
                           const Json& body) {
  const Site* site = platform.SiteOf(order);
  if (site == nullptr) return "the order has no site";
  Json asked{{"description", "dashboard"}};
  if (const Json* amount = Member(body, "amount")) asked["amount"] = *amount;
  ApiResponse response;
  if (action == "refunds") {
    asked["currency"] = order.currency;
    response = platform.Refund(*site, order.order_id, asked);
  } else if (action == "capture") {
    asked["new_order_status"] = "completed";
    response = platform.Capture(*site, order.order_id, asked);
  } else {
    asked = {{"status", "cancelled"}, {"reason", "dashboard"}};
    response = platform.CancelAuthorization(*site, order.order_id, asked);
  }
  return response.status == 200 ? std::string() : response.body.value("error_info", "refused");
}

}  // namespace

ApiResponse Front::ControlClock(const HttpRequest& request, const Json& body) {
  if (request.method == "POST") {
    if (const auto freeze = BoolMember(body, "freeze")) clock_.Freeze(*freeze);
    const AmountRead seconds = AmountMember(body, "advance_seconds", false);
    constexpr std::int64_t kAdvanceMaxS = 10LL * 366 * 86'400;
    if (seconds.kind == AmountRead::Kind::kBad || seconds.value < 0 ||
        seconds.value > kAdvanceMaxS) {
      return Problem(400, "advance_seconds: an integer from 0 to ten years");
    }
    clock_.Advance(seconds.value * 1000);
    Tick();
    wake_.NotifyOne();
  }
  return Success({{"now", platform_.now_ms() / 1000},
                  {"now_ms", platform_.now_ms()},
                  {"frozen", clock_.frozen()}});
}

ApiResponse Front::ControlFaults(const HttpRequest& request, const Json& body) {
  if (request.method == "GET") return Success(faults_.List());
  if (request.method == "DELETE") {
    faults_.Clear();
    has_faults_ = false;
    return Done();
  }
  if (request.method != "POST") return Problem(404, "no such control");
  // One rule, or a list of them.
  Json ids = Json::array();
  for (const Json& rule : body.is_array() ? body : Json::array({body})) {
    std::string problem;
    const std::uint64_t id = faults_.Add(rule, &problem);
    if (id == 0) return Problem(400, problem);
    ids.push_back(id);
  }
  has_faults_ = !faults_.empty();
  return Success({{"ids", std::move(ids)}});
}

Json Front::Stats() {
  Json requests = Json::object();
  for (const auto& [name, count] : counts_) requests[name] = count;
  Json stats{{"requests", std::move(requests)},
             {"orders", platform_.orders().size()},
             {"timers", platform_.timer_count()}};
  for (const char* name :
       {"orders_posted", "orders_created", "duplicates_refused", "implicit_full_refund",
        "unknown_body_members", "order_ids_not_strings", "refunds", "captures", "voids",
        "tokens_stored", "orders_evicted", "illegal_transitions"}) {
    stats[name] = 0;
  }
  for (const auto& [name, count] : platform_.stats()) stats[name] = count;
  const Json sending = webhooks_->Counts();
  for (const auto& [name, count] : sending.items()) stats[name] = count;
  const auto keys = counts_.find("keys_in_query");
  stats["keys_in_query"] = keys == counts_.end() ? 0 : keys->second;
  return stats;
}

ApiResponse Front::ControlOrder(const HttpRequest& request,
                                const std::vector<std::string>& segments, const Json& body) {
  Order* order = platform_.FindAnywhere(segments[1]);
  if (order == nullptr) return Problem(404, "no such order");
  return ControlFoundOrder(request, segments, *order, body);
}

ApiResponse Front::ControlFoundOrder(const HttpRequest& request,
                                     const std::vector<std::string>& segments, Order& found,
                                     const Json& body) {
  Order* order = &found;
  const std::string action = segments.size() > 2 ? segments[2] : "";
  if (action.empty() && request.method == "GET") return Success(Describe(platform_, *order));
  if (request.method != "POST") return Problem(404, "no such control");
  if (action == "3ds") {
    const std::string result = TextMember(body, "result").value_or("");
    if (!platform_.Decide3ds(*order, result)) {
      return Problem(409,
                     "the order awaits no challenge, or result is none of Y, A, N, U, R, Cancel");
    }
  } else if (action == "pay") {
    const auto scenario = TextMember(body, "scenario");
    const std::string wrong =
        scenario ? platform_.PayScenario(*order, *scenario) : platform_.PayWithCard(*order, body);
    if (!wrong.empty()) return Problem(409, wrong);
  } else if (action == "review") {
    const auto accepted = BoolMember(body, "accepted");
    if (!accepted || !platform_.Review(*order, *accepted)) {
      return Problem(409, "the order is not uncleared, or accepted is not a boolean");
    }
  } else if (action == "chargeback") {
    if (!platform_.ChargeBack(*order)) return Problem(409, "nothing to charge back");
  } else if ((action == "refunds" && segments.size() == 3) || action == "capture" ||
             action == "void") {
    const std::string wrong = ActInDashboard(platform_, *order, action, body);
    if (!wrong.empty()) return Problem(409, wrong);
  } else if (action == "settle") {
    if (!platform_.AdvanceLife(*order))
      return Problem(409, "no later stage in this order's lifecycle");
  } else if (action == "terminal") {
    if (!platform_.ActAtTerminal(*order, TextMember(body, "outcome").value_or(""))) {
      return Problem(409,
                     "no terminal awaits a card for the order, or outcome is none of approve, "
                     "decline, timeout, cancel");
    }
  } else if (action == "notify") {
    platform_.QueueNotice(*order);
  } else if (action == "refunds" && segments.size() == 4) {
    Order* refund = platform_.FindAnywhere(segments[3]);
    const auto status = TextMember(body, "status").value_or("completed");
    const bool known = status == "completed" || status == "declined";
    if (refund == nullptr || refund->parent != order->seq || !known ||
        !platform_.SettleRefund(*refund, status == "completed")) {
      return Problem(
          409, "no reserved refund of this order, or status is neither completed nor declined");
    }
  } else {
    return Problem(404, "no such control");
  }
  return Success(Describe(platform_, *order));
}

HttpResponse Front::Control(const HttpRequest& request, std::string* order_id) {
  std::vector<std::string> segments = PathSegments(request.path);
  segments.erase(segments.begin());
  if (FromForeignPage(request))
    return TextResponse(403, "control is not for pages of another origin\n");
  const std::string what = segments.empty() ? "" : segments[0];
  Json body = Json::object();
  if (!request.body.empty()) {
    body = NestsAtMost(request.body, kControlNestingMax) ? Json::parse(request.body, nullptr, false)
                                                         : Json();
  }
  const bool post = request.method == "POST";
  ApiResponse response = Problem(404, "no such control");
  MutexLock lock(mutex_);
  Tick();
  if (!body.is_object() && !body.is_array()) {
    response = Problem(400, "the body is not JSON");
  } else if (what == "reset" && post) {
    clock_.Reset();
    counts_.clear();
    platform_.Reset(clock_.NowMs());
    faults_ = Faults(options_.settings.seed);
    component_.Reset();
    recorder_.Reset();
    has_faults_ = false;
    webhooks_->Reset();
    response = Done();
  } else if (what == "clock") {
    response = ControlClock(request, body);
  } else if (what == "stats" && request.method == "GET") {
    response = Success(Stats());
  } else if (what == "snapshot" && request.method == "GET") {
    response = Success(platform_.Snapshot());
  } else if (what == "snapshot" && post) {
    const Json* data = Member(body, "data");
    response = platform_.Restore(data == nullptr ? body : *data)
                   ? Done()
                   : Problem(400, "the body is not a snapshot");
  } else if (what == "orders" && segments.size() >= 2) {
    *order_id = segments[1];
    response = ControlOrder(request, segments, body);
  } else if (what == "terminals" && segments.size() == 2 && post) {
    response = platform_.SetTerminalBehaviour(segments[1], body)
                   ? Done()
                   : Problem(404,
                             "no such terminal, or behaviour is none of approve, decline, "
                             "timeout, manual");
  } else if (what == "events" && segments.size() == 2 && segments[1] == "disconnect" && post) {
    ++stream_generation_;
    response = Done();
  } else if (what == "faults") {
    response = ControlFaults(request, body);
  } else if (what == "webhooks" && post) {
    response = webhooks_->SetKnobs(body) ? Done() : Problem(400, "a knob has the wrong type");
  } else if (what == "notifications" && request.method == "GET") {
    std::string wanted;
    request.QueryValue("order_id", &wanted);
    response = Success(webhooks_->Attempts(wanted));
  }
  SendNotices();
  HttpResponse http;
  http.status = response.status;
  http.body = response.body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return http;
}

}  // namespace msp::sandbox
