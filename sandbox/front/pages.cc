// The customer's pages: payment page, 3-D Secure simulator, result. Plain HTML that works without
// scripts, by keyboard and with a screen reader; everything that came from outside is escaped.
#include <cstdio>

#include "sandbox/core/read.h"
#include "sandbox/front/front.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

constexpr std::string_view kStyle =
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:2rem auto;padding:0 "
    "1rem;color:#1a1a1a;"
    "background:#fff}label{display:block;margin-top:1rem;font-weight:600}input,select,button{font:"
    "inherit;"
    "padding:.5rem;width:100%;box-sizing:border-box;border:1px solid #595959;border-radius:4px}"
    "button{margin-top:1.5rem;background:#004a99;color:#fff;border-color:#004a99;cursor:pointer}"
    "button.plain{background:#fff;color:#004a99}:focus-visible{outline:3px solid "
    "#ff9900;outline-offset:2px}"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem}dt{font-weight:600}dd{margin:0}"
    ".problem{border-left:4px solid #b00020;padding-left:.75rem}small{color:#404040}";

// scheme://host[:port] of a URL, if that is what it starts with; empty otherwise.
std::string OriginOf(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::string_view name = url.substr(0, scheme);
  if (name != "http" && name != "https") return {};
  const std::string_view origin = url.substr(0, url.find_first_of("/?#", scheme + 3));
  for (const char c : origin) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view(".-_:/[]").find(c) != std::string_view::npos;
    if (!plain) return {};
  }
  return std::string(origin);
}

HttpAnswer Html(int status, const std::string& title, const std::string& content,
                const Order* order) {
  HttpAnswer answer;
  answer.status = status;
  answer.content_type = "text/html; charset=utf-8";
  answer.body =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>" +
      HtmlEscaped(title) + "</title><style>" + std::string(kStyle) +
      "</style></head><body><main><h1>" + HtmlEscaped(title) + "</h1>\n" + content +
      "\n<p><small>Sandbox: no money moves here.</small></p></main></body></html>\n";
  // Browsers hold a form's redirects against form-action as well: the shop's own addresses must be
  // in it.
  std::string targets = "'self'";
  if (order != nullptr) {
    for (const std::string& url : {order->redirect_url, order->cancel_url}) {
      if (const std::string origin = OriginOf(url); !origin.empty()) targets += " " + origin;
    }
  }
  answer.headers = {
      {"Content-Security-Policy", "default-src 'none'; form-action " + targets +
                                      "; style-src 'unsafe-inline'; frame-ancestors 'none'"},
      {"Cache-Control", "no-store"},
      {"Referrer-Policy", "no-referrer"},
      {"X-Content-Type-Options", "nosniff"}};
  return answer;
}

std::string AmountText(const Order& order) {
  if (order.currency == "JPY") return "JPY " + std::to_string(order.amount);
  char text[64];
  std::snprintf(text, sizeof text, "%s %lld.%02lld", order.currency.c_str(),
                static_cast<long long>(order.amount / 100),
                static_cast<long long>(order.amount % 100));
  return text;
}

std::string Facts(const Order& order) {
  std::string facts = "<dl><dt>Order</dt><dd>" + HtmlEscaped(order.order_id) +
                      "</dd><dt>Amount</dt><dd>" + AmountText(order) + "</dd><dt>For</dt><dd>" +
                      HtmlEscaped(order.description) + "</dd>";
  if (order.card) {
    facts += "<dt>Card</dt><dd>" + HtmlEscaped(order.card->scheme) + " ending in " +
             HtmlEscaped(order.card->last4) + "</dd>";
  }
  return facts + "</dl>";
}

std::string ProblemText(const std::string& problem) {
  return problem.empty() ? ""
                         : "<p class=\"problem\" role=\"alert\">" + HtmlEscaped(problem) + "</p>";
}

std::string PaymentForm(const Order& order, const std::string& problem) {
  const std::string base = "/connect/" + order.session.id;
  return Facts(order) + ProblemText(problem) + "<form method=\"post\" action=\"" + base +
         "/pay\" autocomplete=\"off\">"
         "<label for=\"n\">Card number</label><input id=\"n\" name=\"card_number\" "
         "inputmode=\"numeric\" "
         "maxlength=\"23\" required autofocus><small>Public test cards only, such as 4111 1111 "
         "1111 1111.</small>"
         "<label for=\"h\">Name on the card</label><input id=\"h\" name=\"card_holder_name\" "
         "maxlength=\"64\" required>"
         "<label for=\"e\">Expiry, year and month (YYMM)</label><input id=\"e\" "
         "name=\"card_expiry_date\" "
         "inputmode=\"numeric\" pattern=\"[0-9]{4}\" maxlength=\"4\" required>"
         "<label for=\"c\">Security code</label><input id=\"c\" name=\"card_cvc\" "
         "inputmode=\"numeric\" "
         "pattern=\"[0-9]{3,4}\" maxlength=\"4\"><button type=\"submit\">Pay " +
         AmountText(order) +
         "</button></form>"
         "<form method=\"post\" action=\"" +
         base +
         "/scenario\"><label for=\"s\">Or another method, with this outcome"
         "</label><select id=\"s\" name=\"scenario\"><option value=\"completed\">Completed</option>"
         "<option value=\"declined\">Declined</option><option "
         "value=\"uncleared\">Uncleared</option>"
         "<option value=\"expired\">Expired</option></select>"
         "<button type=\"submit\" class=\"plain\">Use this outcome</button></form>"
         "<form method=\"post\" action=\"" +
         base +
         "/cancel\"><button type=\"submit\" class=\"plain\">Cancel the "
         "payment</button></form>";
}

std::string ChallengePage(const Order& order) {
  return Facts(order) + "<form method=\"post\" action=\"/simulator/3ds/" + order.session.id +
         "\"><label for=\"r\">What does the bank say?</label><select id=\"r\" name=\"result\" "
         "autofocus>"
         "<option value=\"Y\">Authenticated (Y)</option><option value=\"A\">Attempted (A)</option>"
         "<option value=\"N\">Not authenticated (N)</option><option value=\"U\">Unavailable "
         "(U)</option>"
         "<option value=\"R\">Rejected (R)</option><option "
         "value=\"Cancel\">Cancel</option></select>"
         "<button type=\"submit\">Continue</button></form>";
}

HttpAnswer SeeOther(const std::string& url) {
  HttpAnswer answer;
  answer.status = 303;
  answer.content_type = "";
  // A header value: nothing of it may end the line.
  std::string safe;
  for (const char c : url) {
    if (static_cast<unsigned char>(c) > ' ' && c != 0x7f) safe += c;
  }
  answer.headers = {
      {"Location", safe}, {"Cache-Control", "no-store"}, {"Referrer-Policy", "no-referrer"}};
  return answer;
}

// The form's members as gateway_info has them.
Json CardData(const HttpRequest& form) {
  Json data = Json::object();
  for (const char* name : {"card_number", "card_holder_name", "card_expiry_date", "card_cvc"}) {
    std::string value;
    if (form.QueryValue(name, &value)) data[name] = value;
  }
  if (data.contains("card_number")) {
    auto& number = data["card_number"].get_ref<std::string&>();
    std::erase_if(number, [](char c) { return c == ' ' || c == '-'; });
  }
  return data;
}

}  // namespace

HttpAnswer Front::Leave(const Order& order) {
  if (const std::string url = platform_.ReturnUrl(order); !url.empty()) return SeeOther(url);
  return Html(200, "Payment " + order.status, Facts(order) + "<p>You can close this page.</p>",
              &order);
}

HttpAnswer Front::ConnectPage(const HttpRequest& request, const std::vector<std::string>& segments,
                              Order& order) {
  const std::string action = segments.size() > 2 ? segments[2] : "";
  if (order.authentication.awaiting_challenge)
    return SeeOther("/simulator/3ds/" + order.session.id);
  if (order.status != "initialized") return Leave(order);
  HttpRequest form;
  form.query = request.body;
  std::string problem;
  if (request.method == "POST" && action == "cancel") {
    problem = platform_.PayScenario(order, "cancelled");
  } else if (request.method == "POST" && action == "scenario") {
    std::string scenario;
    form.QueryValue("scenario", &scenario);
    problem = platform_.PayScenario(order, scenario);
  } else if (request.method == "POST" && action == "pay") {
    problem = platform_.PayWithCard(order, CardData(form));
  } else if (!platform_.OpenSession(order)) {
    return Html(410, "This link is no longer valid", "<p>Ask the shop for a new one.</p>", &order);
  }
  WipeString(form.query);
  if (order.authentication.awaiting_challenge)
    return SeeOther("/simulator/3ds/" + order.session.id);
  if (order.status != "initialized") return Leave(order);
  if (order.card) {
    return Html(200, "The bank has not answered yet",
                Facts(order) + "<p>Reload this page later.</p>", &order);
  }
  return Html(problem.empty() ? 200 : 422, "Pay your order", PaymentForm(order, problem), &order);
}

HttpAnswer Front::SimulatorPage(const HttpRequest& request, Order& order) {
  if (!order.authentication.awaiting_challenge) return Leave(order);
  HttpRequest form;
  form.query = request.body;
  std::string result;
  const bool decided = request.method == "POST" && form.QueryValue("result", &result);
  if (decided && platform_.Decide3ds(order, result)) return Leave(order);
  return Html(decided ? 422 : 200, "3-D Secure simulator", ChallengePage(order), &order);
}

HttpAnswer Front::Page(const HttpRequest& request, std::string* order_id) {
  const auto segments = PathSegments(request.path);
  const bool simulator = segments[0] == "simulator" && segments.size() == 3 && segments[1] == "3ds";
  const bool connect = segments[0] == "connect" && (segments.size() == 2 || segments.size() == 3);
  if (request.method != "GET" && request.method != "POST")
    return TextAnswer(405, "method not allowed\n");
  MutexLock lock(mutex_);
  ++counts_["pages"];
  Tick();
  Order* order =
      simulator || connect ? platform_.FindSession(segments[simulator ? 2 : 1]) : nullptr;
  if (order == nullptr)
    return Html(404, "Unknown payment", "<p>There is no payment under this address.</p>", nullptr);
  *order_id = order->order_id;
  HttpAnswer answer =
      simulator ? SimulatorPage(request, *order) : ConnectPage(request, segments, *order);
  SendNotices();
  return answer;
}

}  // namespace msp::sandbox
