// SPDX-License-Identifier: Apache-2.0

// The customer's path through the pages: payment page, 3-D Secure simulator, back to the shop. The
// markup is in html.h.
#include "sandbox/core/read.h"
#include "sandbox/front/card_form.h"
#include "sandbox/front/front.h"
#include "sandbox/front/html.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

HttpResponse SeeOther(const std::string& url) {
  HttpResponse response;
  response.status = 303;
  response.content_type = "";
  // A header value: it must not contain a line end.
  std::string safe;
  for (const char c : url) {
    if (static_cast<unsigned char>(c) > ' ' && c != 0x7f) safe += c;
  }
  response.headers = {
      {"Location", safe}, {"Cache-Control", "no-store"}, {"Referrer-Policy", "no-referrer"}};
  return response;
}

}  // namespace

HttpResponse Front::ReturnToShop(const Order& order) {
  if (const std::string url = platform_.ReturnUrl(order); !url.empty()) return SeeOther(url);
  return HtmlPage(200, "Payment " + order.status,
                  OrderFacts(order) + "<p>You can close this page.</p>", &order);
}

HttpResponse Front::ConnectPage(const HttpRequest& request,
                                const std::vector<std::string>& segments, Order& order) {
  const std::string action = segments.size() > 2 ? segments[2] : "";
  if (order.authentication.awaiting_challenge)
    return SeeOther("/simulator/3ds/" + order.session.id);
  if (!platform_.IsOpenForPayment(order)) return ReturnToShop(order);
  HttpRequest form;
  form.query = request.body;
  std::vector<FormProblem> problems;
  TypedCard typed;
  if (request.method == "POST" && action == "cancel") {
    if (std::string wrong = platform_.PayScenario(order, "cancelled"); !wrong.empty())
      problems.push_back({"", std::move(wrong)});
  } else if (request.method == "POST" && action == "scenario") {
    std::string scenario;
    form.QueryValue("scenario", &scenario);
    if (std::string wrong = platform_.PayScenario(order, scenario); !wrong.empty())
      problems.push_back({"", std::move(wrong)});
  } else if (request.method == "POST" && action == "pay") {
    CardForm card = ReadCardForm(form);
    problems = std::move(card.problems);
    typed = std::move(card.typed);
    if (problems.empty()) {
      std::string field;
      std::string wrong = platform_.PayWithCard(order, card.data, &field);
      if (!wrong.empty()) problems.push_back({std::move(field), std::move(wrong)});
    }
    ZeroizeCard(card.data);
  } else if (!platform_.OpenSession(order)) {
    return HtmlPage(410, "This link is no longer valid", "<p>Ask the shop for a new one.</p>",
                    &order);
  }
  ZeroizeString(form.query);
  if (order.authentication.awaiting_challenge)
    return SeeOther("/simulator/3ds/" + order.session.id);
  if (!platform_.IsOpenForPayment(order)) return ReturnToShop(order);
  if (order.card) {
    return HtmlPage(200, "The bank has not answered yet",
                    OrderFacts(order) + "<p>Reload this page later.</p>", &order);
  }
  return HtmlPage(problems.empty() ? 200 : 422, "Pay your order",
                  PaymentContent(order, problems, typed), &order);
}

HttpResponse Front::SimulatorPage(const HttpRequest& request, Order& order) {
  if (!order.authentication.awaiting_challenge) return ReturnToShop(order);
  HttpRequest form;
  form.query = request.body;
  std::string result;
  const bool decided = request.method == "POST" && form.QueryValue("result", &result);
  if (decided && platform_.Decide3ds(order, result)) return ReturnToShop(order);
  std::vector<FormProblem> problems;
  if (decided) problems.push_back({"result", "Choose one of the answers"});
  return HtmlPage(decided ? 422 : 200, "3-D Secure simulator", ChallengeContent(order, problems),
                  &order);
}

HttpResponse Front::Page(const HttpRequest& request, std::string* order_id) {
  const auto segments = PathSegments(request.path);
  const bool simulator = segments[0] == "simulator" && segments.size() == 3 && segments[1] == "3ds";
  const bool connect = segments[0] == "connect" && (segments.size() == 2 || segments.size() == 3);
  if (request.method != "GET" && request.method != "POST")
    return TextResponse(405, "method not allowed\n");
  MutexLock lock(mutex_);
  ++counts_["pages"];
  Tick();
  Order* order =
      simulator || connect ? platform_.FindSession(segments[simulator ? 2 : 1]) : nullptr;
  if (order == nullptr)
    return HtmlPage(404, "Unknown payment", "<p>There is no payment under this address.</p>",
                    nullptr);
  *order_id = order->order_id;
  HttpResponse response =
      simulator ? SimulatorPage(request, *order) : ConnectPage(request, segments, *order);
  SendNotices();
  return response;
}

}  // namespace msp::sandbox
