// SPDX-License-Identifier: Apache-2.0

#include "service/payments/state.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "service/base/text.h"
#include "service/payments/method_states.h"
#include "service/payments/upstream_time.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;

struct Statuses {
  std::string_view status;
  std::string_view financial;

  bool pair(std::string_view s, std::string_view f) const {
    return EqualsIgnoreCase(status, s) && EqualsIgnoreCase(financial, f);
  }
  bool either(std::string_view value) const {
    return EqualsIgnoreCase(status, value) || EqualsIgnoreCase(financial, value);
  }
};

bool AnyRelated(const v1::Order& order, std::string_view type) {
  return std::any_of(order.related_transactions().begin(), order.related_transactions().end(),
                     [&](const v1::RelatedTransaction& related) {
                       return EqualsIgnoreCase(related.type(), type);
                     });
}

bool Names(const v1::RelatedTransaction& reversal, const v1::RelatedTransaction& chargeback) {
  return !chargeback.transaction_id().empty() &&
         reversal.reference_transaction_id() == chargeback.transaction_id();
}

// True when there is a chargeback that is not reversed and whose dispute is not closed. A reversal
// counts for the chargeback that it names; without a name (old answers) for any open one.
bool OpenChargeback(const v1::Order& order) {
  std::vector<const v1::RelatedTransaction*> chargebacks;
  std::vector<const v1::RelatedTransaction*> reversals;
  for (const v1::RelatedTransaction& related : order.related_transactions()) {
    if (EqualsIgnoreCase(related.type(), "chargeback")) chargebacks.push_back(&related);
    if (EqualsIgnoreCase(related.type(), "reverse-chargeback")) reversals.push_back(&related);
  }
  const auto open = std::count_if(chargebacks.begin(), chargebacks.end(), [&](const auto* c) {
    return !EqualsIgnoreCase(c->dispute().status(), "closed") &&
           std::none_of(reversals.begin(), reversals.end(),
                        [&](const auto* r) { return Names(*r, *c); });
  });
  const auto unnamed = std::count_if(reversals.begin(), reversals.end(), [&](const auto* r) {
    return std::none_of(chargebacks.begin(), chargebacks.end(),
                        [&](const auto* c) { return Names(*r, *c); });
  });
  return open > unnamed;
}

bool ManualCapture(const v1::Order& order) {
  return EqualsIgnoreCase(order.payment_details().capture(), "manual");
}

bool PartlyCaptured(const v1::Order& order) {
  const v1::PaymentDetails& details = order.payment_details();
  return details.has_capture_remain() && details.capture_remain() < order.amount();
}

// American Express under the merchant's own number: Amex collects the money, not MultiSafepay.
bool AmexOwnNumber(const v1::Order& order) {
  return EqualsIgnoreCase(order.payment_details().type(), "AMEX") &&
         order.payment_details().capture().empty();
}

v1::PaymentState OfVoid(const v1::Order& order) {
  return AnyRelated(order, "capture") ? v1::PAYMENT_STATE_PARTIALLY_CAPTURED
                                      : v1::PAYMENT_STATE_CANCELLED;
}

// A redirect order has no status until the customer picks a method: it has only the page's address.
bool Unstarted(const v1::Order& order) {
  return order.status().empty() && order.financial_status().empty();
}

// What an order waits for the customer to do: scan a QR code, else go to a page, else submit a
// form.
v1::NextAction NextActionOf(const v1::Order& order) {
  v1::NextAction action;
  const bool waits = Unstarted(order) || EqualsIgnoreCase(order.status(), "initialized");
  const absl::string_view url =
      absl::StripAsciiWhitespace(order.payment_url());  // Old answers have spaces around it.
  if (waits && !order.qr_url().empty()) {
    action.mutable_qr()->set_url(order.qr_url());
  } else if (waits && !url.empty()) {
    action.mutable_redirect()->mutable_url()->assign(url.data(), url.size());
  } else if (waits && !order.customer_verification().html().empty()) {
    action.mutable_form()->set_html(order.customer_verification().html());
  } else {
    action.mutable_none();
  }
  return action;
}

// A state, and whether it is a guess: the pair is not documented, or not for this order's method.
struct ParsedState {
  v1::PaymentState state;
  bool guess = false;
};

// The first match wins.
ParsedState ParseStatuses(const v1::Order& order, bool next_action_known) {
  const Statuses s{order.status(), order.financial_status()};
  if (EqualsIgnoreCase(s.status, "chargeback") || EqualsIgnoreCase(s.status, "chargedback") ||
      OpenChargeback(order))
    return {v1::PAYMENT_STATE_CHARGED_BACK};
  if (s.either("refunded")) return {v1::PAYMENT_STATE_REFUNDED};
  if (s.either("partial_refunded") || s.either("partially_refunded"))
    return {v1::PAYMENT_STATE_PARTIALLY_REFUNDED};
  if (EqualsIgnoreCase(s.status, "void")) return {OfVoid(order)};
  if (EqualsIgnoreCase(s.status, "cancelled") || EqualsIgnoreCase(s.status, "canceled"))
    return {v1::PAYMENT_STATE_CANCELLED};
  if (EqualsIgnoreCase(s.status, "declined")) return {v1::PAYMENT_STATE_DECLINED};
  if (EqualsIgnoreCase(s.status, "expired")) return {v1::PAYMENT_STATE_EXPIRED};
  if (s.pair("completed", "initialized") && ManualCapture(order))
    return {PartlyCaptured(order) ? v1::PAYMENT_STATE_PARTIALLY_CAPTURED
                                  : v1::PAYMENT_STATE_AUTHORIZED};
  if (const auto state = StateByMethod(order)) return {*state};
  if (s.pair("completed", "initialized"))
    return AmexOwnNumber(order) ? ParsedState{v1::PAYMENT_STATE_PAID}
                                : ParsedState{v1::PAYMENT_STATE_PENDING, /*guess=*/true};
  if (s.pair("completed", "completed") || s.pair("shipped", "completed"))
    return {v1::PAYMENT_STATE_PAID};
  if (s.pair("shipped", "uncleared") || s.pair("shipped", "initialized"))
    return {v1::PAYMENT_STATE_PROCESSING};
  if (s.either("uncleared")) return {v1::PAYMENT_STATE_IN_REVIEW};
  // The answer for an order that waits at a terminal has only its session.
  const bool started = next_action_known || !order.session_id().empty();
  if (EqualsIgnoreCase(s.status, "initialized") || (Unstarted(order) && started))
    return {next_action_known ? v1::PAYMENT_STATE_REQUIRES_ACTION : v1::PAYMENT_STATE_PENDING};
  return {v1::PAYMENT_STATE_UNRECOGNIZED, /*guess=*/true};
}

struct DeclineRow {
  std::string_view reason_code;
  v1::DeclineCategory category;
  v1::RetryAdvice retry;
};

// MultiSafepay docs: card payment errors.
constexpr std::array kDeclines{
    DeclineRow{"3001", v1::DECLINE_CATEGORY_AUTHENTICATION, v1::RETRY_ADVICE_SAME_CARD},
    DeclineRow{"3002", v1::DECLINE_CATEGORY_AUTHENTICATION, v1::RETRY_ADVICE_OTHER_DEVICE},
    DeclineRow{"3003", v1::DECLINE_CATEGORY_AUTHENTICATION, v1::RETRY_ADVICE_OTHER_DEVICE},
    DeclineRow{"3004", v1::DECLINE_CATEGORY_AUTHENTICATION, v1::RETRY_ADVICE_LATER},
    DeclineRow{"3005", v1::DECLINE_CATEGORY_CARD_DATA, v1::RETRY_ADVICE_OTHER_CARD},
    DeclineRow{"3006", v1::DECLINE_CATEGORY_CARD_DATA, v1::RETRY_ADVICE_OTHER_CARD},
    DeclineRow{"3007", v1::DECLINE_CATEGORY_AUTHENTICATION, v1::RETRY_ADVICE_CALL_ISSUER},
    DeclineRow{"3008", v1::DECLINE_CATEGORY_AUTHENTICATION, v1::RETRY_ADVICE_CALL_ISSUER},
    DeclineRow{"3009", v1::DECLINE_CATEGORY_AUTHENTICATION, v1::RETRY_ADVICE_CALL_ISSUER},
    DeclineRow{"3010", v1::DECLINE_CATEGORY_FRAUD, v1::RETRY_ADVICE_NEVER},
    DeclineRow{"3011", v1::DECLINE_CATEGORY_FRAUD, v1::RETRY_ADVICE_NEVER},
    DeclineRow{"3012", v1::DECLINE_CATEGORY_AUTHENTICATION, v1::RETRY_ADVICE_CALL_ISSUER},
    DeclineRow{"4001", v1::DECLINE_CATEGORY_ISSUER, v1::RETRY_ADVICE_CALL_ISSUER},
    DeclineRow{"4002", v1::DECLINE_CATEGORY_FUNDS, v1::RETRY_ADVICE_LATER},
    DeclineRow{"4003", v1::DECLINE_CATEGORY_FRAUD, v1::RETRY_ADVICE_CALL_ISSUER},
    DeclineRow{"4004", v1::DECLINE_CATEGORY_NEEDS_3DS, v1::RETRY_ADVICE_WITH_3DS},
    DeclineRow{"4005", v1::DECLINE_CATEGORY_CARD_DATA, v1::RETRY_ADVICE_OTHER_CARD},
};

// "All other issuer reasons".
constexpr std::string_view kOtherIssuerReason = "4999";

struct TextRow {
  std::string_view part;  // Of the reason's text, in lower case.
  v1::DeclineCategory category;
  v1::RetryAdvice retry;
};

// Categories by text where the code has none: 4999 or no code. The first match wins.
constexpr std::array kIssuerTexts{
    TextRow{"invalid transaction", v1::DECLINE_CATEGORY_ISSUER, v1::RETRY_ADVICE_NEVER},
    TextRow{"invalid issuer", v1::DECLINE_CATEGORY_ISSUER, v1::RETRY_ADVICE_NEVER},
    TextRow{"transaction not permitted to cardholder", v1::DECLINE_CATEGORY_ISSUER,
            v1::RETRY_ADVICE_NEVER},
    TextRow{"duplicate transmission", v1::DECLINE_CATEGORY_ISSUER, v1::RETRY_ADVICE_NEVER},
    TextRow{"stop payment", v1::DECLINE_CATEGORY_ISSUER, v1::RETRY_ADVICE_NEVER},
    TextRow{"revocation of", v1::DECLINE_CATEGORY_ISSUER, v1::RETRY_ADVICE_NEVER},
    TextRow{"re-enter transaction", v1::DECLINE_CATEGORY_ISSUER, v1::RETRY_ADVICE_LATER},
    TextRow{"file temporarily unavailable", v1::DECLINE_CATEGORY_ISSUER, v1::RETRY_ADVICE_LATER},
    TextRow{"cannot verify pin", v1::DECLINE_CATEGORY_ISSUER, v1::RETRY_ADVICE_LATER},
    TextRow{"inoperative", v1::DECLINE_CATEGORY_ISSUER, v1::RETRY_ADVICE_LATER},
    TextRow{"unable to route", v1::DECLINE_CATEGORY_ISSUER, v1::RETRY_ADVICE_LATER},
    TextRow{"system error", v1::DECLINE_CATEGORY_ISSUER, v1::RETRY_ADVICE_LATER},
    TextRow{"pin tries exceeded", v1::DECLINE_CATEGORY_ISSUER, v1::RETRY_ADVICE_LATER},
    TextRow{"additional customer authentication", v1::DECLINE_CATEGORY_NEEDS_3DS,
            v1::RETRY_ADVICE_WITH_3DS},
    TextRow{"declined by multisafepay", v1::DECLINE_CATEGORY_FRAUD, v1::RETRY_ADVICE_OTHER_CARD},
    TextRow{"timed out (acs)", v1::DECLINE_CATEGORY_AUTHENTICATION, v1::RETRY_ADVICE_SAME_CARD},
    TextRow{"3d secure authentication cancelled", v1::DECLINE_CATEGORY_AUTHENTICATION,
            v1::RETRY_ADVICE_SAME_CARD},
    TextRow{"not enrolled", v1::DECLINE_CATEGORY_AUTHENTICATION, v1::RETRY_ADVICE_CALL_ISSUER},
    TextRow{"cvc", v1::DECLINE_CATEGORY_CARD_DATA, v1::RETRY_ADVICE_CHECK_DATA},
    TextRow{"cvv", v1::DECLINE_CATEGORY_CARD_DATA, v1::RETRY_ADVICE_CHECK_DATA},
    TextRow{"security code", v1::DECLINE_CATEGORY_CARD_DATA, v1::RETRY_ADVICE_CHECK_DATA},
    TextRow{"invalid data", v1::DECLINE_CATEGORY_CARD_DATA, v1::RETRY_ADVICE_CHECK_DATA},
    TextRow{"format error", v1::DECLINE_CATEGORY_CARD_DATA, v1::RETRY_ADVICE_CHECK_DATA},
};

}  // namespace

v1::PaymentState StateOf(const v1::Order& order, bool next_action_known) {
  return ParseStatuses(order, next_action_known).state;
}

bool IsUndocumentedState(const v1::Order& order) {
  return ParseStatuses(order, !order.next_action().has_none() && order.has_next_action()).guess;
}

v1::Decline DeclineOf(std::string_view reason_code, std::string_view reason) {
  v1::Decline decline;
  decline.set_reason_code(std::string(reason_code));
  decline.set_reason(std::string(reason));
  if (reason_code == kOtherIssuerReason) {  // The default where the text matches nothing.
    decline.set_category(v1::DECLINE_CATEGORY_ISSUER);
    decline.set_retry(v1::RETRY_ADVICE_CALL_ISSUER);
  }
  for (const DeclineRow& row : kDeclines) {
    if (row.reason_code != reason_code) continue;
    decline.set_category(row.category);
    decline.set_retry(row.retry);
    return decline;
  }
  const std::string text = absl::AsciiStrToLower({reason.data(), reason.size()});
  for (const TextRow& row : kIssuerTexts) {
    if (text.find(row.part) == std::string::npos) continue;
    decline.set_category(row.category);
    decline.set_retry(row.retry);
    return decline;
  }
  return decline;
}

void CompleteOrder(v1::Order& order) {
  *order.mutable_next_action() = NextActionOf(order);
  const bool next_action_known = !order.next_action().has_none();
  order.set_payment_state(StateOf(order, next_action_known));
  if (order.payment_state() == v1::PAYMENT_STATE_DECLINED) {
    *order.mutable_decline() = DeclineOf(order.reason_code(), order.reason());
  }
  if (const auto seconds = UpstreamTimeSeconds(order.created()))
    order.mutable_created_time()->set_seconds(*seconds);
  if (const auto seconds = UpstreamTimeSeconds(order.modified()))
    order.mutable_modified_time()->set_seconds(*seconds);
  const std::string& completed = order.has_completed() ? order.completed() : order.completed_date();
  if (const auto seconds = UpstreamTimeSeconds(completed))
    order.mutable_completed_time()->set_seconds(*seconds);
}

}  // namespace msp::payments
