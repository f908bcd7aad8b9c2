// SPDX-License-Identifier: Apache-2.0

#include "sandbox/front/dashboard_list.h"

#include "service/base/html.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

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
    html += "<tr><td class=\"long\">" + OrderLink(*order) + "</td><td>" + StateHtml(*order) +
            "</td><td>" + AmountHtml(order->amount, order->currency) + "</td><td>" +
            MethodHtml(*order) + "</td><td>" + std::string(KindText(order->kind)) + "</td><td>" +
            LocalTime(order->modified_ms) + "</td></tr>";
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
            ActionForm(frame, "/dashboard/faults", "fault-off",
                       "<code>" + MaskedHtml(fault["effect"].dump()) + "</code> <span>used " +
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
         ActionForm(
             frame, "/dashboard/clock", "clock",
             "<label for=\"forward\">Move it forward by</label>"
             "<select id=\"forward\" name=\"advance_seconds\">"
             "<option value=\"180\">3 minutes</option><option value=\"900\">15 minutes</option>"
             "<option value=\"3600\">1 hour</option><option value=\"86400\">1 day</option>"
             "<option value=\"604800\">7 days</option><option value=\"2592000\">30 days</option>"
             "</select>" +
                 SubmitButton("advance", "Move the clock")) +
         ActionForm(frame, "/dashboard/clock", "clock",
                    frame.frozen ? SubmitButton("freeze", "Let the clock run", "freeze", "false")
                                 : SubmitButton("freeze", "Stop the clock", "freeze", "true")) +
         "</div></section>"
         "<section aria-labelledby=\"faults\"><h2 id=\"faults\">Faults</h2>"
         "<div id=\"faults-on\" data-live>" +
         FaultTable(frame, faults) +
         "</div>"
         "<div class=\"actions\">" +
         ActionForm(
             frame, "/dashboard/faults", "fault-on",
             "<label for=\"fault\">What goes wrong</label><select id=\"fault\" name=\"fault\">" +
                 presets +
                 "</select><label for=\"times\">How often</label>"
                 "<select id=\"times\" name=\"times\"><option value=\"1\">once</option>"
                 "<option value=\"5\">5 times</option>"
                 "<option value=\"0\">until it is turned off</option></select>" +
                 SubmitButton("fault-on", "Turn on")) +
         "</div></section>";
}

}  // namespace

HttpResponse OrderListPage(const DashboardFrame& frame, const OrderList& list) {
  std::string html = DashboardHeader(frame, "Orders of this sandbox");
  html += "<p>The API is at <code>" + HtmlEscaped(list.api_url) +
          "</code>. No money moves here.</p>"
          "<form class=\"search\" role=\"search\" method=\"get\" action=\"/\"><label for=\"q\">"
          "Find an order by its id</label><input id=\"q\" name=\"q\" maxlength=\"64\" value=\"" +
          MaskedHtml(list.wanted) + "\">" + SubmitButton("find", "Find") + "</form>" +
          "<div id=\"list\" data-live>" + OrderTable(list) + "</div>" +
          Controls(frame, list.faults) + "<div id=\"latest\" data-live>" +
          RecordedRequestSection(list.requests, "Latest requests") + "</div></main>";
  return DashboardPage(frame.problem.empty() ? 200 : 409,
                       frame.problem.empty() ? "Sandbox" : "Problem: Sandbox", html);
}

Json FaultPreset(std::string_view name) {
  for (const Preset& preset : kPresets) {
    if (preset.name == name) return Json::parse(preset.rule);
  }
  return nullptr;
}

}  // namespace msp::sandbox
