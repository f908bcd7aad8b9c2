// SPDX-License-Identifier: Apache-2.0

// The processing of a card: 3-D Secure, the issuer's response, the outcome.
#include <algorithm>

#include "sandbox/core/local_time.h"
#include "sandbox/core/platform.h"
#include "sandbox/core/read.h"
#include "sandbox/core/read_card.h"
#include "sandbox/core/url.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

constexpr std::int64_t kDayMs = 86'400 * kSecondMs;
constexpr std::int64_t kCardExpiryMs = 3600 * kSecondMs;
constexpr std::int64_t kTestHoldMs = 180 * kSecondMs;
constexpr std::int64_t kHoldMaxMs = 5 * kDayMs;
constexpr int kOpensMax = 20;

std::int64_t AuthorizationLifeMs(const Order& order) {
  return order.card && order.card->scheme == "VISA" ? 7 * kDayMs : 30 * kDayMs;
}

bool CanCaptureManually(const Order& order) {
  return order.card && (order.card->scheme == "VISA" || order.card->scheme == "MASTERCARD" ||
                        order.card->scheme == "MAESTRO");
}

}  // namespace

void Platform::BeginCard(Order& order, bool challenge) {
  AssignTransactionId(order);
  order.external_id = random_.Digits(16);
  SetTimer(order, TimerKind::kExpire, now_ms_ + kCardExpiryMs);
  if (order.card->magic == "TIMEOUT") {
    order.reason = "3D Secure Authorization";
    return;
  }
  if (challenge) {
    order.reason = "3D Secure Authorization";
    order.authentication.awaiting_challenge = true;
    order.authentication.pareq = random_.Letters(64);
    order.authentication.md = random_.Letters(32);
    return;
  }
  if (order.recurring.flow == "token") {
    Authorize(order);
    return;
  }
  const bool exempt = order.card->magic == "EXEMPTION";
  const bool failed = order.card->outcome == CardOutcome::kFail3ds;
  Authenticate(order, !failed, exempt ? "exemption" : "frictionless", failed ? "N" : "Y");
}

void Platform::Authenticate(Order& order, bool passed, const std::string& flow,
                            const std::string& status) {
  Authentication& authentication = order.authentication;
  authentication.flow = flow;
  authentication.awaiting_challenge = false;
  if (flow != "exemption") {
    authentication.status = status;
    authentication.acs_id = random_.Uuid();
    authentication.ds_id = random_.Uuid();
  }
  if (order.card && IsAuthenticationDecline(order.card->magic)) {
    authentication.status = "N";
    authentication.status_reason = "08";
    Decline(order, order.card->magic, std::string(DeclineReason(order.card->magic)));
    return;
  }
  if (!passed) {
    authentication.status_reason = "08";
    Decline(order, "3001", std::string(DeclineReason("3001")));
    return;
  }
  if (flow != "exemption") authentication.cavv = Base64(random_.Letters(20));
  Authorize(order);
}

void Platform::Authorize(Order& order) {
  const Card& card = *order.card;
  if (!DeclineReason(card.magic).empty()) {
    Decline(order, card.magic, std::string(DeclineReason(card.magic)));
    return;
  }
  switch (card.outcome) {
    case CardOutcome::kApprove:
      Approve(order);
      return;
    case CardOutcome::kFail3ds:
      Decline(order, "3001", std::string(DeclineReason("3001")));
      return;
    case CardOutcome::kNoFunds:
      Decline(order, "4002", std::string(DeclineReason("4002")));
      return;
    case CardOutcome::kHoldThenVoid:
    case CardOutcome::kHoldThenComplete:
      order.authentication.response_code = "00";
      order.money.authorized = order.amount;
      Change(order, "uncleared", "uncleared");
      SetTimer(order,
               card.outcome == CardOutcome::kHoldThenVoid ? TimerKind::kHoldVoid
                                                          : TimerKind::kHoldComplete,
               now_ms_ + kTestHoldMs);
      return;
  }
}

void Platform::Approve(Order& order) {
  if (!order.card) {
    EnterPaid(order);
    return;
  }
  order.reason = "Successful approval/completion";
  order.money.authorized = order.amount;
  order.authentication.response_code = "00";
  order.authentication.authorization_code = random_.Digits(6);
  StoreToken(order);
  const std::string status = order.status == "shipped" ? "shipped" : "completed";
  if (order.manual_capture && CanCaptureManually(order) && order.amount > 0) {
    order.capture_expiry_ms = now_ms_ + AuthorizationLifeMs(order);
    Change(order, status, "initialized");
    SetTimer(order, TimerKind::kAuthExpire, order.capture_expiry_ms);
    return;
  }
  order.manual_capture = false;
  order.money.captured_here = order.amount;
  Change(order, status, "completed");
}

void Platform::Decline(Order& order, const std::string& code, const std::string& reason) {
  order.reason = reason;
  order.reason_code = code;
  order.authentication.response_code = IsAuthenticationDecline(code) ? "08"
                                       : code == "4002"              ? "51"
                                                                     : "05";
  if (IsAuthenticationDecline(code)) order.external_id.clear();
  if (order.card && order.card->outcome == CardOutcome::kFail3ds) {
    order.authentication.status = "N";
    order.authentication.status_reason = "08";
    order.authentication.cavv.clear();
  }
  Change(order, "declined", "declined");
}

void Platform::StoreToken(Order& order) {
  if (order.recurring.flow == "token") return;
  const bool wanted = !order.recurring.model.empty() && !order.recurring.reference.empty();
  if (!wanted && order.amount > 0) return;
  Token token;
  do {
    token.token = random_.Letters(11);
  } while (tokens_.contains({order.account_id, token.token}));
  token.account_id = order.account_id;
  token.reference = order.recurring.reference;
  token.model = order.recurring.model.empty() ? "cardOnFile" : order.recurring.model;
  token.card = *order.card;
  order.recurring.id = token.token;
  tokens_[{token.account_id, token.token}] = token;
  Count("tokens_stored");
}

bool Platform::Decide3ds(Order& order, const std::string& result) {
  if (order.status != "initialized" || !order.authentication.awaiting_challenge || !order.card)
    return false;
  static constexpr std::string_view kResults[] = {"Y", "A", "N", "R", "U", "Cancel"};
  if (std::find(std::begin(kResults), std::end(kResults), result) == std::end(kResults))
    return false;
  if (result == "Y" || result == "A") {
    Authenticate(order, order.card->outcome != CardOutcome::kFail3ds, "challenge",
                 order.card->outcome == CardOutcome::kFail3ds ? "N" : result);
    return true;
  }
  order.authentication.flow = "challenge";
  if (result == "N" || result == "R") {
    Authenticate(order, false, "challenge", result);
  } else if (result == "U") {
    order.authentication.status = "U";
    Decline(order, "4004", std::string(DeclineReason("4004")));
  } else {
    Decline(order, "4999", "3D Secure authentication cancelled");
  }
  return true;
}

bool Platform::OpenSession(Order& order) {
  if (order.session.dead) return false;
  if (++order.session.opens > kOpensMax && order.type != "direct") {
    order.session.dead = true;
    return false;
  }
  return true;
}

bool Platform::NeedsChallenge(const Card& card) const {
  if (card.magic == "CHALLENGE") return true;
  if (card.magic == "FRICTIONLESS" || card.magic == "EXEMPTION") return false;
  return settings_.threeds != ThreeDs::kFrictionless || card.always_challenge;
}

std::string Platform::PayWithCard(Order& order, const Json& card_data, std::string* field) {
  if (order.status != "initialized" || order.session.dead || order.AtTerminal())
    return "the order is not open for payment";
  if (order.transaction_id != 0) return "a payment is already under way";
  const CardRead read = ReadCard(card_data, order.gateway, false, true);
  if (read.error != 0) {
    const bool number = read.error == 1024;
    const bool expiry = !number && ReadExpiry(card_data).empty();
    if (field != nullptr)
      *field = number ? "card_number" : expiry ? "card_expiry_date" : "card_cvc";
    if (number) return "This card is not accepted: use a public test card";
    return expiry ? "Check the expiry date (YYMM)" : "Check the security code";
  }
  order.card = read.card;
  if (order.gateway.empty()) order.gateway = read.card.scheme;
  BeginCard(order, NeedsChallenge(read.card));
  return {};
}

std::string Platform::PayScenario(Order& order, const std::string& scenario) {
  if (!IsOpenForPayment(order) || order.session.dead || order.AtTerminal())
    return "the order is not open for payment";
  if (scenario == "cancelled") {
    Change(order, "cancelled", "cancelled");
    return {};
  }
  static constexpr const char* kScenarios[] = {"completed", "declined", "uncleared", "expired"};
  if (std::find(std::begin(kScenarios), std::end(kScenarios), scenario) == std::end(kScenarios)) {
    return "unknown scenario";
  }
  AssignTransactionId(order);
  if (order.external_id.empty()) order.external_id = random_.Digits(16);
  if (order.gateway.empty()) order.gateway = "IDEAL";
  if (scenario == "completed") {
    Approve(order);
  } else if (scenario == "declined") {
    Decline(order, "", "Declined");
  } else if (scenario == "expired") {
    Change(order, "expired", "expired");
  } else {
    order.money.authorized = order.amount;
    Change(order, "uncleared", "uncleared");
    SetTimer(order, TimerKind::kHoldCancel, now_ms_ + kHoldMaxMs);
  }
  return {};
}

std::string Platform::ReturnUrl(const Order& order) const {
  const bool good =
      order.status == "completed" || order.status == "uncleared" || order.status == "shipped";
  const std::string& url = good ? order.redirect_url : order.cancel_url;
  return url.empty() ? url : WithQuery(url, "transactionid", order.order_id);
}

bool Platform::Review(Order& order, bool accepted) {
  if (order.financial_status != "uncleared") return false;
  if (accepted && order.stage > 0) return AdvanceLife(order);
  SetTimer(order, TimerKind::kNone, 0);
  if (accepted) {
    Approve(order);
  } else {
    order.money = Money();
    Change(order, "void", "void");
  }
  return true;
}

}  // namespace msp::sandbox
