// SPDX-License-Identifier: Apache-2.0

// The lifecycles of orders other than cards: by family, from the customer's action to the funds,
// with the additions for pay after delivery.
#include <algorithm>

#include "sandbox/core/gateways.h"
#include "sandbox/core/local_time.h"
#include "sandbox/core/platform.h"
#include "sandbox/core/read.h"

namespace msp::sandbox {
namespace {

constexpr std::int64_t kActMaxMs = 3600 * kSecondMs;
constexpr std::int64_t kTransferMaxMs = 30 * kDayS * kSecondMs;
// An authorized order of pay later that is never shipped.
constexpr std::int64_t kUnshippedDays = 28;
constexpr std::int64_t kKlarnaExtensionDays = 42;
constexpr std::int64_t kTestOutcomeMs = 60 * kSecondMs;

// The bounds of the two calls for pay after delivery.
constexpr std::int64_t kHoldDefaultS = 864'000, kHoldMinS = 60, kHoldMaxS = 7'776'000;
constexpr std::int64_t kExpireDaysMin = 1, kExpireDaysMax = 180;

bool IsPayAfterDelivery(const Order& order) {
  return order.gateway == "PAYAFTER" || order.gateway == "BNPL_MF";
}

const Stage* CurrentStage(const Order& order) {
  const Life life = LifeOf(order.gateway);
  return order.stage < 1 || order.stage > static_cast<int>(life.size())
             ? nullptr
             : &life[static_cast<std::size_t>(order.stage - 1)];
}

const Stage* StageByTime(const Order& order) {
  const Life life = LifeOf(order.gateway);
  const auto next = static_cast<std::size_t>(order.stage);
  return order.stage < 1 || next >= life.size() || life[next].trigger != Trigger::kTime
             ? nullptr
             : &life[next];
}

// The IBANs of the test environment: the last digit determines the outcome of the debit.
char TestIbanDigit(const Json& gateway_info) {
  for (const char* name : {"account_holder_iban", "account_iban", "account_id"}) {
    const auto iban = TextMember(gateway_info, name);
    if (iban && iban->rfind("NL87ABNA000000000", 0) == 0) return iban->back();
  }
  return '1';
}

}  // namespace

bool Platform::IsOpenForPayment(const Order& order) const {
  const Stage* stage = CurrentStage(order);
  if (order.status == "initialized") return true;
  return stage != nullptr && stage->trigger == Trigger::kStart && order.status == stage->status &&
         order.financial_status == stage->financial_status;
}

void Platform::StartMethod(Order& order, const Json& gateway_info) {
  AssignTransactionId(order);
  order.external_id = random_.Digits(16);
  order.reason = "";
  const Family family = FamilyOf(order.gateway);
  if (const int start = FirstStage(LifeOf(order.gateway), Trigger::kStart); start >= 0) {
    EnterStage(order, start);
  } else if (family == Family::kWallet && TextMember(gateway_info, "payment_token")) {
    EnterPaid(order);
  } else if (family == Family::kDirectDebit && (TextMember(gateway_info, "account_id") ||
                                                TextMember(gateway_info, "account_holder_iban"))) {
    if (TestIbanDigit(gateway_info) == '2') {
      Decline(order, "", "Declined");
    } else {
      order.debit_refused = TestIbanDigit(gateway_info) == '4';
      EnterPaid(order);
    }
  } else if (family == Family::kSettledLater) {
    SetTimer(order, TimerKind::kTestOutcome, now_ms_ + kTestOutcomeMs);
  } else if (family == Family::kBankTransfer) {
    // Without these the customer cannot pay.
    order.extras["gateway_info"] = {{"destination_holder_name", "MultiSafepay"},
                                    {"destination_holder_city", "Amsterdam"},
                                    {"destination_holder_country", "NL"},
                                    {"destination_holder_iban", "NL87ABNA0000000001"},
                                    {"destination_holder_swift", "ABNANL2A"},
                                    {"issuer_name", "ABN AMRO"},
                                    {"reference", random_.Digits(16)}};
    SetTimer(order, TimerKind::kExpire, now_ms_ + kTransferMaxMs);
  }
}

void Platform::EnterPaid(Order& order) {
  order.reason = "Successful approval/completion";
  order.manual_capture = false;
  order.money.authorized = order.amount;
  EnterStage(order, FirstStage(LifeOf(order.gateway), Trigger::kPaid));
}

void Platform::EnterStage(Order& order, int index) {
  const Stage& stage = LifeOf(order.gateway)[static_cast<std::size_t>(index)];
  order.stage = index + 1;
  if (stage.collected) order.money.captured_here = order.amount;
  // What has been refunded in part since keeps its status; the funds come all the same.
  const bool status_moves = MayFollow(order.status, std::string(stage.status));
  Change(order, status_moves ? std::string(stage.status) : order.status,
         std::string(stage.financial_status));
  if (const Stage* next = StageByTime(order)) {
    const std::int64_t due_ms = now_ms_ + next->after_s * kSecondMs;
    SetTimer(order, TimerKind::kNextStage, std::max(due_ms, order.on_hold_until_ms));
  } else if (stage.trigger == Trigger::kStart) {
    SetTimer(order, TimerKind::kExpire, now_ms_ + kActMaxMs);
  } else if (FamilyOf(order.gateway) == Family::kPayLater && stage.trigger == Trigger::kPaid) {
    SetTimer(order, TimerKind::kUnshipped, now_ms_ + kUnshippedDays * kDayS * kSecondMs);
  }
}

bool Platform::AdvanceLife(Order& order) {
  if (IsFinal(order.status) || StageByTime(order) == nullptr) return false;
  if (order.debit_refused && order.financial_status == "uncleared") {
    order.money = Money();
    Decline(order, "", "Declined");
    return true;
  }
  EnterStage(order, order.stage);
  return true;
}

bool Platform::ShipsByLife(Order& order) {
  const Stage* stage = CurrentStage(order);
  const int shipped = FirstStage(LifeOf(order.gateway), Trigger::kShipped);
  if (stage == nullptr || stage->trigger != Trigger::kPaid || shipped < 0) return false;
  EnterStage(order, shipped);
  return true;
}

bool Platform::CancelsByLife(Order& order) {
  const Stage* stage = CurrentStage(order);
  if (stage == nullptr || stage->trigger != Trigger::kPaid ||
      FamilyOf(order.gateway) != Family::kPayLater || order.status != "completed") {
    return false;
  }
  order.money = Money();
  Change(order, "void", "cancelled");
  return true;
}

void Platform::FireLife(Order& order, TimerKind kind) {
  if (kind == TimerKind::kNextStage) {
    // The timer has fired and was removed: enter the next stage now.
    AdvanceLife(order);
  } else if (kind == TimerKind::kUnshipped) {
    order.money = Money();
    Change(order, "expired", "expired");
  } else if (order.amount < 1000) {
    Decline(order, "", "Declined");
  } else if (order.amount > 2000) {
    Change(order, "expired", "expired");
  } else {
    EnterPaid(order);
  }
}

void Platform::ExtendKlarna(Order& order) {
  if (order.timer == TimerKind::kUnshipped)
    SetTimer(order, order.timer, order.timer_due_ms + kKlarnaExtensionDays * kDayS * kSecondMs);
}

ApiResponse Platform::PutOnHold(const Site& site, const std::string& id, const Json& body) {
  Order* order = FindOrder(site.site_id, id);
  if (order == nullptr) return ErrorResponse(1006);
  if (!IsPayAfterDelivery(*order)) return Message(403, "Forbidden");
  AmountRead seconds = AmountMember(body, "duration", settings_.strict_types);
  if (seconds.kind == AmountRead::Kind::kAbsent)
    seconds = {AmountRead::Kind::kValue, kHoldDefaultS};
  if (seconds.kind == AmountRead::Kind::kBad || seconds.value < kHoldMinS ||
      seconds.value > kHoldMaxS) {
    return ValidationError("duration", 1001);
  }
  order->on_hold_until_ms = now_ms_ + seconds.value * kSecondMs;
  if (order->timer == TimerKind::kNextStage && order->timer_due_ms < order->on_hold_until_ms)
    SetTimer(*order, order->timer, order->on_hold_until_ms);
  ApiResponse response = Success(UtcTime(order->on_hold_until_ms));
  response.order_id = order->order_id;
  return response;
}

ApiResponse Platform::ExtendAutoExpire(const Site& site, const std::string& id, const Json& body) {
  Order* order = FindOrder(site.site_id, id);
  if (order == nullptr) return ErrorResponse(1006);
  if (!IsPayAfterDelivery(*order)) return Message(403, "Forbidden");
  AmountRead days = AmountMember(body, "days", settings_.strict_types);
  if (days.kind == AmountRead::Kind::kAbsent) days = {AmountRead::Kind::kValue, kUnshippedDays};
  if (days.kind == AmountRead::Kind::kBad || days.value < kExpireDaysMin ||
      days.value > kExpireDaysMax) {
    return ValidationError("days", 1001);
  }
  // Nothing expires before the customer has agreed, or after the shipment.
  if (order->timer != TimerKind::kUnshipped) return ErrorResponse(1014);
  SetTimer(*order, order->timer, order->timer_due_ms + days.value * kDayS * kSecondMs);
  ApiResponse response = Success(UtcTime(order->timer_due_ms));
  response.order_id = order->order_id;
  return response;
}

}  // namespace msp::sandbox
