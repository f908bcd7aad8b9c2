// SPDX-License-Identifier: Apache-2.0

#include "sandbox/front/html.h"

#include <cstdio>

#include "sandbox/core/cards.h"
#include "sandbox/core/catalogue.h"
#include "service/base/html.h"

namespace msp::sandbox {
namespace {

// Colours by their contrast: text 12:1 and more, the edges of fields and the focus 4.5:1 and more.
constexpr std::string_view kStyle =
    "*{box-sizing:border-box}"
    "body{font:1rem/1.5 system-ui,sans-serif;margin:0;color:#1a1a1a;background:#f2f4f7}"
    "main{max-width:30rem;margin:2rem auto;padding:1.5rem;background:#fff;border:1px solid #c9ced6;"
    "border-radius:8px;overflow-wrap:anywhere}"
    "h1{font-size:1.5rem;line-height:1.25;margin:0 0 1rem}h2{font-size:1.125rem;margin:0 0 .5rem}"
    "section{border-top:1px solid #c9ced6;margin-top:1.5rem;padding-top:1.5rem}"
    "label{display:block;margin-top:1rem;font-weight:600}"
    "input,select,button{font:inherit;min-height:2.75rem;padding:.5rem .75rem;width:100%;"
    "border:1px solid #595959;border-radius:4px;background:#fff;color:inherit}"
    "input,select{margin-top:.375rem}"
    "button{margin-top:1.5rem;background:#004a99;color:#fff;border-color:#004a99;font-weight:600;"
    "cursor:pointer}button:hover{background:#00356e}"
    "button.plain{background:#fff;color:#004a99}button.plain:hover{background:#e8f0fa}"
    ":focus-visible{outline:3px solid #b34700;outline-offset:2px}"
    "form>button:first-child{margin-top:.5rem}"
    ".pair{display:flex;flex-wrap:wrap;align-items:flex-end;gap:0 1rem}.pair>div{flex:1 1 11rem}"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:0}"
    "dt{font-weight:600}dd{margin:0}"
    ".hint{display:block;font-size:.875rem;color:#404040}"
    ".wrong{display:block;font-weight:600;color:#b00020}[aria-invalid]{border:2px solid #b00020}"
    ".problems{border:2px solid #b00020;border-radius:4px;padding:1rem;margin-bottom:1rem}"
    ".problems ul{margin:0;padding-left:1.25rem}.problems a{color:#b00020}"
    ".note{margin:1.5rem 0 0;font-size:.875rem;color:#404040}"
    "@media(max-width:32rem){main{margin:0;border:0;border-radius:0;min-height:100vh}}";

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

// The order's own text may hold anything, a card number too: a run of digits, spaced or not, that
// could be one is masked but for its last four.
std::string WithMaskedNumbers(std::string_view text) {
  std::string out(text);
  std::vector<std::size_t> run;
  std::string digits;
  for (std::size_t i = 0; i <= out.size(); ++i) {
    const char c = i < out.size() ? out[i] : 'x';
    if (c >= '0' && c <= '9') {
      digits += c;
      run.push_back(i);
    } else if (c != ' ' && c != '-') {
      const bool card = digits.size() >= 12 && digits.size() <= 19 && PassesLuhn(digits);
      for (std::size_t k = 0; card && k + 4 < run.size(); ++k) out[run[k]] = '*';
      digits.clear();
      run.clear();
    }
  }
  return HtmlEscaped(out);
}

struct Field {
  std::string_view id;
  std::string_view name;
  std::string_view label;
  std::string_view hint;
  std::string_view attributes;
};
constexpr Field kNumber{"number", "card_number", "Card number",
                        "Public test cards only, such as 4111 1111 1111 1111.",
                        "inputmode=\"numeric\" autocomplete=\"cc-number\" maxlength=\"23\" "
                        "required"};
constexpr Field kHolder{"holder", "card_holder_name", "Name on the card", "",
                        "autocomplete=\"cc-name\" maxlength=\"64\" required"};
constexpr Field kExpiry{"expiry", "card_expiry_date", "Expiry date", "Month and year: MM/YY.",
                        "inputmode=\"numeric\" autocomplete=\"cc-exp\" maxlength=\"7\" required"};
constexpr Field kCvc{"cvc", "card_cvc", "Security code", "3 digits (Amex: 4).",
                     "inputmode=\"numeric\" autocomplete=\"cc-csc\" maxlength=\"4\""};

const FormProblem* ProblemOf(const std::vector<FormProblem>& problems, std::string_view name) {
  for (const FormProblem& problem : problems) {
    if (problem.field == name) return &problem;
  }
  return nullptr;
}

std::string FieldHtml(const Field& field, const std::vector<FormProblem>& problems,
                      const std::string& value = "") {
  const std::string id(field.id);
  const FormProblem* problem = ProblemOf(problems, field.name);
  std::string html = "<label for=\"" + id + "\">" + std::string(field.label) + "</label>";
  std::string described;
  if (!field.hint.empty()) {
    html += "<span class=\"hint\" id=\"" + id + "-hint\">" + std::string(field.hint) + "</span>";
    described = id + "-hint";
  }
  if (problem != nullptr) {
    html +=
        "<span class=\"wrong\" id=\"" + id + "-wrong\">" + HtmlEscaped(problem->text) + "</span>";
    described += (described.empty() ? "" : " ") + id + "-wrong";
  }
  html += "<input id=\"" + id + "\" name=\"" + std::string(field.name) + "\" " +
          std::string(field.attributes);
  if (!described.empty()) html += " aria-describedby=\"" + described + "\"";
  if (problem != nullptr) html += " aria-invalid=\"true\"";
  if (!value.empty()) html += " value=\"" + WithMaskedNumbers(value) + "\"";
  return html + ">";
}

// Takes the focus, so that a screen reader announces it first and keyboard navigation starts there.
std::string ProblemSummary(const std::vector<FormProblem>& problems) {
  if (problems.empty()) return {};
  std::string html =
      "<div class=\"problems\" role=\"alert\" tabindex=\"-1\" autofocus>"
      "<h2>There is a problem</h2><ul>";
  for (const FormProblem& problem : problems) {
    std::string target;
    for (const Field* field : {&kNumber, &kHolder, &kExpiry, &kCvc}) {
      if (problem.field == field->name) target = field->id;
    }
    if (problem.field == "result") target = "result";
    html += "<li>";
    if (!target.empty()) html += "<a href=\"#" + target + "\">";
    html += HtmlEscaped(problem.text);
    if (!target.empty()) html += "</a>";
    html += "</li>";
  }
  return html + "</ul></div>";
}

// The browser's own validation is off: the page lists every problem at once, in one place.
std::string FormStart(const std::string& action) {
  return "<form method=\"post\" action=\"" + HtmlEscaped(action) + "\" novalidate>";
}

}  // namespace

std::string AmountText(std::int64_t amount, const std::string& currency) {
  if (currency == "JPY") return "JPY " + std::to_string(amount);
  char text[64];
  std::snprintf(text, sizeof text, "%s %lld.%02lld", currency.c_str(),
                static_cast<long long>(amount / 100), static_cast<long long>(amount % 100));
  return text;
}

HttpResponse HtmlDocument(int status, std::string_view title, const std::string& head,
                          const std::string& body) {
  HttpResponse response;
  response.status = status;
  response.content_type = "text/html; charset=utf-8";
  response.body =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>" +
      HtmlEscaped(title) + "</title>" + head + "</head><body>" + body + "</body></html>\n";
  return response;
}

HttpResponse HtmlPage(int status, std::string_view title, std::string_view content,
                      const Order* order) {
  HttpResponse response =
      HtmlDocument(status, std::string(status == 422 ? "Problem: " : "") + std::string(title),
                   "<style>" + std::string(kStyle) + "</style>",
                   "<main><h1>" + HtmlEscaped(title) + "</h1>\n" + std::string(content) +
                       "\n<p class=\"note\">Sandbox: no money moves here.</p></main>");
  // Browsers hold a form's redirects against form-action as well: the shop's own addresses must be
  // in it.
  std::string targets = "'self'";
  if (order != nullptr) {
    for (const std::string& url : {order->redirect_url, order->cancel_url}) {
      const std::string origin = OriginOf(url);
      if (!origin.empty() && targets.find(' ' + origin) == std::string::npos)
        targets += " " + origin;
    }
  }
  response.headers = {
      {"Content-Security-Policy", "default-src 'none'; form-action " + targets +
                                      "; style-src 'unsafe-inline'; base-uri 'none'; "
                                      "frame-ancestors 'none'"},
      {"Cache-Control", "no-store"},
      {"Referrer-Policy", "no-referrer"},
      {"X-Content-Type-Options", "nosniff"}};
  return response;
}

std::string OrderFacts(const Order& order) {
  std::string facts = "<dl><dt>Order</dt><dd>" + WithMaskedNumbers(order.order_id) +
                      "</dd><dt>Amount</dt><dd>" +
                      HtmlEscaped(AmountText(order.amount, order.currency)) +
                      "</dd><dt>For</dt><dd>" + WithMaskedNumbers(order.description) + "</dd>";
  if (order.card) {
    facts += "<dt>Card</dt><dd>" + HtmlEscaped(order.card->scheme) + " ending in " +
             HtmlEscaped(order.card->last4) + "</dd>";
  }
  return facts + "</dl>";
}

std::string PaymentContent(const Order& order, const std::vector<FormProblem>& problems,
                           const TypedCard& typed) {
  const std::string base = "/connect/" + order.session.id;
  std::string html = ProblemSummary(problems) + OrderFacts(order);
  if (order.gateway.empty() || IsCardGateway(order.gateway)) {
    html += "<section aria-labelledby=\"card\"><h2 id=\"card\">Pay by card</h2>" +
            FormStart(base + "/pay") + FieldHtml(kNumber, problems) +
            FieldHtml(kHolder, problems, typed.holder) + "<div class=\"pair\"><div>" +
            FieldHtml(kExpiry, problems, typed.expiry) + "</div><div>" + FieldHtml(kCvc, problems) +
            "</div></div><button type=\"submit\">Pay " +
            HtmlEscaped(AmountText(order.amount, order.currency)) + "</button></form></section>";
  }
  html += "<section aria-labelledby=\"other\"><h2 id=\"other\">Another method</h2>" +
          FormStart(base + "/scenario") +
          "<label for=\"scenario\">How the payment ends</label>"
          "<select id=\"scenario\" name=\"scenario\">"
          "<option value=\"completed\">Completed</option>"
          "<option value=\"declined\">Declined</option>"
          "<option value=\"uncleared\">Uncleared</option>"
          "<option value=\"expired\">Expired</option></select>"
          "<button type=\"submit\" class=\"plain\">Use this outcome</button></form></section>";
  return html + "<section aria-labelledby=\"leave\"><h2 id=\"leave\">Not now</h2>" +
         FormStart(base + "/cancel") +
         "<button type=\"submit\" class=\"plain\">Cancel the payment</button></form></section>";
}

std::string ChallengeContent(const Order& order, const std::vector<FormProblem>& problems) {
  return ProblemSummary(problems) + OrderFacts(order) +
         "<section aria-labelledby=\"bank\"><h2 id=\"bank\">Confirm at your bank</h2>" +
         FormStart("/simulator/3ds/" + order.session.id) +
         "<label for=\"result\">What does the bank say?</label>"
         "<select id=\"result\" name=\"result\"" +
         (problems.empty() ? " autofocus" : " aria-invalid=\"true\"") +
         "><option value=\"Y\">Authenticated (Y)</option>"
         "<option value=\"A\">Attempted (A)</option>"
         "<option value=\"N\">Not authenticated (N)</option>"
         "<option value=\"U\">Unavailable (U)</option>"
         "<option value=\"R\">Rejected (R)</option>"
         "<option value=\"Cancel\">Cancel</option></select>"
         "<button type=\"submit\">Continue</button></form></section>";
}

}  // namespace msp::sandbox
