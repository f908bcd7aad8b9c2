// SPDX-License-Identifier: Apache-2.0

#include "sandbox/front/dashboard_detail.h"

#include <utility>

#include "service/base/html.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

std::string AmountField(const std::string& id, const Order& order, std::int64_t most) {
  return "<label for=\"" + id + "\">Amount in the smallest unit of " + MaskedHtml(order.currency) +
         "</label><input id=\"" + id +
         "\" name=\"amount\" inputmode=\"numeric\" pattern=\"[0-9]{1,12}\" required value=\"" +
         std::to_string(most) + "\">";
}

std::string Outcome(const Json& attempt) {
  if (attempt.value("acked", false)) return "acknowledged";
  const std::string problem = attempt.value("problem", "");
  if (problem == "dropped") return "<span class=\"fault\">lost on request</span>";
  if (!problem.empty())
    return "<span class=\"bad\">not delivered: " + MaskedHtml(problem) + "</span>";
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
        "<th scope=\"col\">Response</th><th scope=\"col\">Outcome</th></tr></thead><tbody>";
    for (auto it = detail.notifications.rbegin(); it != detail.notifications.rend(); ++it) {
      const std::int64_t attempt = it->value("attempt", std::int64_t{1});
      const int status = it->value("status", 0);
      html +=
          "<tr><td>" + LocalTime(it->value("time", std::int64_t{0}) * 1000) +
          "</td><td class=\"long\">" + MaskedHtml(it->value("method", "")) + " " +
          MaskedHtml(it->value("url", "")) + "</td><td>" +
          (attempt == 1 ? std::string("first") : "retry " + std::to_string(attempt - 1) + " of 3") +
          "</td><td>" + MaskedHtml(it->value("signature", "")) + "</td><td>" +
          (status == 0 ? std::string("none") : std::to_string(status)) + "</td><td>" +
          Outcome(*it) + "</td></tr>";
    }
    html += "</tbody></table></div>";
  } else if (!detail.order->notification_url.empty()) {
    html += "<p>None yet.</p>";
  }
  for (const std::int64_t due_ms : detail.retries_due_ms)
    html += "<p>The next attempt is due at " + LocalTime(due_ms) + ".</p>";
  return html + "</section>";
}

// The buttons for what can happen to the order now.
std::string Actions(const DashboardFrame& frame, const OrderDetail& detail) {
  const Order& order = *detail.order;
  const std::string address = OrderAddress(order);
  std::string html;
  if (order.kind == Kind::kRefund) {
    if (order.financial_status == "reserved") {
      html += ActionForm(
          frame, address, "refund-end",
          SubmitButton("settle-done", "Complete the refund", "status", "completed") +
              SubmitButton("settle-refused", "Decline the refund", "status", "declined"));
    }
  } else if (order.authentication.awaiting_challenge) {
    html +=
        ActionForm(frame, address, "3ds",
                   SubmitButton("bank-yes", "3-D Secure: authenticated", "result", "Y") +
                       SubmitButton("bank-no", "3-D Secure: not authenticated", "result", "N") +
                       SubmitButton("bank-cancel", "3-D Secure: cancelled", "result", "Cancel"));
  } else if (order.status == "initialized" && !order.session.dead) {
    html += ActionForm(frame, address, "pay",
                       SubmitButton("pay", "Pay", "scenario", "completed") +
                           SubmitButton("decline", "Decline", "scenario", "declined") +
                           SubmitButton("hold", "Hold for review", "scenario", "uncleared") +
                           SubmitButton("expire", "Expire", "scenario", "expired") +
                           SubmitButton("cancel", "Cancel", "scenario", "cancelled"));
  }
  if (order.financial_status == "uncleared") {
    html += ActionForm(frame, address, "review",
                       SubmitButton("accept", "Review: accept", "accepted", "true") +
                           SubmitButton("refuse", "Review: refuse", "accepted", "false"));
  }
  if (order.Authorized()) {
    html += ActionForm(frame, address, "capture",
                       AmountField("capture-amount", order, order.money.Remain()) +
                           SubmitButton("capture", "Capture"));
    html += ActionForm(frame, address, "void", SubmitButton("void", "Void the authorization"));
  }
  const std::int64_t refundable =
      order.money.captured_here - order.money.refunded - order.money.refund_reserved;
  if (order.Paid() && refundable > 0) {
    html += ActionForm(
        frame, address, "refunds",
        AmountField("refund-amount", order, refundable) + SubmitButton("refund", "Refund"));
    html += ActionForm(frame, address, "chargeback", SubmitButton("chargeback", "Charge back"));
  }
  if (!order.notification_url.empty() && order.kind == Kind::kPayment)
    html +=
        ActionForm(frame, address, "notify", SubmitButton("notify", "Send the notification again"));
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
  fact("Status", "<strong>" + StateHtml(order) + "</strong>");
  if (!order.reason.empty())
    fact("Reason",
         MaskedHtml(order.reason) +
             (order.reason_code.empty() ? "" : " (" + MaskedHtml(order.reason_code) + ")"));
  fact("Amount", AmountHtml(order.amount, order.currency));
  fact("Kind", std::string(KindText(order.kind)) +
                   (order.type.empty() ? "" : ", " + MaskedHtml(order.type)));
  fact("Method", MethodHtml(order));
  if (!order.authentication.flow.empty()) {
    fact("3-D Secure", MaskedHtml(order.authentication.flow) +
                           (order.authentication.status.empty()
                                ? ""
                                : ", " + MaskedHtml(order.authentication.status)));
  }
  if (!order.description.empty()) fact("Description", MaskedHtml(order.description));
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
    if (sum != 0) fact(name, AmountHtml(sum, order.currency));
  }
  fact("Created", LocalTime(order.created_ms));
  fact("Modified", LocalTime(order.modified_ms));
  if (order.timer != TimerKind::kNone)
    fact("Next automatic change", "at " + LocalTime(order.timer_due_ms));
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
    html += "<tr><td>" + MaskedHtml(related.type) + "</td><td>" +
            AmountHtml(related.amount, order.currency) + "</td><td>" + MaskedHtml(related.status) +
            "</td><td>" +
            (child == nullptr ? id : "<a href=\"" + OrderAddress(*child) + "\">" + id + "</a>") +
            "</td></tr>";
  }
  return html + "</tbody></table></div></section>";
}

}  // namespace

HttpResponse OrderDetailPage(const DashboardFrame& frame, const OrderDetail& detail) {
  const Order& order = *detail.order;
  std::string masked = order.order_id;
  MaskWholeCardNumbers(&masked);
  std::string html = DashboardHeader(frame, "Order " + HtmlEscaped(masked));
  html += "<div id=\"order\" data-live>" + Facts(detail) + Actions(frame, detail) +
          RelatedSection(detail) + NotificationSection(detail) +
          RecordedRequestSection(detail.requests, "Requests") + "</div></main>";
  return DashboardPage(frame.problem.empty() ? 200 : 409,
                       (frame.problem.empty() ? "Order " : "Problem: Order ") + masked, html);
}

}  // namespace msp::sandbox
