// The steps and ends of a payment call that `PaymentCall::Run` is made of.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/codec/redact.h"
#include "service/psp/interpret.h"
#include "service/psp/payment_call.h"
#include "service/psp/state.h"
#include "service/psp/validate.h"

namespace msp::psp {
namespace {

namespace v1 = multisafepay::v1;
using http::Clock;
using std::chrono::milliseconds;

// A joined call goes on by itself when it has this much more time than the one that it joined.
constexpr milliseconds kTakeOverMin{100};
// A repeat speaks of attempts of the last week, an equal call that ended of the last minutes.
constexpr std::int64_t kRepeatWindowS = std::int64_t{7} * 86'400;
constexpr std::int64_t kEqualWindowS = 300;
// After this long an order that could not be read is worth another try.
constexpr std::int64_t kRetryAfterMs = 1'000;

v1::Order* MutableOrderOf(google::protobuf::Message& response) {
  if (response.GetDescriptor() == v1::CreateOrderResponse::descriptor())
    return static_cast<v1::CreateOrderResponse&>(response).mutable_order();
  const auto* field = response.GetDescriptor()->FindFieldByName("order");
  if (field == nullptr || field->message_type() != v1::Order::descriptor()) return nullptr;
  return static_cast<v1::Order*>(response.GetReflection()->MutableMessage(&response, field));
}

// A category without its prefix: "FUNDS".
std::string_view NameOf(v1::DeclineCategory category) {
  constexpr std::string_view kPrefix = "DECLINE_CATEGORY_";
  const std::string_view name = v1::DeclineCategory_Name(category);
  return name.substr(std::min(kPrefix.size(), name.size()));
}

// Whatever went wrong, a call without a certain answer says so in a code that no mesh and no client
// library sends again by itself.
Failure Unknown(Failure cause, bool sent, bool may_follow_equal) {
  const bool mismatch = cause.reason == reason::kUpstreamMismatch;
  if (cause.message.empty())
    cause.message =
        "an equal call ended a short while ago, and MultiSafepay's record does not show "
        "what it did";
  cause.code = absl::StatusCode::kUnknown;
  cause.message = absl::StrCat(
      sent ? "the call was sent and its outcome is unknown: "
           : "nothing was sent now, and the outcome of an earlier attempt is unknown: ",
      cause.message,
      may_follow_equal
          ? ". Repeat it with the same order_id and idempotency key and repeat: true, or look with "
            "GetOrder; never send it under another order_id before its fate is certain"
          : ". Repeat it with the same idempotency key and repeat: true, which looks and sends "
            "nothing; where the order still does not show it 300 s after it was sent, make the "
            "same call without repeat, never under another key");
  if (!mismatch) cause.reason = reason::kOutcomeUnknown;
  cause.domain = kOwnDomain;
  cause.outcome = v1::OUTCOME_UNKNOWN;
  cause.violations.clear();
  cause.retry_after_ms = -1;
  return cause;
}

}  // namespace

PaymentCall::PaymentCall(const PaymentDependencies& uses, Call& call, CallDone done)
    : uses_(uses),
      call_(call),
      done_(std::move(done)),
      policy_(PolicyOf(*call.operation)),
      lookups_(uses.exchange, call) {
  facts_.operation = call.operation;
  facts_.request = call.request;
  facts_.response = call.response;
  facts_.site = call.site.get();
  facts_.markers = uses.options.idempotency_marker;
  facts_.refund_pause_s = uses.options.refund_pause_s;
}

void PaymentCall::Start() {
  lookups_.SetOwner(weak_from_this());
  const auto self = shared_from_this();
  run_ = Run();
  run_.Start();
}

void PaymentCall::TakeIdentity() {
  const v1::CallControl& control = ControlOf(*call_.request);
  facts_.claims_repeat |= control.repeat() || call_.previous_attempts > 0;
  facts_.keyed = !control.idempotency_key().empty();
  // What the caller sent is digested, not what the settings add to it.
  flight_.text = DigestOf(*call_.operation, *call_.request, call_.site->keyed_hash());
  facts_.keys.key = facts_.keyed ? control.idempotency_key() : DerivedKey(flight_.text);
  const std::string& previous = call_.site->previous_key();
  if (!facts_.keyed && !previous.empty())
    facts_.keys.previous =
        DerivedKey(DigestOf(*call_.operation, *call_.request, HmacKey(previous)));
  flight_.text += facts_.keys.key;
  flight_.digest_bytes = flight_.text.size();
  const std::string_view order_id = OrderIdOf(*call_.operation, *call_.request);
  absl::StrAppend(&flight_.text, call_.site->name(), "\n",
                  absl::string_view(order_id.data(), order_id.size()));
  CompleteRequest(*call_.operation, uses_.options.notification_url, *call_.request);
  if (policy_.identify != nullptr) policy_.identify(facts_);
}

// The last moment at which the reply can still reach the caller.
PaymentCall::TimePoint PaymentCall::LastMoment() const {
  return call_.deadline - milliseconds(uses_.options.reply_margin_ms);
}

// By MultiSafepay's own clock: this host's may be wrong.
void PaymentCall::NoteDate(const OrderLookup& lookup) {
  if (lookup.date_s < 0) return;
  const auto since = std::chrono::ceil<std::chrono::seconds>(Clock::now() - call_.start).count();
  const std::int64_t window_s = facts_.claims_repeat ? kRepeatWindowS
                                : facts_.after_equal ? kEqualWindowS
                                                     : 0;
  facts_.first_attempt_s = lookup.date_s - since - window_s;
}

// The caller named the order by MultiSafepay's own id: everything that goes by the order's id (key,
// single flight, lease, derived ids) is to go by the shop's, as for calls that name it so.
bool PaymentCall::IsRenamed(const OrderLookup& lookup) {
  if (renamed_ || lookup.order() == nullptr || call_.operation->creates() || call_.attempts > 0)
    return false;
  const std::string& own = lookup.order()->order_id();
  const std::string_view sent = OrderIdOf(*call_.operation, *call_.request);
  if (own.empty() || EqualsIgnoreCase(own, sent) || SameOrderId(sent, own) ||
      sent != lookup.order()->transaction_id())
    return false;
  renamed_ = true;
  Release(milliseconds(0));
  if (policy_.clear_identity != nullptr) policy_.clear_identity(facts_);
  const auto* field = call_.operation->order_id_entry->field;
  call_.request->GetReflection()->SetString(call_.request, field, own);
  return true;
}

bool PaymentCall::MayResend(Finding finding) const {
  const bool nothing =
      finding == Finding::kNothing || finding == Finding::kAbsent || finding == Finding::kTakenDead;
  return nothing && !resent_ && call_.attempts > 0 && facts_.refusal.error_code == 0 &&
         policy_.may_follow_equal && ControlOf(*call_.request).resend_if_absent();
}

Callback<PaymentCall::Admission> PaymentCall::Board() {
  return {shared_from_this(), [this](Callback<Admission>::Done done) {
            const auto self = shared_from_this();
            const TimePoint last_moment = LastMoment();
            joined_ = std::move(done);
            Flights::Ticket ticket = 0;
            const auto on_landing = [self](const void* leader) {
              self->EndJoin(static_cast<const PaymentCall*>(leader));
            };
            Admission admission = Admission::kFull;
            switch (uses_.flights.Board({self, &flight_}, on_landing, &ticket)) {
              case Flights::Boarding::kJoined:
                // The leader may have ended by now, and this call with it.
                self->uses_.timer.At(last_moment, [self, ticket] {
                  if (self->uses_.flights.Leave(self->flight_.name(), ticket))
                    self->EndJoin(nullptr);
                });
                return;
              case Flights::Boarding::kLeads:
                admission = Admission::kLeads;
                break;
              case Flights::Boarding::kLeadsAfterSame:
                admission = Admission::kLeadsAfterEqual;
                break;
              case Flights::Boarding::kBusy:
                admission = Admission::kBusy;
                break;
              case Flights::Boarding::kFull:
                break;
            }
            // Taken out first: the callback keeps this call alive.
            Callback<Admission>::Done boarded = std::move(joined_);
            std::move(boarded)(admission);
          }};
}

// `leader` has ended; null when that has not come in time.
void PaymentCall::EndJoin(const PaymentCall* leader) {
  Admission admission = Admission::kTooLong;
  if (leader != nullptr) {
    const bool open =
        leader->call_.outcome == v1::OUTCOME_UNKNOWN ||
        (leader->call_.failure && leader->call_.failure->reason == reason::kDeadlineTooShort);
    const bool has_time = call_.deadline > leader->call_.deadline + kTakeOverMin;
    admission =
        leader->renamed_ || (open && has_time) ? Admission::kTakesOver : Admission::kAnswered;
  }
  if (admission == Admission::kAnswered) {
    call_.failure = leader->call_.failure;
    call_.outcome = leader->call_.outcome;
    call_.http_status = leader->call_.http_status;
    call_.payment_state = leader->call_.payment_state;
    call_.idempotency_key = leader->call_.idempotency_key;
    call_.detail = "joined an identical call in flight";
    if (!call_.failure) call_.response->CopyFrom(*leader->call_.response);
  }
  Callback<Admission>::Done joined = std::move(joined_);
  std::move(joined)(admission);
}

Callback<Lease::Grant> PaymentCall::AskForLease(std::int64_t left_ms) {
  return {shared_from_this(), [this, left_ms](Callback<Lease::Grant>::Done done) {
            uses_.lease->Acquire(flight_.name(), flight_.digest(), left_ms, std::move(done));
          }};
}

Callback<Answer> PaymentCall::Send(TimePoint deadline) {
  ++call_.attempts;
  return {shared_from_this(), [this, deadline](Callback<Answer>::Done done) {
            Sending sending{.operation = call_.operation,
                            .request = call_.request,
                            .response = call_.response,
                            .body = BodyOf(*call_.operation, *call_.request),
                            .site = call_.site,
                            .deadline = deadline,
                            .trace = &call_.trace};
            // The card is in the body alone from here on, unless it may be needed once more.
            if (!ControlOf(*call_.request).resend_if_absent()) WipeRequest(call_);
            uses_.exchange.Send(std::move(sending), std::move(done));
          }};
}

Callback<bool> PaymentCall::Until(TimePoint when) {
  return {shared_from_this(), [this, when](Callback<bool>::Done done) {
            uses_.timer.At(when, [done = std::move(done)]() mutable { std::move(done)(true); });
          }};
}

PaymentCall::Next PaymentCall::EndDryRun() {
  v1::CallResult& result = ResultOf(*call_.response);
  result.set_dry_run_json(RedactedBodyOf(*call_.operation, *call_.request));
  result.set_idempotency_key(facts_.keys.key);
  result.set_outcome(v1::OUTCOME_NOT_SENT);
  call_.outcome = v1::OUTCOME_NOT_SENT;
  return End();
}

PaymentCall::Next PaymentCall::EndConfirmed(bool reconciled, bool replayed) {
  if (v1::Order* order = MutableOrderOf(*call_.response)) {
    // An all-digit id may come back as a number, without its zeros: the caller gets the id that it
    // sent.
    const std::string_view sent = OrderIdOf(*call_.operation, *call_.request);
    if (order->has_order_id() && order->order_id() != sent && SameOrderId(sent, order->order_id()))
      order->set_order_id(std::string(sent));
    if (call_.operation->creates()) {
      StripMarker(*order, facts_.marker, facts_.keys);
    } else {
      StripMarker(*order);
    }
    if (IsOdd(*order)) uses_.metrics.CountOddState(order->status(), order->financial_status());
    call_.payment_state = order->payment_state();
    if (order->has_decline() && !replayed)
      uses_.metrics.CountDecline(NameOf(order->decline().category()));
  }
  const bool unmarked =
      facts_.markers && call_.operation->creates() && facts_.marker.place == MarkerPlace::kNone;
  if (unmarked && facts_.reason.empty()) facts_.reason = "NO_MARKER";
  v1::CallResult& result = ResultOf(*call_.response);
  result.set_outcome(v1::OUTCOME_CONFIRMED);
  result.set_idempotency_key(facts_.keys.key);
  result.set_reconciled(reconciled);
  result.set_replayed(replayed);
  if (!facts_.reason.empty()) result.set_reason(facts_.reason);
  call_.idempotency_key = facts_.keys.key;
  call_.outcome = v1::OUTCOME_CONFIRMED;
  if (reconciled || replayed)
    uses_.metrics.CountReconciliation(call_.operation->row.name,
                                      reconciled ? "reconciled" : "replayed");
  return End();
}

PaymentCall::Next PaymentCall::EndFailed(Failure failure) {
  codec::WipeAll(*call_.operation->response_plan, *call_.response);
  call_.response->Clear();
  failure.order_id = std::string(OrderIdOf(*call_.operation, *call_.request));
  failure.idempotency_key = facts_.keys.key;
  call_.idempotency_key = facts_.keys.key;
  call_.outcome = failure.outcome;
  call_.failure = std::move(failure);
  return End();
}

// The record could not be read.
PaymentCall::Next PaymentCall::EndUnread(const OrderLookup& lookup) {
  if (call_.attempts > 0) {
    // A decline is a decline; of every other refusal an earlier attempt may be the reason.
    const int code = facts_.refusal.error_code;
    const bool earlier = call_.operation->creates() ? code == 1006 : facts_.keyed;
    const bool open = code == 0 || earlier || facts_.repeats();
    return open ? EndUnknown(doubt_, nullptr) : EndFailed(facts_.refusal);
  }
  Failure failure = lookup.failure;
  // That the record cannot be read says nothing about an earlier attempt.
  if (facts_.repeats()) return EndUnknown(std::move(failure), nullptr);
  // Nothing of this call was sent, so it may be sent again; a look-up that was refused is no
  // refusal of the call itself.
  failure.outcome = v1::OUTCOME_NOT_SENT;
  failure.message = absl::StrCat("nothing was sent: the order could not be read before the call: ",
                                 lookup.failure.message);
  if (lookup.worth_repeating() && failure.retry_after_ms < 0)
    failure.retry_after_ms = kRetryAfterMs;
  return EndFailed(std::move(failure));
}

PaymentCall::Next PaymentCall::EndUnknown(Failure cause, const OrderLookup* lookup) {
  if (doubt_.reason == reason::kUpstreamMismatch) cause.reason = doubt_.reason;
  Failure failure = Unknown(std::move(cause), call_.attempts > 0, policy_.may_follow_equal);
  if (lookup != nullptr && lookup->order() != nullptr) {
    const codec::Plan* plan = lookup->response_plan->Find("order")->message;
    const std::shared_ptr<v1::Order> order(new v1::Order(*lookup->order()),
                                           [plan](v1::Order* told) {
                                             codec::WipeAll(*plan, *told);
                                             delete told;
                                           });
    StripMarker(*order);
    CompleteOrder(*order);
    failure.order = order;
  }
  uses_.metrics.CountReconciliation(call_.operation->row.name, "unknown");
  return EndFailed(std::move(failure));
}

PaymentCall::Next PaymentCall::End() {
  WipeRequest(call_);
  // Joined calls take their copy before the reply goes out and this call with it. One that has only
  // looked leaves what is known as it was.
  const bool did_something = call_.outcome == v1::OUTCOME_CONFIRMED ||
                             (call_.outcome == v1::OUTCOME_UNKNOWN && call_.attempts > 0);
  Release(did_something ? policy_.remembered : milliseconds(0));
  std::move(done_)();
  return Next::kEnded;
}

// For as long an equal call will be known as one; 0 when this one has certainly done nothing.
void PaymentCall::Release(milliseconds remembered) {
  if (leased_) uses_.lease->Release(flight_.name(), flight_.digest(), remembered);
  if (leads_) uses_.flights.Land(flight_.name(), this, remembered);
  leased_ = leads_ = false;
}

}  // namespace msp::psp
