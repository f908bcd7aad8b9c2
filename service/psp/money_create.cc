// CreateOrder: whose attempt made the order is told by the marker in it.
#include "absl/strings/match.h"
#include "service/psp/interpret.h"
#include "service/psp/protocol.h"
#include "service/psp/state.h"

namespace msp::psp {
namespace {

namespace v1 = multisafepay::v1;

// An order is older than this attempt only when it is so by more than this: two wall clocks, a zone
// that MultiSafepay does not name (two hours at most), and an hour in autumn that comes twice.
constexpr std::int64_t kCreatedDoubtS = std::int64_t{4} * 3'600;

const v1::CreateOrderRequest& RequestOf(const MoneyFacts& facts) {
  return static_cast<const v1::CreateOrderRequest&>(*facts.request);
}

bool SameMoney(const v1::CreateOrderRequest& request, const v1::Order& order) {
  if (request.has_amount() && order.has_amount() && request.amount() != order.amount())
    return false;
  return !request.has_currency() || !order.has_currency() ||
         absl::EqualsIgnoreCase(request.currency(), order.currency());
}

// Somebody else's payment has the id. A refusal that led here speaks for itself.
Verdict Taken(const MoneyFacts& facts, Moment moment) {
  if (moment == Moment::kAfterRefusal) return {Verdict::Kind::kRefused, facts.refusal};
  return {
      Verdict::Kind::kRefused,
      AlreadyExists("ORDER_ID_TAKEN", "the order_id is in use by another payment; use a new one")};
}

// The order is this attempt's, or an earlier one's with the same key.
Verdict Ours(MoneyFacts& facts, const v1::Order& order, Moment moment) {
  if (!SameMoney(RequestOf(facts), order)) {
    // Right after a sending this is an answer about something else rather than an older order.
    if (moment == Moment::kAfterDoubt) {
      Verdict mismatch = Undecided("the order that was found differs in amount or currency");
      mismatch.failure.reason = reason::kUpstreamMismatch;
      return mismatch;
    }
    return {Verdict::Kind::kRefused,
            AlreadyExists("IDEMPOTENCY_KEY_REUSED",
                          "the idempotency key was used on this order_id with another amount or "
                          "currency")};
  }
  v1::Order& answer = *static_cast<v1::CreateOrderResponse&>(*facts.response).mutable_order();
  answer = order;
  CompleteOrder(answer);
  if (absl::EqualsIgnoreCase(order.status(), "initialized") && answer.next_action().has_none()) {
    // The page or form to send the customer to was in the answer that was lost; a look cannot bring
    // it back.
    answer.set_payment_state(v1::PAYMENT_STATE_REQUIRES_ACTION);
    facts.reason = "NEXT_ACTION_LOST";
  }
  return {Verdict::Kind::kDone, {}};
}

// An order of somebody else under the same id.
Verdict Others(const MoneyFacts& facts, const v1::Order& order, Moment moment) {
  if (moment == Moment::kAfterRefusal) return Taken(facts, moment);
  // A dead order's id may be used again, so it neither blocks this attempt nor tells its fate.
  if (IsDead(order)) return {Verdict::Kind::kNotDone, {}};
  if (moment == Moment::kBefore && !facts.tried_before) return Taken(facts, moment);
  // In doubt: while the other one is open, MultiSafepay may have started ours beside it.
  const v1::PaymentState state = StateOf(order, false);
  const bool open = state == v1::PAYMENT_STATE_PENDING || state == v1::PAYMENT_STATE_PROCESSING ||
                    state == v1::PAYMENT_STATE_UNRECOGNIZED;
  if (!open) return Taken(facts, moment);
  return Undecided("another payment with this order_id is open, and this one may be beside it");
}

Verdict Judge(MoneyFacts& facts, const v1::Order* order, Moment moment) {
  if (order == nullptr) return {Verdict::Kind::kNotDone, {}};
  const v1::CreateOrderRequest& request = RequestOf(facts);
  const Ownership ownership = OwnershipOf(*order, facts.marker_place, facts.key);
  if (ownership == Ownership::kOurs) return Ours(facts, *order, moment);
  if (ownership == Ownership::kOther || !SameMoney(request, *order))
    return Others(facts, *order, moment);
  if (moment == Moment::kAfterRefusal && !facts.tried_before) return Taken(facts, moment);
  // Without a marker the time of creation can only disprove that it is ours.
  const auto created = AmsterdamSeconds(order->created());
  if (facts.sent_at_s != 0 && created && *created + kCreatedDoubtS < facts.sent_at_s)
    return Others(facts, *order, moment);
  return Undecided("an order with this id exists, and nothing in it tells whose attempt made it");
}

void Identify(MoneyFacts& facts) {
  if (facts.markers)
    facts.marker_place =
        PlaceMarker(static_cast<v1::CreateOrderRequest&>(*facts.request), facts.key);
}

// 1006: the id is in use, perhaps by an earlier attempt with this key. 1024: declined, perhaps with
// an order that says why.
bool ExplainsRefusal(const MoneyFacts& /*facts*/, int error_code) {
  return error_code == 1006 || error_code == 1024;
}

void Complete(MoneyFacts& facts) {
  CompleteOrder(*static_cast<v1::CreateOrderResponse&>(*facts.response).mutable_order());
}

}  // namespace

const Protocol kCreateProtocol{.identify = Identify,
                               .explains_refusal = ExplainsRefusal,
                               .judge = Judge,
                               .complete = Complete};

}  // namespace msp::psp
