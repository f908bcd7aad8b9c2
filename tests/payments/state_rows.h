// SPDX-License-Identifier: Apache-2.0

// What an order's statuses mean, as a table that reads like the documentation: the first row that
// holds names the state. Used by state_test alone, which holds it against every combination.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "multisafepay/v1/order.pb.h"

namespace msp::payments::rows {

// What the state depends on, in words; "-" is absent. `method` is payment_details.type.
struct Facts {
  std::string_view status;
  std::string_view financial_status;
  std::string_view method = "VISA";
  std::string_view capture = "none";         // One of kCaptures.
  std::string_view related = "nothing";      // One of kRelated.
  std::string_view next_action = "unknown";  // Or "known".
};

// capture: manual or not, and capture_remain of an order of 1000.
inline constexpr auto kCaptures =
    std::to_array<std::string_view>({"none", "none_remain_400", "manual", "manual_remain_1000",
                                     "manual_remain_400", "manual_remain_0"});
inline constexpr auto kRelated =
    std::to_array<std::string_view>({"nothing", "refund", "capture", "open_chargeback",
                                     "closed_chargeback", "reversed_chargeback"});

// The columns hold values separated by spaces; "*" is any, "-" is absent. `also` holds values of
// capture, related and next_action.
struct Row {
  std::string_view name;
  std::string_view status;
  std::string_view financial_status;
  std::string_view method;
  std::string_view also;
  std::string_view state;  // Its name without the prefix.
  bool guess = false;
};

inline constexpr std::string_view kPayLater =
    "KLARNA AFTERPAY RIVERTY BILLINK IN3 IN3B2B SANTANDER BNPL_INSTM BNPL_INST BNPL_MF PAYAFTER";
inline constexpr std::string_view kCards =
    "CREDITCARD VISA MASTERCARD MAESTRO AMEX APPLEPAY GOOGLEPAY";

inline constexpr Row kRows[] = {
    // What beats everything else.
    {"charged_back", "chargeback chargedback", "*", "*", "*", "CHARGED_BACK"},
    {"chargeback_is_open", "*", "*", "*", "open_chargeback", "CHARGED_BACK"},
    {"refunded", "refunded", "*", "*", "*", "REFUNDED"},
    {"refunded_transaction", "*", "refunded", "*", "*", "REFUNDED"},
    {"refunded_in_part", "partial_refunded partially_refunded", "*", "*", "*",
     "PARTIALLY_REFUNDED"},
    {"refunded_in_part_transaction", "*", "partial_refunded partially_refunded", "*", "*",
     "PARTIALLY_REFUNDED"},
    {"void_after_a_capture", "void", "*", "*", "capture", "PARTIALLY_CAPTURED"},
    {"void_or_cancelled", "void cancelled canceled", "*", "*", "*", "CANCELLED"},
    {"declined", "declined", "*", "*", "*", "DECLINED"},
    {"expired", "expired", "*", "*", "*", "EXPIRED"},
    // Manual capture, whatever the method.
    {"authorized", "completed", "initialized", "*", "manual manual_remain_1000", "AUTHORIZED"},
    {"captured_in_part", "completed", "initialized", "*", "manual_remain_400 manual_remain_0",
     "PARTIALLY_CAPTURED"},
    // The methods.
    {"pay_later_authorized", "completed", "uncleared", kPayLater, "*", "AUTHORIZED"},
    {"pay_later_pending", "uncleared", "initialized uncleared", kPayLater, "*", "PENDING"},
    {"invoice_authorized", "completed", "initialized", "EINVOICE ZINIA ZINIA_IN3", "*",
     "AUTHORIZED"},
    {"request_to_pay_authorized", "completed", "uncleared", "DBRTP", "*", "PROCESSING"},
    {"reference_paid_not_settled", "completed", "uncleared", "MBWAY MULTIBANCO", "*", "PROCESSING"},
    {"bizum_authenticated", "completed", "initialized", "BIZUM", "*", "PROCESSING"},
    {"mandate_sent_to_the_bank", "uncleared", "initialized uncleared", "DIRDEB", "*", "PROCESSING"},
    {"transfer_authorized_by_the_bank", "uncleared", "uncleared", "DIRECTBANK SOFORT TRUSTLY", "*",
     "PROCESSING"},
    {"paypal_has_collected", "completed", "initialized", "PAYPAL", "*", "PAID"},
    {"paypal_waits_for_the_customer", "uncleared", "initialized", "PAYPAL", "*", "PENDING"},
    {"amazon_order_confirmed", "completed", "initialized", "AMAZONBTN", "*", "PROCESSING"},
    {"card_in_review", "uncleared", "uncleared", kCards, "*", "IN_REVIEW"},
    {"a_refund_itself", "initialized", "completed", "KLARNA AFTERPAY RIVERTY", "*", "UNRECOGNIZED"},
    // Every method.
    {"amex_collects", "completed", "initialized", "AMEX", "none none_remain_400", "PAID"},
    {"completed_for_a_reason_unknown", "completed", "initialized", "*", "*", "PENDING", true},
    {"paid", "completed shipped", "completed", "*", "*", "PAID"},
    {"shipped_not_settled", "shipped", "uncleared initialized", "*", "*", "PROCESSING"},
    {"in_review", "uncleared", "*", "*", "*", "IN_REVIEW"},
    {"in_review_transaction", "*", "uncleared", "*", "*", "IN_REVIEW"},
    {"the_customers_turn", "initialized", "*", "*", "known", "REQUIRES_ACTION"},
    {"begun", "initialized", "*", "*", "*", "PENDING"},
    {"page_not_opened", "-", "-", "*", "known", "REQUIRES_ACTION"},
    {"everything_else", "*", "*", "*", "*", "UNRECOGNIZED", true},
};

inline std::vector<std::string> Values(std::string_view column) {
  return absl::StrSplit(absl::string_view(column.data(), column.size()), ' ');
}

inline bool Has(std::string_view column, std::string_view value) {
  if (column == "*") return true;
  // Not Values(): the cross product asks some millions of times.
  while (!column.empty()) {
    const std::string_view each = column.substr(0, column.find(' '));
    column.remove_prefix(std::min(each.size() + 1, column.size()));
    if (absl::EqualsIgnoreCase({each.data(), each.size()}, {value.data(), value.size()}))
      return true;
  }
  return false;
}

inline const Row& RowOf(const Facts& facts) {
  return *std::find_if(std::begin(kRows), std::end(kRows), [&facts](const Row& row) {
    return Has(row.status, facts.status) && Has(row.financial_status, facts.financial_status) &&
           Has(row.method, facts.method) &&
           (Has(row.also, facts.capture) || Has(row.also, facts.related) ||
            Has(row.also, facts.next_action));
  });
}

// The order that states these facts.
inline multisafepay::v1::Order OrderOf(const Facts& facts) {
  multisafepay::v1::Order order;
  if (facts.status != "-") order.set_status(std::string(facts.status));
  if (facts.financial_status != "-")
    order.set_financial_status(std::string(facts.financial_status));
  order.set_amount(1'000);
  auto& details = *order.mutable_payment_details();
  if (facts.method != "-") details.set_type(std::string(facts.method));
  if (facts.capture.starts_with("manual")) details.set_capture("manual");
  if (const auto remain = facts.capture.find("remain_"); remain != std::string_view::npos)
    details.set_capture_remain(std::stoll(std::string(facts.capture.substr(remain + 7))));
  const auto add = [&order](const char* type) {
    auto* related = order.add_related_transactions();
    related->set_type(type);
    return related;
  };
  if (facts.related == "refund" || facts.related == "capture") add(facts.related.data());
  if (facts.related == "open_chargeback")
    add("chargeback")->mutable_dispute()->set_status("submitted");
  if (facts.related == "closed_chargeback")
    add("chargeback")->mutable_dispute()->set_status("closed");
  if (facts.related == "reversed_chargeback") {
    add("chargeback")->mutable_dispute()->set_status("open");
    add("reverse-chargeback");
  }
  if (facts.next_action == "known")
    order.mutable_next_action()->mutable_redirect()->set_url("https://p");
  return order;
}

}  // namespace msp::payments::rows
