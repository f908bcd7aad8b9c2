// SPDX-License-Identifier: Apache-2.0

// The dashboard: `/` lists the orders, /dashboard/orders/N shows one order, and their forms act as
// /_sandbox does. The markup is in dashboard_list.h and dashboard_detail.h.
#include <charconv>

#include "sandbox/core/read.h"
#include "sandbox/front/assets.h"
#include "sandbox/front/dashboard_detail.h"
#include "sandbox/front/dashboard_list.h"
#include "sandbox/front/front.h"
#include "service/base/hash.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

constexpr std::size_t kOrdersShown = 50;
constexpr std::size_t kRequestsOfOrder = 100;
constexpr std::size_t kRequestsOfAll = 20;
constexpr std::size_t kWantedMax = 64;
constexpr std::size_t kPathMax = 200;

// The name in "host:port", without brackets.
std::string_view NameOf(std::string_view host) {
  if (!host.empty() && host[0] == '[') return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

std::string_view HostOfUrl(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url = url.substr(scheme + 3);
  return NameOf(url.substr(0, url.find_first_of("/?#")));
}

// DNS rebinding: a foreign page can resolve its own name to this address and then read this page as
// its own. It cannot do so with an address or with "localhost".
bool IsAddress(std::string_view name) {
  if (name.find(':') != std::string_view::npos) return true;
  return !name.empty() && name.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool IsLocalName(std::string_view name) {
  constexpr std::string_view kLocal = ".localhost";
  return EqualsIgnoreCase(name, "localhost") ||
         (name.size() > kLocal.size() &&
          EqualsIgnoreCase(name.substr(name.size() - kLocal.size()), kLocal));
}

std::uint64_t NumberOf(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

HttpResponse SeeOther(std::string location) {
  HttpResponse response;
  response.status = 303;
  response.content_type = "";
  response.headers = {{"Location", std::move(location)}, {"Cache-Control", "no-store"}};
  return response;
}

// The form's members as the control call's body has them.
Json BodyOf(const HttpRequest& form) {
  Json body = Json::object();
  for (const char* name : {"scenario", "result", "status", "amount", "outcome", "advance_seconds",
                           "freeze", "accepted"}) {
    std::string value;
    if (form.QueryValue(name, &value) && value.size() <= kWantedMax) body[name] = value;
  }
  return body;
}

}  // namespace

bool IsDashboard(std::string_view path) {
  return path == "/" || path.substr(0, 11) == "/dashboard/";
}

bool Front::HostIsOurs(const HttpRequest& request) const {
  const std::string* host = request.Header("host");
  if (host == nullptr) return true;
  const std::string_view name = NameOf(*host);
  return IsAddress(name) || IsLocalName(name) || EqualsIgnoreCase(name, NameOf(options_.host)) ||
         EqualsIgnoreCase(name, HostOfUrl(options_.public_url));
}

bool Front::FromForeignPage(const HttpRequest& request) const {
  const std::string* site = request.Header("sec-fetch-site");
  const std::string* origin = request.Header("origin");
  if (site == nullptr && origin == nullptr) return false;  // no browser
  if (!HostIsOurs(request)) return true;
  if (site != nullptr && *site != "same-origin" && *site != "none") return true;
  if (origin == nullptr) return false;
  const std::string* host = request.Header("host");
  const std::size_t scheme = origin->find("://");
  return host == nullptr || scheme == std::string::npos ||
         !EqualsIgnoreCase(std::string_view(*origin).substr(scheme + 3), *host);
}

HttpResponse Front::DashboardCall(const HttpRequest& request) {
  if (!HostIsOurs(request)) {
    return DashboardMessage(403, "Not under this name",
                            "Open this page by its address, or start msp-sandbox with this name in "
                            "--public-url.");
  }
  constexpr std::string_view kBase = "/dashboard/";
  if (request.method == "GET" && request.path != "/") {
    const std::string_view name = std::string_view(request.path).substr(kBase.size());
    if (name == "dashboard.js" || name == "dashboard.css") {
      const Asset* asset = FindAsset(name);
      HttpResponse response;
      response.content_type = std::string(asset->content_type);
      response.body = std::string(asset->text);
      response.headers = {{"Cache-Control", "no-cache"}, {"X-Content-Type-Options", "nosniff"}};
      return response;
    }
  }
  const auto segments = PathSegments(request.path);
  const bool is_order = segments.size() == 3 && segments[1] == "orders";
  HttpRequest form;
  form.query = request.body;
  std::string csrf, problem;
  if (request.method == "POST") {
    form.QueryValue("csrf", &csrf);
    if (FromForeignPage(request) || !EqualInConstantTime(csrf, csrf_)) {
      return DashboardMessage(
          403, "Not from this page",
          "The form was not one of this sandbox's: go back, reload, try again.");
    }
  } else if (request.method != "GET") {
    return TextResponse(405, "method not allowed\n");
  }
  MutexLock lock(mutex_);
  Tick();
  Order* order = is_order ? platform_.FindSeq(NumberOf(segments[2])) : nullptr;
  const bool known = request.path == "/" || order != nullptr ||
                     (request.method == "POST" && segments.size() == 2 &&
                      (segments[1] == "clock" || segments[1] == "faults"));
  if (!known)
    return DashboardMessage(404, "Not found", "There is no such page, or the order is gone.");
  if (request.method == "POST") {
    std::string action;
    form.QueryValue("action", &action);
    problem = Act(form, action, order);
    SendNotices();
    if (problem.empty()) {
      return SeeOther((order == nullptr ? "/" : "/dashboard/orders/" + std::to_string(order->seq)) +
                      "?done=" + PercentEncoded(action));
    }
  }
  HttpResponse response =
      order == nullptr ? ShowOrders(request, problem) : ShowOrder(request, *order, problem);
  const std::string* seen = request.Header("if-none-match");
  for (const auto& [name, value] : response.headers) {
    if (name != "ETag" || seen == nullptr || *seen != value || response.status != 200) continue;
    HttpResponse same;
    same.status = 304;
    same.content_type = "";
    same.headers = {{"Cache-Control", "no-store"}, {"ETag", value}};
    return same;
  }
  return response;
}

std::string Front::Act(const HttpRequest& form, const std::string& action, Order* order) {
  const Json body = BodyOf(form);
  HttpRequest post;
  post.method = "POST";
  ApiResponse response;
  if (action == "clock" && order == nullptr) {
    response = ControlClock(post, body);
  } else if (action == "fault-on" && order == nullptr) {
    std::string name, times;
    form.QueryValue("fault", &name);
    form.QueryValue("times", &times);
    Json rule = FaultPreset(name);
    if (!rule.is_object()) return "There is no such fault";
    if (const std::uint64_t number = NumberOf(times); number > 0) rule["match"]["times"] = number;
    response = ControlFaults(post, rule);
  } else if (action == "fault-off" && order == nullptr) {
    std::string id;
    form.QueryValue("id", &id);
    faults_.Remove(NumberOf(id));
    has_faults_ = !faults_.empty();
    return {};
  } else if (order == nullptr) {
    return "There is no such action";
  } else if (action == "refund-end") {
    Order* parent = platform_.FindSeq(order->parent);
    const auto status = TextMember(body, "status").value_or("");
    const bool settled = parent != nullptr && (status == "completed" || status == "declined") &&
                         platform_.SettleRefund(*order, status == "completed");
    return settled ? "" : "The refund is not reserved any more";
  } else {
    response = ControlFoundOrder(post, {"orders", order->order_id, action}, *order, body);
  }
  return response.status == 200 ? std::string() : response.body.value("message", "refused");
}

HttpResponse Front::ShowOrders(const HttpRequest& request, const std::string& problem) {
  OrderList list;
  request.QueryValue("q", &list.wanted);
  list.wanted = std::string(Trimmed(list.wanted)).substr(0, kWantedMax);
  std::string before;
  request.QueryValue("before", &before);
  const auto& orders = platform_.orders();
  const std::uint64_t from = NumberOf(before);
  auto it = from == 0 ? orders.end() : orders.lower_bound(from);
  while (it != orders.begin()) {
    --it;
    const Order& order = *it->second;
    if (!list.wanted.empty() && order.order_id.find(list.wanted) == std::string::npos) continue;
    if (list.orders.size() == kOrdersShown) {
      list.older = list.orders.back()->seq;
      break;
    }
    list.orders.push_back(&order);
  }
  list.faults = faults_.List();
  list.requests = recorder_.Latest(0, kRequestsOfAll);
  list.api_url = options_.public_url + "/v1/json";
  return OrderListPage(FrameOf(request, problem), list);
}

HttpResponse Front::ShowOrder(const HttpRequest& request, const Order& order,
                              const std::string& problem) {
  OrderDetail detail;
  detail.order = &order;
  detail.parent = order.parent == 0 ? nullptr : platform_.FindSeq(order.parent);
  for (const Related& related : order.related) {
    detail.related.push_back(
        platform_.FindOrder(order.site_id, std::to_string(related.transaction_id)));
  }
  detail.requests = recorder_.Latest(order.seq, kRequestsOfOrder);
  detail.notifications = webhooks_->Attempts(order.order_id);
  detail.retries_due_ms = webhooks_->RetriesDue(order.seq);
  return OrderDetailPage(FrameOf(request, problem), detail);
}

DashboardFrame Front::FrameOf(const HttpRequest& request, const std::string& problem) {
  DashboardFrame frame;
  frame.csrf = csrf_;
  frame.now_ms = platform_.now_ms();
  frame.frozen = clock_.frozen();
  request.QueryValue("done", &frame.done);
  frame.problem = problem;
  return frame;
}

void Front::Record(const HttpRequest& request, std::string sent, const HttpResponse& response,
                   const std::string& order_id, std::string fault, std::int64_t us) {
  const auto starts = [&](std::string_view prefix) {
    return request.path.compare(0, prefix.size(), prefix) == 0;
  };
  const bool api = starts("/v1/json/");
  const bool control = starts("/_sandbox/") && request.method != "GET";
  const bool form = starts("/connect/") || starts("/simulator/") ||
                    (starts("/sdk/components/") && request.method == "POST");
  if (!api && !control && !form) return;
  RecordedRequest recorded;
  recorded.method = Loggable(request.method);
  recorded.path = PercentDecoded(request.path).substr(0, kPathMax);
  MaskWholeCardNumbers(&recorded.path);
  recorded.us = us;
  recorded.fault = std::move(fault);
  recorded.request = std::move(sent);
  const bool answered = response.delivery.kind != Delivery::Kind::kReset &&
                        response.delivery.kind != Delivery::Kind::kSilence;
  if (answered) recorded.status = response.status;
  if (answered && (api || control))
    recorded.response = MaskedBody(response.body, options_.settings.sites, true);
  MutexLock lock(mutex_);
  recorded.time_ms = clock_.NowMs();
  if (const Order* order = order_id.empty() ? nullptr : platform_.FindAnywhere(order_id))
    recorded.order_seq = order->seq;
  recorder_.Add(std::move(recorded));
}

}  // namespace msp::sandbox
