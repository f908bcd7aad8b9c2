#include "service/psp/payment_call.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/codec/redact.h"

namespace msp::psp {
namespace {

namespace v1 = multisafepay::v1;
using http::Clock;
using std::chrono::milliseconds;

// With less time than this for the transfer itself, sending would only make an unknown outcome.
constexpr milliseconds kSendMin{50};
constexpr std::int64_t kPauseMaxMs = 5'000;
// Look-ups go on to the end of the deadline, for as many settle times at the most.
constexpr int kLookUpSettleTimes = 15;
// Look-ups that bring nothing readable, where nothing is in doubt.
constexpr int kUnreadMax = 4;
constexpr milliseconds kLeaseAgain{25};
constexpr int kDeclined = 1024;

Failure Busy() {
  return {.code = absl::StatusCode::kAborted,
          .message =
              "a different call for this order is in flight; wait for its end, then look "
              "before sending again",
          .reason = "ORDER_BUSY",
          .outcome = v1::OUTCOME_NOT_SENT};
}

Failure Overloaded() {
  return {.code = absl::StatusCode::kResourceExhausted,
          .message = "too many payment calls are in flight; nothing was sent",
          .reason = std::string(reason::kOverloaded),
          .outcome = v1::OUTCOME_NOT_SENT,
          .retry_after_ms = 1'000};
}

Failure DeadlineTooShort() {
  return {.code = absl::StatusCode::kDeadlineExceeded,
          .message =
              "too little of the deadline is left to send the call and learn its outcome; "
              "nothing was sent",
          .reason = std::string(reason::kDeadlineTooShort),
          .outcome = v1::OUTCOME_NOT_SENT};
}

Failure JoinedTooLong() {
  return {.message = "the equal call in flight that this one waited for has not ended in time"};
}

Failure AnotherPayment() {
  return {.message = "MultiSafepay answered about another payment",
          .reason = std::string(reason::kUpstreamMismatch)};
}

}  // namespace

Task<void> PaymentCall::Run() {
  const bool dry_run = ControlOf(*call_.request).validate_only();
  Next next = Next::kStartAgain;
  while (next == Next::kStartAgain) {
    TakeIdentity();
    next = Next::kSend;
    if (!dry_run) {
      Task<Next> acquired = Acquire();
      next = co_await acquired;
    }
    if (next == Next::kSend && (facts_.repeats() || policy_.looks_first)) {
      Task<Next> looked = LookUp(facts_.repeats() ? Phase::kRepeat : Phase::kBefore);
      next = co_await looked;
    }
  }
  if (dry_run && next == Next::kSend) next = EndDryRun();
  while (next == Next::kSend) {
    Task<Next> sent = SendOnce();
    next = co_await sent;
    resent_ = true;
    facts_.claims_repeat = true;
  }
}

// One call at a time for an order: in this process by single flight, across replicas by leases.
Task<PaymentCall::Next> PaymentCall::Acquire() {
  while (uses_.options.single_flight && !leads_) {
    Callback<Admission> boarded = Board();
    switch (co_await boarded) {
      case Admission::kLeadsAfterEqual:
        facts_.after_equal = true;
        leads_ = true;
        break;
      case Admission::kLeads:
        leads_ = true;
        break;
      case Admission::kTakesOver:
        facts_.claims_repeat = facts_.after_equal = true;
        break;
      case Admission::kAnswered:
        co_return End();
      case Admission::kTooLong:
        co_return EndUnknown(JoinedTooLong(), nullptr);
      case Admission::kBusy:
        co_return EndFailed(Busy());
      case Admission::kFull:
        co_return EndFailed(Overloaded());
    }
  }
  if (uses_.lease == nullptr) co_return Next::kSend;
  Task<Next> leased = AcquireLease();
  co_return co_await leased;
}

Task<PaymentCall::Next> PaymentCall::AcquireLease() {
  std::int64_t pause_ms = uses_.options.reconcile_backoff_ms;
  TimePoint look_at = Clock::now() + milliseconds(pause_ms);
  while (true) {
    const auto left = std::chrono::duration_cast<milliseconds>(LastMoment() - Clock::now()).count();
    if (left <= 0) co_return Next::kSend;  // Too late for anything: said where it is sent.
    Callback<Lease::Grant> asked = AskForLease(left);
    const Lease::Grant grant = co_await asked;
    if (grant == Lease::Grant::kHeldByOther) co_return EndFailed(Busy());
    if (grant != Lease::Grant::kHeldBySame) {
      leased_ = grant != Lease::Grant::kUnavailable;
      facts_.after_equal |= grant == Lease::Grant::kGrantedAfterSame;
      sees_equals_ = grant != Lease::Grant::kUnavailable && grant != Lease::Grant::kGrantedBlind;
      co_return Next::kSend;
    }
    // Its holder may have died: what it did is looked for meanwhile.
    facts_.claims_repeat = facts_.after_equal = true;
    if (Clock::now() >= look_at) {
      OrderLookup lookup;
      Task<void> fetched = lookups_.Fetch(policy_, facts_, LastMoment(), lookup);
      co_await fetched;
      NoteDate(lookup);
      if (lookup.told() &&
          policy_.read(facts_, lookup.order(), Phase::kRepeat).finding == Finding::kOurs)
        co_return EndConfirmed(/*reconciled=*/false, /*replayed=*/true);
      look_at = Clock::now() + lookup.Pause(pause_ms);
      pause_ms = std::min(pause_ms * 2, kPauseMaxMs);
    }
    if (Clock::now() + kLeaseAgain >= LastMoment()) co_return EndUnknown(JoinedTooLong(), nullptr);
    Callback<bool> paused = Until(Clock::now() + kLeaseAgain);
    co_await paused;
  }
}

// kSend where the caller wants it sent once more.
Task<PaymentCall::Next> PaymentCall::SendOnce() {
  // A quarter of the time left, three seconds at most, is kept for looking when the answer is lost.
  const TimePoint now = Clock::now();
  const auto margin = std::min<Clock::duration>((LastMoment() - now) / 4, milliseconds(3'000));
  const TimePoint deadline =
      std::min(LastMoment() - margin, now + milliseconds(uses_.options.upstream_timeout_ms));
  if (deadline - now < kSendMin)
    co_return resent_ ? EndUnknown(doubt_, nullptr) : EndFailed(DeadlineTooShort());
  Callback<Answer> sent = Send(deadline);
  Answer answer = co_await sent;
  call_.http_status = answer.http_status;
  call_.upstream_us += answer.upstream_us;
  call_.detail = answer.detail;
  Phase phase = Phase::kIndeterminate;
  switch (answer.kind) {
    case Answer::Kind::kNotSent:
      // A second sending that did not leave says nothing about the first.
      co_return resent_ ? EndUnknown(doubt_, nullptr) : EndFailed(std::move(answer.failure));
    case Answer::Kind::kSuccess:
      if (policy_.names_another != nullptr && policy_.names_another(facts_)) {
        answer.failure = AnotherPayment();
      } else if (policy_.looks_after) {
        answer.failure.message = "MultiSafepay took the call, but the order does not show it";
        phase = Phase::kAfterSuccess;
      } else {
        if (policy_.complete != nullptr) policy_.complete(facts_);
        co_return EndConfirmed(/*reconciled=*/false, /*replayed=*/false);
      }
      codec::WipeAll(*call_.operation->response_plan, *call_.response);
      call_.response->Clear();
      break;
    case Answer::Kind::kRefused:
      if (resent_) break;  // The first sending may be why.
      facts_.refusal = answer.failure;
      if (answer.failure.is_rate_limit()) {
        // Not processed, and not looked up. Of an earlier attempt that the caller speaks of this
        // says nothing.
        co_return facts_.claims_repeat ? EndUnknown(std::move(answer.failure), nullptr)
                                       : EndFailed(std::move(answer.failure));
      }
      if (policy_.explains_refusal == nullptr ||
          !policy_.explains_refusal(facts_, answer.failure.error_code))
        co_return EndFailed(std::move(answer.failure));
      // A decline is a decline, whatever went before it.
      phase = facts_.repeats() && answer.failure.error_code != kDeclined ? Phase::kRefusedRepeat
                                                                         : Phase::kRefused;
      break;
    case Answer::Kind::kOpen:
      break;
  }
  doubt_ = std::move(answer.failure);
  Task<Next> looked = LookUp(phase);
  co_return co_await looked;
}

// Looks at the order until there is a verdict, or the time is up.
Task<PaymentCall::Next> PaymentCall::LookUp(Phase phase) {
  const bool unsent = phase == Phase::kBefore || phase == Phase::kRepeat;
  const TimePoint began = Clock::now();
  const milliseconds settle(uses_.options.settle_ms);
  const auto left = std::max(LastMoment() - began, Clock::duration::zero());
  // Half the time left stays for a call that is still to be sent, however little that is.
  const TimePoint settled_at =
      began + (unsent ? std::min<Clock::duration>(left / 2, settle) : settle);
  const TimePoint end = std::min(LastMoment(), began + settle * kLookUpSettleTimes);
  std::int64_t pause_ms = uses_.options.reconcile_backoff_ms;
  int unread = 0;
  while (true) {
    OrderLookup lookup;
    // A look-up that began before the settle time had passed may show what was true before it.
    const bool settled = Clock::now() >= settled_at;
    Task<void> fetched = lookups_.Fetch(policy_, facts_, LastMoment(), lookup);
    co_await fetched;
    NoteDate(lookup);
    if (IsRenamed(lookup)) co_return Next::kStartAgain;
    Failure cause = unsent ? lookup.failure : doubt_;
    if (lookup.told()) {
      Found found = policy_.read(facts_, lookup.order(), phase);
      if (found.failure.reason == reason::kUpstreamMismatch) doubt_.reason = found.failure.reason;
      if (unsent) cause = found.failure;
      const Verdict verdict = VerdictOf(found.finding, phase);
      const Next next = Act(verdict, std::move(found), settled, lookup);
      if (next != Next::kLookAgain) co_return next;
    } else if (!lookup.worth_repeating() ||
               (++unread >= kUnreadMax && (phase == Phase::kBefore || phase == Phase::kRefused))) {
      co_return EndUnread(lookup);
    }
    const TimePoint now = Clock::now();
    TimePoint next_at = now + lookup.Pause(pause_ms);
    if (now < settled_at && !lookup.failure.is_rate_limit())
      next_at = std::min(next_at, settled_at);
    // MultiSafepay's own word on when to come again goes before the bound on look-ups.
    if (next_at >= (lookup.failure.is_rate_limit() ? LastMoment() : end))
      co_return phase == Phase::kBefore ? EndUnread(lookup) : EndUnknown(std::move(cause), &lookup);
    pause_ms = std::min(pause_ms * 2, kPauseMaxMs);
    Callback<bool> paused = Until(next_at);
    co_await paused;
  }
}

PaymentCall::Next PaymentCall::Act(Verdict verdict, Found found, bool settled,
                                   const OrderLookup& lookup) {
  const bool dry_run = ControlOf(*call_.request).validate_only();
  const bool posts = call_.operation->row.method == http::Method::kPost;
  switch (verdict) {
    case Verdict::kConfirmed:
      return EndConfirmed(/*reconciled=*/false, /*replayed=*/false);
    case Verdict::kReplayed: {
      // A decline comes as a refusal, with an order that says why.
      const bool declined = facts_.refusal.error_code == kDeclined;
      return EndConfirmed(/*reconciled=*/declined, /*replayed=*/!declined);
    }
    case Verdict::kReconciled:
      return EndConfirmed(/*reconciled=*/true, /*replayed=*/false);
    case Verdict::kRejectedSettled:
      if (!settled && !dry_run) return Next::kLookAgain;
      [[fallthrough]];
    case Verdict::kRejected:
      if (found.finding == Finding::kOrderUnknown) {
        found.failure = lookup.failure;
        found.failure.outcome = v1::OUTCOME_REJECTED;
        found.failure.message =
            absl::StrCat("the order could not be read before the call: ", lookup.failure.message);
      }
      return EndFailed(std::move(found.failure));
    case Verdict::kRefusalSettled:
      if (!settled) return Next::kLookAgain;
      [[fallthrough]];
    case Verdict::kRefusalStands:
      return EndFailed(facts_.refusal);
    case Verdict::kSendSettled:
      if (!dry_run && posts && (!settled || (facts_.repeats() && !policy_.may_follow_equal)))
        return Next::kLookAgain;
      [[fallthrough]];
    case Verdict::kSend:
      if (!dry_run && !settled && !sees_equals_ && !policy_.may_follow_equal)
        return Next::kLookAgain;
      if (policy_.prepare != nullptr) {
        if (auto failure = policy_.prepare(facts_, *lookup.order()))
          return EndFailed(*std::move(failure));
      }
      return Next::kSend;
    case Verdict::kUnknown:
      return EndUnknown(std::move(found.failure), &lookup);
    case Verdict::kWait:
      break;
  }
  if (!settled) return Next::kLookAgain;
  if (policy_.stands_when_settled != nullptr &&
      policy_.stands_when_settled(facts_, lookup.absent, doubt_)) {
    doubt_.outcome = v1::OUTCOME_REJECTED;
    return EndFailed(doubt_);
  }
  return MayResend(found.finding) ? Next::kSend : Next::kLookAgain;
}

}  // namespace msp::psp
