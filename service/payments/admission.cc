// SPDX-License-Identifier: Apache-2.0

#include "service/payments/admission.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/payments/mismatch.h"
#include "service/payments/validate.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;
using http::Clock;
using std::chrono::milliseconds;

// A joined call takes over when it has this much more time than the call that it joined, or when
// that call's caller has gone.
constexpr milliseconds kTakeOverMin{100};
constexpr milliseconds kLeaseRetry{25};

}  // namespace

Admission::Admission(const PaymentDependencies& dependencies, Call& call,
                     const OperationPolicy& policy, PaymentFacts& facts, OrderLookups& lookups)
    : dependencies_(dependencies), call_(call), policy_(policy), facts_(facts), lookups_(lookups) {}

Failure Admission::FailureOf(AdmissionResult result) {
  switch (result) {
    case AdmissionResult::kBusy:
      return {
          .code = absl::StatusCode::kAborted,
          .message =
              "a different call for this order is in flight; wait until it has ended, then read "
              "the order before sending again",
          .reason = "ORDER_BUSY",
          .outcome = v1::OUTCOME_NOT_SENT};
    case AdmissionResult::kFull:
      return {.code = absl::StatusCode::kResourceExhausted,
              .message = "too many payment calls are in flight; nothing was sent",
              .reason = std::string(reason::kOverloaded),
              .outcome = v1::OUTCOME_NOT_SENT,
              .retry_after_ms = 1'000};
    default:
      return {.message = "the equal call in flight that this one joined did not end in time"};
  }
}

void Admission::TakeIdentity() {
  const v1::CallControl& control = ControlOf(*call_.request);
  const Operation& operation = *call_.operation;
  facts_.claims_repeat |= control.repeat() || call_.previous_attempts > 0;
  facts_.keyed = !control.idempotency_key().empty();
  // The digest covers what the caller sent, not what the settings add.
  flight_.text = DigestOf(operation, *call_.request, call_.site->keyed_hash());
  facts_.keys.key = facts_.keyed ? control.idempotency_key() : DerivedKey(flight_.text);
  const std::string& previous = call_.site->previous_key();
  if (!facts_.keyed && !previous.empty())
    facts_.keys.previous = DerivedKey(DigestOf(operation, *call_.request, HmacKey(previous)));
  flight_.text += facts_.keys.key;
  flight_.digest_bytes = flight_.text.size();
  const std::string_view order_id = OrderIdOf(operation, *call_.request);
  absl::StrAppend(&flight_.text, call_.site->name(), "\n",
                  absl::string_view(order_id.data(), order_id.size()));
  CompleteRequest(operation, dependencies_.options.notification_url, *call_.request);
  if (policy_.identify != nullptr) policy_.identify(facts_);
}

Task<AdmissionResult> Admission::Enter() {
  while (dependencies_.options.single_flight && !leads_) {
    Callback<SingleFlightResult> acquiring = AcquireSingleFlight();
    const SingleFlightResult acquired = co_await acquiring;
    if (acquired == SingleFlightResult::kEnded) co_return ended_;
    leads_ = acquired != SingleFlightResult::kTakesOver;
    facts_.after_equal |= acquired != SingleFlightResult::kLeads;
    facts_.claims_repeat |= acquired == SingleFlightResult::kTakesOver;
  }
  if (dependencies_.lease == nullptr) co_return AdmissionResult::kAdmitted;
  Task<AdmissionResult> leased = AcquireLease();
  co_return co_await leased;
}

Callback<Admission::SingleFlightResult> Admission::AcquireSingleFlight() {
  return {owner_.lock(), [this](Callback<SingleFlightResult>::Done done) {
            const auto self = owner_.lock();
            const auto reply_deadline = ReplyDeadlineOf(call_, dependencies_.options);
            joined_ = std::move(done);
            SingleFlight::Ticket ticket = 0;
            const auto on_completed = [this, self](const void* leader) {
              EndJoin(static_cast<const Admission*>(leader));
            };
            SingleFlightResult acquired = SingleFlightResult::kEnded;
            switch (dependencies_.single_flight.Acquire({self, &flight_}, on_completed, &ticket)) {
              case SingleFlight::Acquired::kJoined:
                // The leader may have ended by now, and this call may be destroyed. The single
                // flight keeps a joined call alive, the timer does not keep one that has ended.
                dependencies_.timer.At(reply_deadline, [this, owner = owner_, ticket] {
                  const auto joined = owner.lock();
                  if (joined != nullptr &&
                      dependencies_.single_flight.CancelJoin(flight_.name(), ticket))
                    EndJoin(nullptr);
                });
                return;
              case SingleFlight::Acquired::kLeads:
                acquired = SingleFlightResult::kLeads;
                break;
              case SingleFlight::Acquired::kLeadsAfterSame:
                acquired = SingleFlightResult::kLeadsAfterEqual;
                break;
              case SingleFlight::Acquired::kBusy:
                ended_ = AdmissionResult::kBusy;
                break;
              case SingleFlight::Acquired::kFull:
                ended_ = AdmissionResult::kFull;
                break;
            }
            // Moved out first: the callback keeps this call alive.
            Callback<SingleFlightResult>::Done go_on = std::move(joined_);
            std::move(go_on)(acquired);
          }};
}

// `leader` has ended; null when it has not ended in time.
void Admission::EndJoin(const Admission* leader) {
  SingleFlightResult acquired = SingleFlightResult::kEnded;
  ended_ = AdmissionResult::kTooLong;
  if (leader != nullptr) {
    const Call& ended = leader->call_;
    const bool gone = ended.caller_gone.load(std::memory_order_relaxed);
    const bool open = ended.outcome == v1::OUTCOME_UNKNOWN ||
                      (ended.failure && (ended.failure->reason == reason::kDeadlineTooShort ||
                                         ended.failure->reason == reason::kCallerGone));
    const bool has_time = call_.deadline > ended.deadline + kTakeOverMin;
    if (leader->renamed_ || (open && (has_time || gone))) {
      acquired = SingleFlightResult::kTakesOver;
    } else {
      ended_ = AdmissionResult::kAnswered;
      call_.failure = ended.failure;
      call_.outcome = ended.outcome;
      call_.http_status = ended.http_status;
      call_.payment_state = ended.payment_state;
      call_.idempotency_key = ended.idempotency_key;
      call_.detail = "joined an identical call in flight";
      if (!call_.failure) call_.response->CopyFrom(*ended.response);
    }
  }
  Callback<SingleFlightResult>::Done go_on = std::move(joined_);
  std::move(go_on)(acquired);
}

Task<AdmissionResult> Admission::AcquireLease() {
  const auto reply_deadline = ReplyDeadlineOf(call_, dependencies_.options);
  LookupBackoff times(dependencies_.options, reply_deadline, {.unsent = true, .unseen = true});
  auto fetch_at = times.Next(Clock::now(), {});
  while (true) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(reply_deadline - Clock::now()).count();
    if (left <= 0) co_return AdmissionResult::kAdmitted;  // Too late to send: SendOnce reports it.
    Callback<Lease::Grant> asked(owner_.lock(), [this, left](Callback<Lease::Grant>::Done done) {
      dependencies_.lease->Acquire(flight_.name(), flight_.digest(), left, std::move(done));
    });
    const Lease::Grant grant = co_await asked;
    if (grant == Lease::Grant::kHeldByOther) co_return AdmissionResult::kBusy;
    if (grant != Lease::Grant::kHeldBySame) {
      leased_ = grant != Lease::Grant::kUnavailable;
      facts_.after_equal |= grant == Lease::Grant::kGrantedAfterSame;
      facts_.may_miss_equal = !leased_ || grant == Lease::Grant::kGrantedBlind;
      co_return AdmissionResult::kAdmitted;
    }
    // The holder's process may have died: read the order for its effect meanwhile.
    facts_.claims_repeat = facts_.after_equal = true;
    if (fetch_at && Clock::now() >= *fetch_at) {
      OrderLookup lookup;
      Task<void> fetched = lookups_.Fetch(policy_, facts_, reply_deadline, lookup);
      co_await fetched;
      if (lookup.conclusive() &&
          policy_.read(facts_, lookup.order(), Phase::kRepeat).finding == Finding::kOurs)
        co_return AdmissionResult::kDone;
      fetch_at = times.Next(Clock::now(), lookup.failure);
    }
    if (Clock::now() + kLeaseRetry >= reply_deadline) co_return AdmissionResult::kTooLong;
    Callback<bool> paused = Until(dependencies_.timer, owner_.lock(), Clock::now() + kLeaseRetry);
    co_await paused;
  }
}

void Admission::Release(milliseconds remembered) {
  if (leased_) dependencies_.lease->Release(flight_.name(), flight_.digest(), remembered);
  if (leads_) dependencies_.single_flight.Release(flight_.name(), this, remembered);
  leased_ = leads_ = false;
}

// The caller named the order by MultiSafepay's own id. Key, single flight, lease and derived ids
// have to use the shop's id, as for calls that name the order by it.
bool Admission::IsRenamed(const OrderLookup& lookup) {
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

}  // namespace msp::payments
