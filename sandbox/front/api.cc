// SPDX-License-Identifier: Apache-2.0

// The API's calls: the key's site, the route by method and path, one call of the state machine, its
// JSON.
#include "sandbox/core/catalogue.h"
#include "sandbox/core/local_time.h"
#include "sandbox/core/read.h"
#include "sandbox/front/front.h"
#include "service/base/hash.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

constexpr int kNestingMax = 64;

std::string Query(const Call& call, std::string_view name) {
  std::string value;
  call.request->QueryValue(name, &value);
  return value;
}

// A number of at most nine digits, else `fallback`.
std::size_t QuerySize(const Call& call, std::string_view name, std::size_t fallback) {
  const std::string text = Query(call, name);
  if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != std::string::npos)
    return fallback;
  return static_cast<std::size_t>(std::stoul(text));
}

bool QueryFlag(const Call& call, std::string_view name) {
  const std::string text = Query(call, name);
  return text == "1" || text == "true";
}

Platform::TransactionFilter FilterOf(const Call& call) {
  Platform::TransactionFilter filter;
  filter.limit = QuerySize(call, "limit", 100);
  filter.after = Query(call, "after");
  filter.before = Query(call, "before");
  ParseLocalTime(Query(call, "created_from"), &filter.created_from_ms);
  ParseLocalTime(Query(call, "created_until"), &filter.created_until_ms);
  ParseLocalTime(Query(call, "completed_from"), &filter.completed_from_ms);
  ParseLocalTime(Query(call, "completed_until"), &filter.completed_until_ms);
  filter.currency = Query(call, "currency");
  filter.financial_status = Query(call, "financial_status");
  filter.status = Query(call, "status");
  filter.site_id = Query(call, "site_id");
  filter.debit_credit = Query(call, "debit_credit");
  filter.type = Query(call, "type");
  // Repeated, with brackets, or with commas: the serialization of several is not documented.
  for (const char* name : {"payment_method", "payment_method[]"}) {
    for (const std::string& value : call.request->QueryValues(name)) {
      std::size_t at = 0;
      while (at <= value.size()) {
        const std::size_t comma = std::min(value.find(',', at), value.size());
        if (comma > at) filter.payment_methods.push_back(value.substr(at, comma - at));
        at = comma + 1;
      }
    }
  }
  return filter;
}

MethodFilter MethodFilterOf(const Call& call) {
  return {.amount = Query(call, "amount"),
          .country = Query(call, "country"),
          .currency = Query(call, "currency"),
          .type = Query(call, "type"),
          .group_cards = QueryFlag(call, "group_cards"),
          .with_coupons = QueryFlag(call, "include_coupons")};
}

// The body of a call that may have none; an unreadable one is none.
Json OptionalBody(const Call& call) {
  const std::string& text = call.request->body;
  Json json = NestsAtMost(text, kNestingMax) ? Json::parse(text, nullptr, false) : Json();
  return json.is_object() ? json : Json::object();
}

// The shape of a refusal for want of a key.
enum class Refusal : std::uint8_t { kEnvelope, kForbidden };

struct Route {
  std::string_view method;
  std::string_view pattern;  // "*" is a variable segment
  const char* name;          // in the statistics
  bool has_body;
  Refusal refusal;
  ApiResponse (*run)(Platform& platform, const Call& call);
};

using enum Refusal;

constexpr Route kRoutes[] = {
    {"POST", "orders", "post_orders", true, kEnvelope,
     [](Platform& p, const Call& c) { return p.CreateOrder(*c.site, c.body); }},
    {"GET", "orders/*", "get_order", false, kEnvelope,
     [](Platform& p, const Call& c) { return p.GetOrder(*c.site, c.params[0]); }},
    {"PATCH", "orders/*", "patch_order", true, kEnvelope,
     [](Platform& p, const Call& c) { return p.PatchOrder(*c.site, c.params[0], c.body); }},
    {"POST", "orders/*/cancel", "cancel_order", false, kForbidden,
     [](Platform& p, const Call& c) { return p.CancelOrder(*c.site, c.params[0]); }},
    {"POST", "orders/*/capture", "post_capture", true, kEnvelope,
     [](Platform& p, const Call& c) { return p.Capture(*c.site, c.params[0], c.body); }},
    {"PATCH", "capture/*", "patch_capture", true, kEnvelope,
     [](Platform& p, const Call& c) {
       return p.CancelAuthorization(*c.site, c.params[0], c.body);
     }},
    {"POST", "orders/*/refunds", "post_refunds", true, kEnvelope,
     [](Platform& p, const Call& c) { return p.Refund(*c.site, c.params[0], c.body); }},
    {"PATCH", "orders/*/refunds/*", "patch_refund", true, kEnvelope,
     [](Platform& p, const Call& c) {
       return p.CancelRefund(*c.site, c.params[0], c.params[1], c.body);
     }},
    {"POST", "orders/*/files", "post_files", true, kEnvelope,
     [](Platform& p, const Call& c) { return p.AddFile(*c.site, c.params[0], c.body); }},
    {"GET", "recurring/*", "list_tokens", false, kEnvelope,
     [](Platform& p, const Call& c) {
       return p.ListTokens(*c.site, c.params[0], QuerySize(c, "limit", 10),
                           QuerySize(c, "offset", 0));
     }},
    {"GET", "recurring/*/token/*", "get_token", false, kEnvelope,
     [](Platform& p, const Call& c) { return p.GetToken(*c.site, c.params[0], c.params[1]); }},
    {"DELETE", "recurring/*/remove/*", "delete_token", false, kEnvelope,
     [](Platform& p, const Call& c) { return p.RemoveToken(*c.site, c.params[0], c.params[1]); }},
    {"PATCH", "recurring/*/update/*", "patch_token", true, kEnvelope,
     [](Platform& p, const Call& c) {
       return p.UpdateToken(*c.site, c.params[0], c.params[1], c.body);
     }},
    {"GET", "gateways", "list_gateways", false, kEnvelope,
     [](Platform&, const Call& c) { return ListGateways(Query(c, "include") == "coupons"); }},
    {"GET", "gateways/*", "get_gateway", false, kEnvelope,
     [](Platform&, const Call& c) { return GetGateway(c.params[0]); }},
    {"GET", "issuers/*", "list_issuers", false, kEnvelope,
     [](Platform&, const Call& c) { return ListIssuers(c.params[0]); }},
    {"GET", "payment-methods", "list_payment_methods", false, kEnvelope,
     [](Platform&, const Call& c) { return ListPaymentMethods(MethodFilterOf(c)); }},
    {"GET", "payment-methods/*", "get_payment_method", false, kEnvelope,
     [](Platform&, const Call& c) { return GetPaymentMethod(c.params[0]); }},
    {"GET", "transactions", "list_transactions", false, kForbidden,
     [](Platform& p, const Call& c) { return p.ListTransactions(*c.site, FilterOf(c)); }},
    {"GET", "transactions/*", "get_transaction", false, kForbidden,
     [](Platform& p, const Call& c) { return p.GetTransaction(*c.site, c.params[0]); }},
    {"GET", "closing-balances", "closing_balances", false, kEnvelope,
     [](Platform& p, const Call& c) {
       return p.ListClosingBalances(*c.site, Query(c, "from"), Query(c, "until"),
                                    Query(c, "currency"));
     }},
    {"GET", "me", "me", false, kEnvelope, [](Platform&, const Call& c) { return GetMe(*c.site); }},
    {"GET", "auth/api_token", "api_token", false, kEnvelope,
     [](Platform& p, const Call& c) { return p.NewApiToken(*c.site); }},
    {"POST", "wallets/sessions/applepay", "post_apple_pay_session", true, kEnvelope,
     [](Platform& p, const Call& c) { return p.NewApplePaySession(c.body); }},
    {"POST", "pad/orders/*/onhold", "post_on_hold", false, kEnvelope,
     [](Platform& p, const Call& c) { return p.PutOnHold(*c.site, c.params[0], OptionalBody(c)); }},
    {"POST", "pad/orders/*/autoexpire", "post_auto_expire", false, kEnvelope,
     [](Platform& p, const Call& c) {
       return p.ExtendAutoExpire(*c.site, c.params[0], OptionalBody(c));
     }},
    {"GET", "terminals", "list_terminals", false, kForbidden,
     [](Platform& p, const Call& c) {
       return p.ListTerminals("", QuerySize(c, "page", 1), QuerySize(c, "limit", 100));
     }},
    {"POST", "terminals", "post_terminals", true, kForbidden,
     [](Platform& p, const Call& c) { return p.CreateTerminal(c.body); }},
    {"GET", "terminal-groups/*/terminals", "list_group_terminals", false, kForbidden,
     [](Platform& p, const Call& c) {
       return p.ListTerminals(c.params[0], QuerySize(c, "page", 1), QuerySize(c, "limit", 100));
     }},
    {"GET", "pos/receipt/*", "get_receipt", false, kEnvelope,
     [](Platform& p, const Call& c) { return p.GetReceipt(*c.site, c.params[0]); }},
    {"GET", "categories", "categories", false, kEnvelope,
     [](Platform&, const Call&) { return ListCategories(); }},
};

// True when the segments fit; the variable ones are then in `params`.
bool Fits(std::string_view pattern, const std::vector<std::string>& segments,
          std::vector<std::string>* params) {
  params->clear();
  for (const std::string& segment : segments) {
    if (pattern.empty()) return false;
    const std::size_t slash = pattern.find('/');
    const std::string_view wanted = pattern.substr(0, slash);
    pattern = slash == std::string_view::npos ? std::string_view() : pattern.substr(slash + 1);
    if (wanted == "*") {
      params->push_back(segment);
    } else if (wanted != segment) {
      return false;
    }
  }
  return pattern.empty();
}

const Route* FindRoute(const HttpRequest& request, std::vector<std::string>* params) {
  constexpr std::string_view kBase = "/v1/json/";
  if (request.path.compare(0, kBase.size(), kBase) != 0) return nullptr;
  std::string_view method = request.method;
  const std::string* instead = request.Header("x-http-method-override");
  if (method == "POST" && instead != nullptr) method = *instead;
  const auto segments = PathSegments(std::string_view(request.path).substr(kBase.size()));
  for (const Route& route : kRoutes) {
    if (route.method == method && Fits(route.pattern, segments, params)) return &route;
  }
  return nullptr;
}

HttpResponse AsHttp(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

}  // namespace

HttpResponse Front::Api(HttpRequest& request, std::string* order_id) {
  Call call;
  call.request = &request;
  const Route* route = FindRoute(request, &call.params);
  if (route == nullptr) return AsHttp(404, R"({"message":"Not found"})");
  call.site = Authenticate(request);
  if (call.site == nullptr) {
    const ApiResponse refused =
        route->refusal == Refusal::kForbidden ? Message(403, "Forbidden") : ErrorResponse(1032);
    return AsHttp(refused.status, refused.body.dump());
  }
  if (!call.params.empty() && route->pattern.substr(0, 6) == "orders") *order_id = call.params[0];
  if (route->has_body) {
    call.body =
        NestsAtMost(request.body, kNestingMax) ? Json::parse(request.body, nullptr, false) : Json();
    if (!call.body.is_object()) {
      const ApiResponse refused = ErrorResponse(1016);
      return AsHttp(refused.status, refused.body.dump());
    }
  }
  ApiResponse response;
  {
    MutexLock lock(mutex_);
    ++counts_[route->name];
    Tick();
    const std::string token = component_.Resolve(*call.site, platform_.now_ms(), call.body);
    response = route->run(platform_, call);
    if (response.status == 200) component_.UseToken(token, response.order_id);
    if (std::string_view(route->name) == "api_token" && response.status == 200) {
      component_.IssueToken(response.body["data"]["api_token"], *call.site, platform_.now_ms());
    }
    SendNotices();
  }
  if (!response.order_id.empty()) *order_id = response.order_id;
  return AsHttp(response.status, Print(response));
}

const Site* Front::Authenticate(const HttpRequest& request) {
  std::string key;
  for (const auto& [name, value] : request.headers) {
    const bool matches =
        options_.strict_key_header ? name == "api_key" : EqualsIgnoreCase(name, "api_key");
    if (matches && key.empty()) key = value;
  }
  const std::string* bearer = request.Header("authorization");
  constexpr std::string_view kBearer = "Bearer ";
  if (key.empty() && bearer != nullptr &&
      EqualsIgnoreCase(bearer->substr(0, kBearer.size()), kBearer)) {
    key = bearer->substr(kBearer.size());
  }
  std::string in_query;
  if (request.QueryValue("api_key", &in_query)) {
    MutexLock lock(mutex_);
    ++counts_["keys_in_query"];
    if (key.empty()) key = in_query;
  }
  const std::string_view trimmed = Trimmed(key);
  if (trimmed.size() < 5) return nullptr;
  for (const Site& site : options_.settings.sites) {
    if (EqualInConstantTime(site.key, trimmed)) return &site;
  }
  return nullptr;
}

std::string Front::Print(const ApiResponse& response) {
  const auto dump = [](const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  const Json* data = Member(response.body, "data");
  if (options_.settings.polymorphism == Polymorphism::kModern || data == nullptr ||
      !data->is_object()) {
    return dump(response.body);
  }
  // The old shapes come with their members in any order.
  std::vector<std::string> members;
  for (const auto& [name, value] : data->items())
    members.push_back(Json(name).dump() + ":" + dump(value));
  {
    MutexLock lock(mutex_);
    for (std::size_t i = members.size(); i > 1; --i)
      std::swap(members[i - 1], members[shuffle_.Below(i)]);
  }
  std::string text = "{\"data\":{";
  for (std::size_t i = 0; i < members.size(); ++i) text += (i == 0 ? "" : ",") + members[i];
  text += "}";
  for (const auto& [name, value] : response.body.items()) {
    if (name != "data") text += "," + Json(name).dump() + ":" + dump(value);
  }
  return text + "}";
}

}  // namespace msp::sandbox
