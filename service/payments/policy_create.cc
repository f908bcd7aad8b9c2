// SPDX-License-Identifier: Apache-2.0

// CreateOrder: the marker in an order shows which attempt made it.
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "service/base/text.h"
#include "service/payments/mismatch.h"
#include "service/payments/policy.h"
#include "service/payments/state.h"
#include "service/payments/upstream_time.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;

// An order counts as older than an attempt only by more than this margin: MultiSafepay's times have
// no zone (at most 2 h), and one hour in autumn occurs twice.
constexpr std::int64_t kCreatedMarginS = std::int64_t{4} * 3'600;

const v1::CreateOrderRequest& RequestOf(const PaymentFacts& facts) {
  return static_cast<const v1::CreateOrderRequest&>(*facts.request);
}

// An order that is paid in this time was paid without the customer's doing.
constexpr std::int64_t kAtOnceS = 3;

bool IsRefused(Phase phase) { return phase == Phase::kRefused || phase == Phase::kRefusedRepeat; }

// An absent amount differs from no amount.
bool SameMoney(const v1::CreateOrderRequest& request, const v1::Order& order) {
  if (request.has_amount() && order.has_amount() && request.amount() != order.amount())
    return false;
  return !request.has_currency() || !order.has_currency() ||
         EqualsIgnoreCase(request.currency(), order.currency());
}

// True when a time of a record lies before the earliest possible attempt of this call, by
// MultiSafepay's clock. False where its clock is unknown.
bool IsBeforeFirstAttempt(const PaymentFacts& facts, std::string_view time) {
  const auto seconds = UpstreamTimeSeconds(time);
  return facts.first_attempt_s && seconds && *seconds + kCreatedMarginS < *facts.first_attempt_s;
}

// True when by its own times another order, which is paid, was not open at any attempt of this
// call: it was paid by the request that made it, or before.
bool WasPaidBefore(const PaymentFacts& facts, const v1::Order& order) {
  const std::string& paid = order.has_completed() ? order.completed() : order.completed_date();
  const auto created_s = UpstreamTimeSeconds(order.created());
  const auto paid_s = UpstreamTimeSeconds(paid);
  const bool at_once =
      created_s && paid_s && *paid_s >= *created_s && *paid_s - *created_s <= kAtOnceS;
  return at_once || IsBeforeFirstAttempt(facts, paid);
}

// The order is this attempt's, or an earlier one's with the same key.
Found Ours(PaymentFacts& facts, const v1::Order& order, Phase phase) {
  if (!SameMoney(RequestOf(facts), order)) {
    // Right after a send this is a wrong answer rather than an older order.
    if (phase == Phase::kIndeterminate)
      return {Finding::kOursOtherMoney,
              {.message = "the order that was found differs in amount or currency",
               .reason = std::string(reason::kUpstreamMismatch)}};
    return {Finding::kOursOtherMoney,
            AlreadyExists("IDEMPOTENCY_KEY_REUSED",
                          "the idempotency key was used on this order_id with another amount or "
                          "currency")};
  }
  v1::Order& answer = *static_cast<v1::CreateOrderResponse&>(*facts.response).mutable_order();
  answer = order;
  CompleteOrder(answer);
  if (EqualsIgnoreCase(order.status(), "initialized") && answer.next_action().has_none()) {
    // The lost answer held the page or form for the customer; a lookup cannot recover it.
    answer.set_payment_state(v1::PAYMENT_STATE_REQUIRES_ACTION);
    facts.reason = "NEXT_ACTION_LOST";
  }
  return {Finding::kOurs, {}};
}

// Another payment under the same id.
Found Taken(const PaymentFacts& facts, const v1::Order& order, Phase phase) {
  Failure taken =
      AlreadyExists("ORDER_ID_TAKEN", "the order_id is in use by another payment; use a new one");
  // The id of a failed order may be used again, that of a paid order never. While another order is
  // open, or was when an attempt of this call came, MultiSafepay may have started ours beside it.
  // Without an earlier attempt a refusal says that it has not.
  if (IsDead(order)) return {Finding::kTakenFailed, {}};
  if (IsPaidForGood(order) && (phase == Phase::kRefused || WasPaidBefore(facts, order)))
    return {Finding::kTakenFinal, std::move(taken)};
  taken.message =
      "another payment with this order_id is open, or was until recently, and this one may exist "
      "in "
      "addition to it";
  return {Finding::kTakenOpen, std::move(taken)};
}

Found Read(PaymentFacts& facts, const v1::Order* order, Phase phase) {
  const bool exists = IsRefused(phase) && facts.refusal.error_code == kInvalidId;
  if (order == nullptr) {
    if (exists)
      return OwnerIndeterminate(
          "MultiSafepay says that the order_id is in use and does not show "
          "the order");
    return {Finding::kAbsent, {}};
  }
  const v1::CreateOrderRequest& request = RequestOf(facts);
  const Ownership ownership = OwnershipOf(*order, facts.marker, facts.keys);
  if (ownership == Ownership::kOurs) return Ours(facts, *order, phase);
  if (IsBeforeFirstAttempt(facts, order->created())) return Taken(facts, *order, phase);
  const bool same_money = SameMoney(request, *order);
  // The key of an earlier attempt may have been derived differently: by another release or API key.
  const bool derived_otherwise = facts.claims_repeat && !facts.keyed && same_money;
  if (!derived_otherwise) {
    if (ownership == Ownership::kOther || !same_money) return Taken(facts, *order, phase);
    // MultiSafepay matched the id with an id that differs in case.
    if (!SameOrderId(request.order_id(), order->order_id()) &&
        request.order_id() != order->transaction_id())
      return exists ? Found{Finding::kTakenFinal, facts.refusal} : Taken(facts, *order, phase);
  }
  // A decline without an order of its own.
  if (phase == Phase::kRefused && facts.refusal.error_code == kDeclined)
    return {Finding::kAbsent, {}};
  return OwnerIndeterminate(
      "an order with this id exists, and nothing in it shows which attempt created it");
}

void Identify(PaymentFacts& facts) {
  auto& request = static_cast<v1::CreateOrderRequest&>(*facts.request);
  facts.names_token = !request.recurring_id().empty();
  if (facts.markers) facts.marker = PlaceMarker(request, facts.keys.key);
}

// 1006: the id is in use, perhaps by an earlier attempt with this key. 1024: declined, perhaps with
// an order that says why. Of a repeat, every refusal for a state that may have been another when
// the earlier attempt came: a blocked site, a method that is not available. A request that is
// invalid was invalid then.
bool ExplainsRefusal(const PaymentFacts& facts, int error_code) {
  return error_code == kInvalidId || error_code == kDeclined ||
         (facts.repeats() && facts.refusal.code != absl::StatusCode::kInvalidArgument);
}

// "Not found: token" comes with code 1000, which alone means nothing. Together with an absent order
// it is conclusive.
bool StandsWhenSettled(const PaymentFacts& facts, bool absent, Failure& failure) {
  const std::string text = absl::AsciiStrToLower(failure.message);
  if (!absent || !facts.names_token || failure.error_code != 1000 ||
      !absl::StrContains(text, "not found") || !absl::StrContains(text, "token"))
    return false;
  failure.code = absl::StatusCode::kNotFound;
  failure.reason = reason::kTokenNotFound;
  return true;
}

// The answer carries the whole marker of another call.
bool NamesAnother(const PaymentFacts& facts) {
  const auto& order = static_cast<const v1::CreateOrderResponse&>(*facts.response).order();
  return facts.marker.field != MarkerField::kNone &&
         OwnershipOf(order, facts.marker, facts.keys) == Ownership::kOther;
}

void Complete(PaymentFacts& facts) {
  CompleteOrder(*static_cast<v1::CreateOrderResponse&>(*facts.response).mutable_order());
}

}  // namespace

const OperationPolicy kCreatePolicy{.identify = Identify,
                                    .explains_refusal = ExplainsRefusal,
                                    .stands_when_settled = StandsWhenSettled,
                                    .read = Read,
                                    .names_another = NamesAnother,
                                    .complete = Complete};

}  // namespace msp::payments
