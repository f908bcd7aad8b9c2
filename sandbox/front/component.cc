// SPDX-License-Identifier: Apache-2.0

#include "sandbox/front/component.h"

#include <utility>

#include "sandbox/core/cards.h"
#include "sandbox/core/catalogue.h"
#include "sandbox/core/read.h"
#include "sandbox/front/assets.h"
#include "sandbox/front/card_form.h"
#include "service/base/hash.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

constexpr std::int64_t kTokenLifeMs = 600'000;  // contract: an API token is good for 600 s
constexpr std::size_t kTokensMax = 10'000;
constexpr std::size_t kPayloadsMax = 10'000;
constexpr std::size_t kPayloadRandomBytes = 30;
constexpr std::size_t kRecurringIdMax = 100;

// What every payload starts with; a multiple of three bytes, so that it shows in base64, too.
constexpr std::string_view kPayloadMark = "sandbox-component:";

HttpResponse JsonResponse(int status, const Json& body) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

HttpResponse Refused(int status, const std::vector<FormProblem>& problems) {
  Json errors = Json::array();
  for (const FormProblem& problem : problems)
    errors.push_back({{"field", problem.field}, {"message", problem.text}});
  return JsonResponse(status, {{"success", false}, {"errors", std::move(errors)}});
}

// A check beyond the single fields: whether the sandbox accepts the card.
void CheckAccepted(const std::string& gateway, CardForm& form) {
  if (!form.problems.empty()) return;
  const TestCard* card = FindTestCard(form.data["card_number"].get_ref<const std::string&>());
  if (card == nullptr || card->redirect_only) {
    form.problems.push_back({"card_number", "This card is not accepted: use a public test card"});
    return;
  }
  if (gateway != "CREDITCARD" && gateway != card->scheme) {
    form.problems.push_back(
        {"card_number",
         "This card is not from " + std::string(SchemeName(gateway)) + ": choose another one"});
  }
  const std::size_t cvc = form.data.value("card_cvc", "").size();
  const bool none_needed = cvc == 0 && card->scheme == "MAESTRO";
  if (!none_needed && cvc != (card->scheme == "AMEX" ? 4u : 3u))
    form.problems.push_back({"card_cvc", "Check the security code"});
}

// A security code that fits the card: the typed one was checked and is not kept.
std::string AnyCvc(const std::string& number) {
  const TestCard* card = FindTestCard(number);
  return card != nullptr && card->scheme == "AMEX" ? "0000" : "000";
}

template <class Map>
void Keep(Map& map, std::deque<std::string>& order, std::size_t most, std::string name,
          typename Map::mapped_type value) {
  while (order.size() >= most) {
    map.erase(order.front());
    order.pop_front();
  }
  order.push_back(name);
  map.insert_or_assign(std::move(name), std::move(value));
}

}  // namespace

Component::~Component() { Reset(); }

void Component::Reset() {
  for (auto& [payload, typed] : payloads_) {
    if (typed.gateway_info.is_object()) ZeroizeCard(typed.gateway_info);
  }
  payloads_.clear();
  payload_order_.clear();
  tokens_.clear();
  token_order_.clear();
}

void Component::IssueToken(const std::string& token, const Site& site, std::int64_t now_ms) {
  Keep(tokens_, token_order_, kTokensMax, token,
       {.site_id = site.site_id, .expires_ms = now_ms + kTokenLifeMs});
}

void Component::UseToken(const std::string& token, const std::string& order_id) {
  const auto found = tokens_.find(token);
  if (found != tokens_.end()) found->second.order_id = order_id;
}

std::string Component::TokenOf(const HttpRequest& request, std::int64_t now_ms) const {
  const std::string* header = request.Header("authorization");
  constexpr std::string_view kBearer = "Bearer ";
  if (header == nullptr || header->compare(0, kBearer.size(), kBearer) != 0) return {};
  const auto found = tokens_.find(Trimmed(std::string_view(*header).substr(kBearer.size())));
  if (found == tokens_.end()) return {};
  const ApiToken& token = found->second;
  return token.expires_ms <= now_ms || !token.order_id.empty() ? std::string() : found->first;
}

HttpResponse Component::MakePayload(const HttpRequest& request, std::int64_t now_ms) {
  Typed typed{.token = TokenOf(request, now_ms)};
  if (typed.token.empty())
    return Refused(401, {{"", "The API token is used, unknown or too old: reload this page"}});
  HttpRequest form;
  form.query = request.body;
  std::string gateway;
  form.QueryValue("gateway", &gateway);
  if (form.QueryValue("recurring_id", &typed.recurring_id)) {
    if (typed.recurring_id.empty() || typed.recurring_id.size() > kRecurringIdMax)
      typed.recurring_id = "-";
  } else if (IsCardGateway(gateway)) {
    CardForm card = ReadCardForm(form);
    CheckAccepted(gateway, card);
    if (Json* cvc = card.data.contains("card_cvc") ? &card.data["card_cvc"] : nullptr) {
      ZeroizeString(cvc->get_ref<std::string&>());
      card.data.erase("card_cvc");
    }
    if (!card.problems.empty()) {
      ZeroizeCard(card.data);
      ZeroizeString(form.query);
      return Refused(422, card.problems);
    }
    typed.gateway_info = std::move(card.data);
  } else if (KnownGateway(gateway).empty()) {
    return Refused(422, {{"", "There is no such payment method"}});
  }
  ZeroizeString(form.query);
  std::string payload = Base64(std::string(kPayloadMark) + Hex(RandomBytes(kPayloadRandomBytes)));
  if (payload_order_.size() >= kPayloadsMax) {
    Json& oldest = payloads_[payload_order_.front()].gateway_info;
    if (oldest.is_object()) ZeroizeCard(oldest);
  }
  Keep(payloads_, payload_order_, kPayloadsMax, payload, std::move(typed));
  return JsonResponse(200, {{"success", true}, {"data", {{"payload", payload}}}});
}

std::string Component::Resolve(const Site& site, std::int64_t now_ms, Json& order) const {
  const Json& data = ObjectMember(order, "payment_data");
  const std::string payload = TextMember(data, "payload").value_or("");
  static const std::string kMark = Base64(kPayloadMark);
  if (payload.compare(0, kMark.size(), kMark) != 0) return {};
  if (TextMember(order, "gateway").value_or("").empty()) {
    if (const auto gateway = TextMember(data, "gateway")) order["gateway"] = *gateway;
  }
  // The customer's choice decides whether the card is stored; without one the shop's model decides.
  const auto tokenize = BoolMember(data, "tokenize");
  if (tokenize == false) order.erase("recurring_model");
  if (tokenize == true && TextMember(order, "recurring_model").value_or("").empty())
    order["recurring_model"] = "cardOnFile";
  const auto found = payloads_.find(payload);
  const auto token = found == payloads_.end() ? tokens_.end() : tokens_.find(found->second.token);
  order.erase("payment_data");
  Json info = ObjectMember(order, "gateway_info");
  if (token == tokens_.end() || token->second.site_id != site.site_id ||
      token->second.expires_ms <= now_ms ||
      (!token->second.order_id.empty() &&
       token->second.order_id != TextMember(order, "order_id").value_or(""))) {
    info.erase("card_number");
  } else if (const Typed& typed = found->second; !typed.recurring_id.empty()) {
    order["recurring_id"] = typed.recurring_id;
  } else if (typed.gateway_info.is_object()) {
    info.update(typed.gateway_info);
    info["card_cvc"] = AnyCvc(typed.gateway_info["card_number"]);
  }
  order["gateway_info"] = std::move(info);
  return token == tokens_.end() ? std::string() : token->first;
}

bool ComponentFile(std::string_view name, HttpResponse* response) {
  static constexpr std::string_view kNames[] = {"components.js", "components.css", "card.html",
                                                "card.js", "card.css"};
  const Asset* asset = nullptr;
  for (const std::string_view known : kNames) {
    if (known == name) asset = FindAsset(known);
  }
  if (asset == nullptr) return false;
  response->content_type = std::string(asset->content_type);
  response->body = std::string(asset->text);
  response->headers = {{"Cache-Control", "no-cache"},
                       {"Referrer-Policy", "no-referrer"},
                       {"X-Content-Type-Options", "nosniff"}};
  // Any shop may show the form in a frame; all else is forbidden.
  if (name == "card.html") {
    response->headers.emplace_back(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors http: https:");
  }
  return true;
}

}  // namespace msp::sandbox
