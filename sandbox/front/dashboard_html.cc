// SPDX-License-Identifier: Apache-2.0

#include "sandbox/front/dashboard_html.h"

#include <utility>

#include "sandbox/core/local_time.h"
#include "sandbox/core/read.h"
#include "sandbox/core/render.h"
#include "sandbox/front/html.h"
#include "service/base/hash.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

constexpr std::size_t kEtagBytes = 12;

struct Preset {
  std::string_view name;
  std::string_view label;
  std::string_view rule;
};
constexpr Preset kPresets[] = {
    {"lost", "A payment is made, its answer is lost",
     R"({"match":{"method":"POST"},"effect":{"name":"commit_then_fail","then":"reset"}})"},
    {"timeout", "A payment is made, and not answered",
     R"({"match":{"method":"POST"},)"
     R"("effect":{"name":"commit_then_fail","then":"timeout","hold_ms":60000}})"},
    {"unavailable", "HTTP 503 with an HTML page",
     R"({"effect":{"name":"status","status":503,"body":"html"}})"},
    {"limited", "HTTP 429, too many requests",
     R"({"effect":{"name":"rate_limit","calls":0,"window_seconds":60,"retry_after_seconds":5}})"},
    {"slow", "Two seconds slower", R"({"effect":{"name":"latency","ms":2000}})"},
    {"reset", "The connection is reset", R"({"effect":{"name":"reset","when":"after_reading"}})"},
    {"garbage", "An answer that is not JSON",
     R"({"effect":{"name":"garbage","kind":"invalid_json"}})"}};

// Sentences for what was done, by the name in the address.
constexpr std::pair<std::string_view, std::string_view> kDone[] = {
    {"pay", "The payment has its outcome."},    {"3ds", "The bank has answered."},
    {"review", "The payment was reviewed."},    {"refunds", "The refund was requested."},
    {"refund-end", "The refund has ended."},    {"capture", "The amount was captured."},
    {"void", "The authorization was voided."},  {"chargeback", "The payment was charged back."},
    {"notify", "The notification was queued."}, {"clock", "The clock was changed."},
    {"fault-on", "The fault is on."},           {"fault-off", "The fault is off."}};

std::string Text(std::string_view text) {
  std::string masked(text);
  MaskCardNumbers(&masked);
  return HtmlEscaped(masked);
}

// An id of the shop's; ids of many digits stay readable.
std::string IdText(std::string_view id) {
  std::string masked(id);
  MaskWholeCardNumbers(&masked);
  return HtmlEscaped(masked);
}

// Amsterdam local time, as in the API.
std::string Time(std::int64_t ms) {
  std::string text = AmsterdamTime(ms);
  if (text.size() > 10) text[10] = ' ';
  return text;
}

std::string Amount(std::int64_t amount, const std::string& currency) {
  if (currency == "JPY") return HtmlEscaped(currency) + " " + std::to_string(amount);
  const std::string cents = std::to_string(amount % 100);
  return HtmlEscaped(currency) + " " + std::to_string(amount / 100) + "." +
         (cents.size() < 2 ? "0" : "") + cents;
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

std::string StateText(const Order& order) {
  std::string text = Text(order.status);
  if (order.financial_status != order.status) text += " / " + Text(order.financial_status);
  return text;
}

std::string MethodText(const Order& order) {
  if (order.card) return Text(order.card->scheme) + " ending in " + Text(order.card->last4);
  return order.gateway.empty() ? "not chosen" : Text(order.gateway);
}

std::string OrderAddress(const Order& order) {
  return "/dashboard/orders/" + std::to_string(order.seq);
}

std::string OrderLink(const Order& order) {
  return "<a href=\"" + OrderAddress(order) + "\">" + IdText(order.order_id) + "</a>";
}

// A form of one action; `content` has its fields and buttons.
std::string Form(const DashboardFrame& frame, const std::string& address, std::string_view action,
                 const std::string& content) {
  return "<form method=\"post\" action=\"" + address +
         "\"><input type=\"hidden\" name=\"csrf\" value=\"" + frame.csrf +
         "\"><input type=\"hidden\" name=\"action\" value=\"" + std::string(action) + "\">" +
         content + "</form>";
}

std::string Button(std::string_view id, std::string_view text, std::string_view name = "",
                   std::string_view value = "") {
  std::string html = "<button type=\"submit\" id=\"" + std::string(id) + "\"";
  if (!name.empty())
    html += " name=\"" + std::string(name) + "\" value=\"" + std::string(value) + "\"";
  return html + ">" + std::string(text) + "</button>";
}

std::string AmountField(const std::string& id, const Order& order, std::int64_t most) {
  return "<label for=\"" + id + "\">Amount in the smallest unit of " + Text(order.currency) +
         "</label><input id=\"" + id +
         "\" name=\"amount\" inputmode=\"numeric\" pattern=\"[0-9]{1,12}\" required value=\"" +
         std::to_string(most) + "\">";
}

std::string Body(std::string_view title, const std::string& body) {
  if (body.empty()) return {};
  return "<h4>" + std::string(title) + "</h4><pre>" + HtmlEscaped(body) + "</pre>";
}

std::string ExchangeHtml(const Exchange& exchange) {
  const std::string status =
      exchange.status == 0 ? std::string("no answer") : std::to_string(exchange.status);
  std::string html = "<li><details id=\"exchange-" + std::to_string(exchange.number) +
                     "\"><summary><span class=\"time\">" + Time(exchange.time_ms) + "</span> " +
                     Text(exchange.method) + " " + HtmlEscaped(exchange.path) + " <strong" +
                     (exchange.status >= 400 || exchange.status == 0 ? " class=\"bad\"" : "") +
                     ">" + status + "</strong> <span class=\"time\">" +
                     std::to_string(exchange.us / 1000) + " ms</span>";
  if (!exchange.fault.empty())
    html += " <span class=\"fault\">Fault: " + Text(exchange.fault) + "</span>";
  html += "</summary>" + Body("Request", exchange.request) + Body("ApiResponse", exchange.response);
  if (exchange.request.empty() && exchange.response.empty()) html += "<p>Without a body.</p>";
  return html + "</details></li>";
}

std::string ExchangeSection(const std::vector<const Exchange*>& exchanges, std::string_view title) {
  std::string html =
      "<section aria-labelledby=\"exchanges\"><h2 id=\"exchanges\">" + std::string(title) + "</h2>";
  if (exchanges.empty()) return html + "<p>None yet.</p></section>";
  html += "<ol class=\"plain\">";
  for (const Exchange* exchange : exchanges) html += ExchangeHtml(*exchange);
  return html + "</ol></section>";
}

std::string Outcome(const Json& attempt) {
  if (attempt.value("acked", false)) return "acknowledged";
  const std::string problem = attempt.value("problem", "");
  if (problem == "dropped") return "<span class=\"fault\">lost on request</span>";
  if (!problem.empty()) return "<span class=\"bad\">not delivered: " + Text(problem) + "</span>";
  return "<span class=\"bad\">refused</span>";
}

std::string NotificationSection(const OrderDetail& detail) {
  // The other targets get no notification.
  if (detail.order->kind != Kind::kPayment && detail.order->kind != Kind::kCapture) return {};
  std::string html =
      "<section aria-labelledby=\"notifications\"><h2 id=\"notifications\">Notifications</h2>";
  if (detail.order->notification_url.empty())
    html += "<p>The order has no address for notifications.</p>";
  if (!detail.notifications.empty()) {
    html +=
        "<div class=\"wide\" role=\"group\" aria-labelledby=\"notifications\" tabindex=\"0\">"
        "<table><thead><tr><th scope=\"col\">Time</th><th scope=\"col\">To</th>"
        "<th scope=\"col\">Attempt</th><th scope=\"col\">Signature</th>"
        "<th scope=\"col\">ApiResponse</th><th scope=\"col\">Outcome</th></tr></thead><tbody>";
    for (auto it = detail.notifications.rbegin(); it != detail.notifications.rend(); ++it) {
      const std::int64_t attempt = it->value("attempt", std::int64_t{1});
      const int status = it->value("status", 0);
      html +=
          "<tr><td>" + Time(it->value("time", std::int64_t{0}) * 1000) +
          "</td><td class=\"long\">" + Text(it->value("method", "")) + " " +
          Text(it->value("url", "")) + "</td><td>" +
          (attempt == 1 ? std::string("first") : "retry " + std::to_string(attempt - 1) + " of 3") +
          "</td><td>" + Text(it->value("signature", "")) + "</td><td>" +
          (status == 0 ? std::string("none") : std::to_string(status)) + "</td><td>" +
          Outcome(*it) + "</td></tr>";
    }
    html += "</tbody></table></div>";
  } else if (!detail.order->notification_url.empty()) {
    html += "<p>None yet.</p>";
  }
  for (const std::int64_t due_ms : detail.retries_due_ms)
    html += "<p>The next attempt is due at " + Time(due_ms) + ".</p>";
  return html + "</section>";
}

// The buttons for what can happen to the order now.
std::string Actions(const DashboardFrame& frame, const OrderDetail& detail) {
  const Order& order = *detail.order;
  const std::string address = OrderAddress(order);
  std::string html;
  if (order.kind == Kind::kRefund) {
    if (order.financial_status == "reserved") {
      html += Form(frame, address, "refund-end",
                   Button("settle-done", "Complete the refund", "status", "completed") +
                       Button("settle-refused", "Decline the refund", "status", "declined"));
    }
  } else if (order.authentication.awaiting_challenge) {
    html += Form(frame, address, "3ds",
                 Button("bank-yes", "3-D Secure: authenticated", "result", "Y") +
                     Button("bank-no", "3-D Secure: not authenticated", "result", "N") +
                     Button("bank-cancel", "3-D Secure: cancelled", "result", "Cancel"));
  } else if (order.status == "initialized" && !order.session.dead) {
    html += Form(frame, address, "pay",
                 Button("pay", "Pay", "scenario", "completed") +
                     Button("decline", "Decline", "scenario", "declined") +
                     Button("hold", "Hold for review", "scenario", "uncleared") +
                     Button("expire", "Expire", "scenario", "expired") +
                     Button("cancel", "Cancel", "scenario", "cancelled"));
  }
  if (order.financial_status == "uncleared") {
    html += Form(frame, address, "review",
                 Button("accept", "Review: accept", "accepted", "true") +
                     Button("refuse", "Review: refuse", "accepted", "false"));
  }
  if (order.Authorized()) {
    html += Form(
        frame, address, "capture",
        AmountField("capture-amount", order, order.money.Remain()) + Button("capture", "Capture"));
    html += Form(frame, address, "void", Button("void", "Void the authorization"));
  }
  const std::int64_t refundable =
      order.money.captured_here - order.money.refunded - order.money.refund_reserved;
  if (order.Paid() && refundable > 0) {
    html += Form(frame, address, "refunds",
                 AmountField("refund-amount", order, refundable) + Button("refund", "Refund"));
    html += Form(frame, address, "chargeback", Button("chargeback", "Charge back"));
  }
  if (!order.notification_url.empty() && order.kind == Kind::kPayment)
    html += Form(frame, address, "notify", Button("notify", "Send the notification again"));
  return "<section aria-labelledby=\"actions\"><h2 id=\"actions\">What can happen now</h2>" +
         (html.empty() ? "<p>Nothing.</p>" : "<div class=\"actions\">" + html + "</div>") +
         "</section>";
}

std::string Facts(const OrderDetail& detail) {
  const Order& order = *detail.order;
  std::string html = "<dl>";
  const auto fact = [&](std::string_view name, const std::string& value) {
    html += "<dt>" + std::string(name) + "</dt><dd>" + value + "</dd>";
  };
  fact("Status", "<strong>" + StateText(order) + "</strong>");
  if (!order.reason.empty())
    fact("Reason", Text(order.reason) +
                       (order.reason_code.empty() ? "" : " (" + Text(order.reason_code) + ")"));
  fact("Amount", Amount(order.amount, order.currency));
  fact("Kind",
       std::string(KindText(order.kind)) + (order.type.empty() ? "" : ", " + Text(order.type)));
  fact("Method", MethodText(order));
  if (!order.authentication.flow.empty()) {
    fact("3-D Secure",
         Text(order.authentication.flow) +
             (order.authentication.status.empty() ? "" : ", " + Text(order.authentication.status)));
  }
  if (!order.description.empty()) fact("Description", Text(order.description));
  if (order.transaction_id != 0) fact("Transaction", std::to_string(order.transaction_id));
  fact("Site", std::to_string(order.site_id));
  if (detail.parent != nullptr) fact("Of order", OrderLink(*detail.parent));
  const std::pair<std::string_view, std::int64_t> kSums[] = {
      {"Authorized", order.money.authorized},
      {"Captured", order.money.captured_here + order.money.captured_in_parts},
      {"Given up", order.money.voided},
      {"Refund reserved", order.money.refund_reserved},
      {"Refunded", order.money.refunded},
      {"Charged back", order.money.charged_back}};
  for (const auto& [name, sum] : kSums) {
    if (sum != 0) fact(name, Amount(sum, order.currency));
  }
  fact("Created", Time(order.created_ms));
  fact("Modified", Time(order.modified_ms));
  if (order.timer != TimerKind::kNone)
    fact("Next automatic change", "at " + Time(order.timer_due_ms));
  if (order.kind == Kind::kPayment && !order.session.dead && order.status == "initialized") {
    fact("Customer", "<a href=\"/connect/" + HtmlEscaped(PercentEncoded(order.session.id)) +
                         "/\">the customer's page</a>");
  }
  return html + "</dl>";
}

std::string RelatedSection(const OrderDetail& detail) {
  const Order& order = *detail.order;
  if (order.related.empty()) return {};
  std::string html =
      "<section aria-labelledby=\"related\"><h2 id=\"related\">Related transactions</h2>"
      "<div class=\"wide\" role=\"group\" aria-labelledby=\"related\" tabindex=\"0\"><table>"
      "<thead><tr><th scope=\"col\">Type</th><th scope=\"col\">Amount</th>"
      "<th scope=\"col\">State</th><th scope=\"col\">Transaction</th></tr></thead><tbody>";
  for (std::size_t i = 0; i < order.related.size(); ++i) {
    const Related& related = order.related[i];
    const Order* child = i < detail.related.size() ? detail.related[i] : nullptr;
    const std::string id = std::to_string(related.transaction_id);
    html += "<tr><td>" + Text(related.type) + "</td><td>" + Amount(related.amount, order.currency) +
            "</td><td>" + Text(related.status) + "</td><td>" +
            (child == nullptr ? id : "<a href=\"" + OrderAddress(*child) + "\">" + id + "</a>") +
            "</td></tr>";
  }
  return html + "</tbody></table></div></section>";
}

std::string OrderTable(const OrderList& list) {
  std::string html = "<section aria-labelledby=\"orders\"><h2 id=\"orders\">Orders</h2>";
  if (list.orders.empty()) {
    return html +
           (list.wanted.empty() ? "<p>None yet. Create one, and it shows up here.</p>"
                                : "<p>None with this id.</p>") +
           "</section>";
  }
  html +=
      "<div class=\"wide\" role=\"group\" aria-labelledby=\"orders\" tabindex=\"0\"><table>"
      "<thead><tr><th scope=\"col\">Order</th><th scope=\"col\">State</th>"
      "<th scope=\"col\">Amount</th><th scope=\"col\">Method</th><th scope=\"col\">Kind</th>"
      "<th scope=\"col\">Modified</th></tr></thead><tbody>";
  for (const Order* order : list.orders) {
    html += "<tr><td class=\"long\">" + OrderLink(*order) + "</td><td>" + StateText(*order) +
            "</td><td>" + Amount(order->amount, order->currency) + "</td><td>" +
            MethodText(*order) + "</td><td>" + std::string(KindText(order->kind)) + "</td><td>" +
            Time(order->modified_ms) + "</td></tr>";
  }
  html += "</tbody></table></div>";
  if (list.older != 0) {
    html += "<p><a href=\"/?before=" + std::to_string(list.older) +
            (list.wanted.empty() ? "" : "&amp;q=" + HtmlEscaped(PercentEncoded(list.wanted))) +
            "\">Older orders</a></p>";
  }
  return html + "</section>";
}

std::string FaultTable(const DashboardFrame& frame, const Json& faults) {
  if (faults.empty()) return "<p>No fault is on.</p>";
  std::string html = "<ul class=\"plain\">";
  for (const Json& fault : faults) {
    const std::string id = std::to_string(fault.value("id", std::uint64_t{0}));
    html += "<li>" +
            Form(frame, "/dashboard/faults", "fault-off",
                 "<code>" + Text(fault["effect"].dump()) + "</code> <span>used " +
                     std::to_string(fault.value("fired", std::int64_t{0})) +
                     " times</span><input type=\"hidden\" name=\"id\" value=\"" + id + "\">" +
                     "<button type=\"submit\" id=\"fault-off-" + id +
                     "\" aria-label=\"Turn off fault " + id + "\">Turn off</button>") +
            "</li>";
  }
  return html + "</ul>";
}

std::string Controls(const DashboardFrame& frame, const Json& faults) {
  std::string presets;
  for (const Preset& preset : kPresets) {
    presets += "<option value=\"" + std::string(preset.name) + "\">" + std::string(preset.label) +
               "</option>";
  }
  return "<section aria-labelledby=\"clock\"><h2 id=\"clock\">Clock</h2><div class=\"actions\">" +
         Form(frame, "/dashboard/clock", "clock",
              "<label for=\"forward\">Move it forward by</label>"
              "<select id=\"forward\" name=\"advance_seconds\">"
              "<option value=\"180\">3 minutes</option><option value=\"900\">15 minutes</option>"
              "<option value=\"3600\">1 hour</option><option value=\"86400\">1 day</option>"
              "<option value=\"604800\">7 days</option><option value=\"2592000\">30 days</option>"
              "</select>" +
                  Button("advance", "Move the clock")) +
         Form(frame, "/dashboard/clock", "clock",
              frame.frozen ? Button("freeze", "Let the clock run", "freeze", "false")
                           : Button("freeze", "Stop the clock", "freeze", "true")) +
         "</div></section>"
         "<section aria-labelledby=\"faults\"><h2 id=\"faults\">Faults</h2>"
         "<div id=\"faults-on\" data-live>" +
         FaultTable(frame, faults) +
         "</div>"
         "<div class=\"actions\">" +
         Form(frame, "/dashboard/faults", "fault-on",
              "<label for=\"fault\">What goes wrong</label><select id=\"fault\" name=\"fault\">" +
                  presets +
                  "</select><label for=\"times\">How often</label>"
                  "<select id=\"times\" name=\"times\"><option value=\"1\">once</option>"
                  "<option value=\"5\">5 times</option>"
                  "<option value=\"0\">until it is turned off</option></select>" +
                  Button("fault-on", "Turn on")) +
         "</div></section>";
}

std::string Banner(const DashboardFrame& frame) {
  if (!frame.problem.empty()) {
    return "<div class=\"problem\" role=\"alert\" tabindex=\"-1\" autofocus>" +
           Text(frame.problem) + "</div>";
  }
  for (const auto& [name, text] : kDone) {
    if (name == frame.done)
      return "<p class=\"done\" role=\"status\">" + std::string(text) + "</p>";
  }
  return {};
}

HttpResponse Page(int status, std::string_view title, const std::string& content) {
  HttpResponse response;
  response.status = status;
  response.content_type = "text/html; charset=utf-8";
  response.body =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>" +
      HtmlEscaped(title) +
      "</title><link rel=\"stylesheet\" href=\"/dashboard/dashboard.css\">"
      "<script src=\"/dashboard/dashboard.js\" defer></script></head><body>\n" +
      content + "</body></html>\n";
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

std::string Header(const DashboardFrame& frame, const std::string& title) {
  // To the minute, so that pages can be compared.
  return "<header><p><a href=\"/\">Sandbox</a> <span id=\"now\" data-live>" +
         Time(frame.now_ms).substr(0, 16) + " in Amsterdam" +
         (frame.frozen ? ", the clock stands still" : "") +
         "</span> <span id=\"live\" role=\"status\"></span></p></header>\n<main><h1>" + title +
         "</h1>" + Banner(frame);
}

}  // namespace

HttpResponse OrderListPage(const DashboardFrame& frame, const OrderList& list) {
  std::string html = Header(frame, "Orders of this sandbox");
  html += "<p>The API is at <code>" + HtmlEscaped(list.api_url) +
          "</code>. No money moves here.</p>"
          "<form class=\"search\" role=\"search\" method=\"get\" action=\"/\"><label for=\"q\">"
          "Find an order by its id</label><input id=\"q\" name=\"q\" maxlength=\"64\" value=\"" +
          Text(list.wanted) + "\">" + Button("find", "Find") + "</form>" +
          "<div id=\"list\" data-live>" + OrderTable(list) + "</div>" +
          Controls(frame, list.faults) + "<div id=\"latest\" data-live>" +
          ExchangeSection(list.exchanges, "Latest requests") + "</div></main>";
  return Page(frame.problem.empty() ? 200 : 409,
              frame.problem.empty() ? "Sandbox" : "Problem: Sandbox", html);
}

HttpResponse OrderDetailPage(const DashboardFrame& frame, const OrderDetail& detail) {
  const Order& order = *detail.order;
  std::string masked = order.order_id;
  MaskWholeCardNumbers(&masked);
  std::string html = Header(frame, "Order " + HtmlEscaped(masked));
  html += "<div id=\"order\" data-live>" + Facts(detail) + Actions(frame, detail) +
          RelatedSection(detail) + NotificationSection(detail) +
          ExchangeSection(detail.exchanges, "Requests") + "</div></main>";
  return Page(frame.problem.empty() ? 200 : 409,
              (frame.problem.empty() ? "Order " : "Problem: Order ") + masked, html);
}

HttpResponse DashboardMessage(int status, std::string_view title, std::string_view text) {
  return Page(status, title,
              "<header><p><a href=\"/\">Sandbox</a></p></header><main><h1>" + HtmlEscaped(title) +
                  "</h1><p>" + HtmlEscaped(text) + "</p></main>");
}

Json FaultPreset(std::string_view name) {
  for (const Preset& preset : kPresets) {
    if (preset.name == name) return Json::parse(preset.rule);
  }
  return nullptr;
}

}  // namespace msp::sandbox
