// A second reading of MultiSafepay's documentation of statuses, written apart from service/psp: the
// rows are those of the documentation, top down, and the first one that holds is the state. Used by
// state_test alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "multisafepay/v1/order.pb.h"

namespace msp::psp::oracle {

using multisafepay::v1::PaymentState;

// What is filed under the order besides the payment.
enum class Related : std::uint8_t {
  kNone,
  kRefund,
  kCapture,
  kOpenChargeback,
  kClosedChargeback,
  kReversedChargeback,
};

// What the state depends on, in the words of the documentation.
struct Facts {
  std::string status;
  std::string financial_status;
  bool manual_capture = false;
  std::optional<std::int64_t> capture_remain;
  std::int64_t amount = 1000;
  bool amex = false;
  Related related = Related::kNone;
  bool next_action_known = false;
};

inline bool Same(std::string_view a, std::string_view b) {
  return absl::EqualsIgnoreCase({a.data(), a.size()}, {b.data(), b.size()});
}

struct Row {
  std::string_view name;
  bool (*holds)(const Facts&);
  PaymentState state;
};

inline bool Status(const Facts& f, std::string_view value) { return Same(f.status, value); }
inline bool Either(const Facts& f, std::string_view value) {
  return Same(f.status, value) || Same(f.financial_status, value);
}
inline bool Pair(const Facts& f, std::string_view status, std::string_view financial) {
  return Same(f.status, status) && Same(f.financial_status, financial);
}

inline constexpr Row kRows[] = {
    {"chargeback, in both spellings",
     [](const Facts& f) { return Status(f, "chargeback") || Status(f, "chargedback"); },
     multisafepay::v1::PAYMENT_STATE_CHARGED_BACK},
    {"an open chargeback among the related transactions",
     [](const Facts& f) { return f.related == Related::kOpenChargeback; },
     multisafepay::v1::PAYMENT_STATE_CHARGED_BACK},
    {"refunded in either field", [](const Facts& f) { return Either(f, "refunded"); },
     multisafepay::v1::PAYMENT_STATE_REFUNDED},
    {"partial_refunded in either field",
     [](const Facts& f) {
       return Either(f, "partial_refunded") || Either(f, "partially_refunded");
     },
     multisafepay::v1::PAYMENT_STATE_PARTIALLY_REFUNDED},
    {"void, with captures",
     [](const Facts& f) { return Status(f, "void") && f.related == Related::kCapture; },
     multisafepay::v1::PAYMENT_STATE_PARTIALLY_CAPTURED},
    {"other void, cancelled, canceled",
     [](const Facts& f) {
       return Status(f, "void") || Status(f, "cancelled") || Status(f, "canceled");
     },
     multisafepay::v1::PAYMENT_STATE_CANCELLED},
    {"declined", [](const Facts& f) { return Status(f, "declined"); },
     multisafepay::v1::PAYMENT_STATE_DECLINED},
    {"expired", [](const Facts& f) { return Status(f, "expired"); },
     multisafepay::v1::PAYMENT_STATE_EXPIRED},
    {"authorized, nothing captured",
     [](const Facts& f) {
       return Pair(f, "completed", "initialized") && f.manual_capture &&
              f.capture_remain.value_or(f.amount) == f.amount;
     },
     multisafepay::v1::PAYMENT_STATE_AUTHORIZED},
    {"authorized, a part captured",
     [](const Facts& f) {
       return Pair(f, "completed", "initialized") && f.manual_capture &&
              f.capture_remain.value_or(f.amount) < f.amount;
     },
     multisafepay::v1::PAYMENT_STATE_PARTIALLY_CAPTURED},
    {"American Express under the merchant's own number",
     [](const Facts& f) {
       return Pair(f, "completed", "initialized") && f.amex && !f.manual_capture;
     },
     multisafepay::v1::PAYMENT_STATE_PAID},
    {"other completed/initialized",
     [](const Facts& f) { return Pair(f, "completed", "initialized"); },
     multisafepay::v1::PAYMENT_STATE_PENDING},
    {"completed/completed", [](const Facts& f) { return Pair(f, "completed", "completed"); },
     multisafepay::v1::PAYMENT_STATE_PAID},
    {"shipped/uncleared", [](const Facts& f) { return Pair(f, "shipped", "uncleared"); },
     multisafepay::v1::PAYMENT_STATE_AUTHORIZED},
    {"shipped/completed", [](const Facts& f) { return Pair(f, "shipped", "completed"); },
     multisafepay::v1::PAYMENT_STATE_PAID},
    {"uncleared in either field", [](const Facts& f) { return Either(f, "uncleared"); },
     multisafepay::v1::PAYMENT_STATE_IN_REVIEW},
    {"initialized, the customer's turn",
     [](const Facts& f) { return Status(f, "initialized") && f.next_action_known; },
     multisafepay::v1::PAYMENT_STATE_REQUIRES_ACTION},
    {"initialized", [](const Facts& f) { return Status(f, "initialized"); },
     multisafepay::v1::PAYMENT_STATE_PENDING},
    {"the short answer of a redirect order: no status, only a page",
     [](const Facts& f) {
       return f.status.empty() && f.financial_status.empty() && f.next_action_known;
     },
     multisafepay::v1::PAYMENT_STATE_REQUIRES_ACTION},
    {"everything else", [](const Facts&) { return true; },
     multisafepay::v1::PAYMENT_STATE_UNRECOGNIZED},
};

inline const Row& RowOf(const Facts& facts) {
  const Row* row = kRows;
  while (!row->holds(facts)) ++row;
  return *row;
}

// The order that states these facts.
inline multisafepay::v1::Order OrderOf(const Facts& f) {
  multisafepay::v1::Order order;
  if (!f.status.empty()) order.set_status(f.status);
  if (!f.financial_status.empty()) order.set_financial_status(f.financial_status);
  order.set_amount(f.amount);
  auto& details = *order.mutable_payment_details();
  details.set_type(f.amex ? "AMEX" : "VISA");
  if (f.manual_capture) details.set_capture("manual");
  if (f.capture_remain) details.set_capture_remain(*f.capture_remain);
  const auto add = [&order](const char* type) {
    auto* related = order.add_related_transactions();
    related->set_type(type);
    return related;
  };
  switch (f.related) {
    case Related::kNone:
      break;
    case Related::kRefund:
      add("refund");
      break;
    case Related::kCapture:
      add("capture");
      break;
    case Related::kOpenChargeback:
      add("chargeback")->mutable_dispute()->set_status("submitted");
      break;
    case Related::kClosedChargeback:
      add("chargeback")->mutable_dispute()->set_status("closed");
      break;
    case Related::kReversedChargeback:
      add("chargeback")->mutable_dispute()->set_status("open");
      add("reverse-chargeback");
      break;
  }
  return order;
}

}  // namespace msp::psp::oracle
