// SPDX-License-Identifier: Apache-2.0

#include "sandbox/front/dashboard_elements.h"

#include <utility>

#include "sandbox/core/local_time.h"
#include "sandbox/front/html.h"
#include "service/base/hash.h"
#include "service/base/html.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

constexpr std::size_t kEtagBytes = 12;

// Sentences for what was done, by the name in the address.
constexpr std::pair<std::string_view, std::string_view> kDone[] = {
    {"pay", "The payment has its outcome."},    {"3ds", "The bank has answered."},
    {"review", "The payment was reviewed."},    {"refunds", "The refund was requested."},
    {"refund-end", "The refund has ended."},    {"capture", "The amount was captured."},
    {"void", "The authorization was voided."},  {"chargeback", "The payment was charged back."},
    {"notify", "The notification was queued."}, {"clock", "The clock was changed."},
    {"fault-on", "The fault is on."},           {"fault-off", "The fault is off."}};

std::string Body(std::string_view title, const std::string& body) {
  if (body.empty()) return {};
  return "<h4>" + std::string(title) + "</h4><pre>" + HtmlEscaped(body) + "</pre>";
}

std::string RecordedRequestHtml(const RecordedRequest& recorded) {
  const std::string status =
      recorded.status == 0 ? std::string("no answer") : std::to_string(recorded.status);
  std::string html =
      "<li><details id=\"request-" + std::to_string(recorded.number) +
      "\"><summary><span class=\"time\">" + LocalTime(recorded.time_ms) + "</span> " +
      MaskedHtml(recorded.method) + " " + HtmlEscaped(recorded.path) + " <strong" +
      (recorded.status >= 400 || recorded.status == 0 ? " class=\"bad\"" : "") + ">" + status +
      "</strong> <span class=\"time\">" + std::to_string(recorded.us / 1000) + " ms</span>";
  if (!recorded.fault.empty())
    html += " <span class=\"fault\">Fault: " + MaskedHtml(recorded.fault) + "</span>";
  html += "</summary>" + Body("Request", recorded.request) + Body("Response", recorded.response);
  if (recorded.request.empty() && recorded.response.empty()) html += "<p>Without a body.</p>";
  return html + "</details></li>";
}

std::string Banner(const DashboardFrame& frame) {
  if (!frame.problem.empty()) {
    return "<div class=\"problem\" role=\"alert\" tabindex=\"-1\" autofocus>" +
           MaskedHtml(frame.problem) + "</div>";
  }
  for (const auto& [name, text] : kDone) {
    if (name == frame.done)
      return "<p class=\"done\" role=\"status\">" + std::string(text) + "</p>";
  }
  return {};
}

}  // namespace

std::string MaskedHtml(std::string_view text) {
  std::string masked(text);
  MaskCardNumbers(&masked);
  return HtmlEscaped(masked);
}

std::string MaskedIdHtml(std::string_view id) {
  std::string masked(id);
  MaskWholeCardNumbers(&masked);
  return HtmlEscaped(masked);
}

std::string LocalTime(std::int64_t ms) {
  std::string text = LocalTimeText(ms);
  if (text.size() > 10) text[10] = ' ';
  return text;
}

std::string AmountHtml(std::int64_t amount, const std::string& currency) {
  return HtmlEscaped(AmountText(amount, currency));
}

std::string_view KindText(Kind kind) {
  switch (kind) {
    case Kind::kPayment:
      return "payment";
    case Kind::kCapture:
      return "capture";
    case Kind::kRefund:
      return "refund";
    case Kind::kChargeback:
      return "chargeback";
  }
  return "";
}

std::string StateHtml(const Order& order) {
  std::string text = MaskedHtml(order.status);
  if (order.financial_status != order.status) text += " / " + MaskedHtml(order.financial_status);
  return text;
}

std::string MethodHtml(const Order& order) {
  if (order.card)
    return MaskedHtml(order.card->scheme) + " ending in " + MaskedHtml(order.card->last4);
  return order.gateway.empty() ? "not chosen" : MaskedHtml(order.gateway);
}

std::string OrderAddress(const Order& order) {
  return "/dashboard/orders/" + std::to_string(order.seq);
}

std::string OrderLink(const Order& order) {
  return "<a href=\"" + OrderAddress(order) + "\">" + MaskedIdHtml(order.order_id) + "</a>";
}

std::string ActionForm(const DashboardFrame& frame, const std::string& address,
                       std::string_view action, const std::string& content) {
  return "<form method=\"post\" action=\"" + address +
         "\"><input type=\"hidden\" name=\"csrf\" value=\"" + frame.csrf +
         "\"><input type=\"hidden\" name=\"action\" value=\"" + std::string(action) + "\">" +
         content + "</form>";
}

std::string SubmitButton(std::string_view id, std::string_view text, std::string_view name,
                         std::string_view value) {
  std::string html = "<button type=\"submit\" id=\"" + std::string(id) + "\"";
  if (!name.empty())
    html += " name=\"" + std::string(name) + "\" value=\"" + std::string(value) + "\"";
  return html + ">" + std::string(text) + "</button>";
}

std::string RecordedRequestSection(const std::vector<const RecordedRequest*>& requests,
                                   std::string_view title) {
  std::string html =
      "<section aria-labelledby=\"requests\"><h2 id=\"requests\">" + std::string(title) + "</h2>";
  if (requests.empty()) return html + "<p>None yet.</p></section>";
  html += "<ol class=\"plain\">";
  for (const RecordedRequest* recorded : requests) html += RecordedRequestHtml(*recorded);
  return html + "</ol></section>";
}

HttpResponse DashboardPage(int status, std::string_view title, const std::string& content) {
  HttpResponse response = HtmlDocument(status, title,
                                       "<link rel=\"stylesheet\" href=\"/dashboard/dashboard.css\">"
                                       "<script src=\"/dashboard/dashboard.js\" defer></script>",
                                       "\n" + content);
  response.headers = {
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
       "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
      {"Cache-Control", "no-store"},
      {"ETag", "\"" + Hex(HmacSha256("etag", response.body).substr(0, kEtagBytes)) + "\""},
      // No-referrer would take the origin from the forms, too.
      {"Referrer-Policy", "same-origin"},
      {"X-Content-Type-Options", "nosniff"}};
  return response;
}

std::string DashboardHeader(const DashboardFrame& frame, const std::string& title) {
  // To the minute, so that pages can be compared.
  return "<header><p><a href=\"/\">Sandbox</a> <span id=\"now\" data-live>" +
         LocalTime(frame.now_ms).substr(0, 16) + " in Amsterdam" +
         (frame.frozen ? ", the clock stands still" : "") +
         "</span> <span id=\"live\" role=\"status\"></span></p></header>\n<main><h1>" + title +
         "</h1>" + Banner(frame);
}

HttpResponse DashboardMessage(int status, std::string_view title, std::string_view text) {
  return DashboardPage(status, title,
                       "<header><p><a href=\"/\">Sandbox</a></p></header><main><h1>" +
                           HtmlEscaped(title) + "</h1><p>" + HtmlEscaped(text) + "</p></main>");
}

}  // namespace msp::sandbox
