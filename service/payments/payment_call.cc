// SPDX-License-Identifier: Apache-2.0

#include "service/payments/payment_call.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "service/codec/redact.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;
using http::Clock;
using std::chrono::milliseconds;

// With less time than this for the transfer, sending would only lead to an unknown outcome.
constexpr milliseconds kSendMin{50};
// Lookups without a readable answer, where no outcome is open.
constexpr int kUnreadMax = 4;

}  // namespace

PaymentCall::PaymentCall(const PaymentDependencies& dependencies, Call& call, CallDone done)
    : dependencies_(dependencies),
      call_(call),
      done_(std::move(done)),
      policy_(PolicyOf(*call.operation)),
      dry_run_(ControlOf(*call.request).validate_only()),
      facts_(FactsOf(call, dependencies.options)),
      lookups_(dependencies.rest_call, call),
      admission_(dependencies, call, policy_, facts_, lookups_) {}

void PaymentCall::Start() {
  lookups_.SetOwner(weak_from_this());
  admission_.SetOwner(weak_from_this());
  const auto self = shared_from_this();
  run_ = Run();
  run_.Start();
}

Task<void> PaymentCall::Run() {
  Next next = Next::kStartAgain;
  while (next == Next::kStartAgain) {
    admission_.TakeIdentity();
    next = Next::kSend;
    if (!dry_run_) {
      Task<AdmissionResult> entered = admission_.Enter();
      next = OnAdmission(co_await entered);
    }
    if (next == Next::kSend && (facts_.repeats() || policy_.reads_first)) {
      Task<Next> found = LookUp(facts_.repeats() ? Phase::kRepeat : Phase::kBefore);
      next = co_await found;
    }
  }
  if (dry_run_ && next == Next::kSend) {
    SetDryRun(call_, facts_);
    next = End();
  }
  while (next == Next::kSend) {
    Task<Next> sent = SendOnce();
    next = co_await sent;
    resent_ = true;
    facts_.claims_repeat = true;
  }
}

PaymentCall::Next PaymentCall::OnAdmission(AdmissionResult result) {
  switch (result) {
    case AdmissionResult::kAdmitted:
      return Next::kSend;
    case AdmissionResult::kAnswered:
      return End();
    case AdmissionResult::kDone:
      return EndConfirmed(Proof::kReplayed);
    case AdmissionResult::kTooLong:
      return EndUnknown(Admission::FailureOf(result));
    default:
      return EndFailed(Admission::FailureOf(result));
  }
}

// Returns kSend where the call is to be sent once more.
Task<PaymentCall::Next> PaymentCall::SendOnce() {
  // A caller who has gone may repeat the call by another replica, and end the order that it makes:
  // what is sent here after that would be a second payment.
  if (call_.caller_gone.load(std::memory_order_relaxed))
    co_return resent_ ? EndUnknown(send_failure_) : EndFailed(CallerGone());
  // A quarter of the time left, at most 3 s, is reserved for lookups when the answer is lost.
  const TimePoint now = Clock::now();
  const TimePoint reply_deadline = ReplyDeadlineOf(call_, dependencies_.options);
  const auto margin = std::min<Clock::duration>((reply_deadline - now) / 4, milliseconds(3'000));
  const TimePoint deadline = std::min(
      reply_deadline - margin, now + milliseconds(dependencies_.options.upstream_timeout_ms));
  if (deadline - now < kSendMin)
    co_return resent_ ? EndUnknown(send_failure_) : EndFailed(DeadlineTooShort());
  ++call_.attempts;
  Callback<RestResult> sent(shared_from_this(), [this, deadline](Callback<RestResult>::Done done) {
    const Operation& operation =
        dependencies_.rest_call.operations().Sent(*call_.operation, *call_.request);
    RestRequest rest_request{.operation = &operation,
                             .request = call_.request,
                             .response = call_.response,
                             .body = BodyOf(operation, *call_.request),
                             .site = call_.site,
                             .deadline = deadline,
                             .trace = &call_.trace,
                             .caller_gone = &call_.caller_gone};
    // From here on only the body holds the card, unless the call may be sent once more.
    if (!ControlOf(*call_.request).resend_if_absent()) ZeroizeRequest(call_);
    dependencies_.rest_call.Send(std::move(rest_request), std::move(done));
  });
  Phase phase = Phase::kIndeterminate;
  const Next next = OnResponse(co_await sent, phase);
  if (next != Next::kFetchAgain) co_return next;
  Task<Next> found = LookUp(phase);
  co_return co_await found;
}

PaymentCall::Next PaymentCall::OnResponse(RestResult answer, Phase& phase) {
  call_.http_status = answer.http_status;
  call_.upstream_us += answer.upstream_us;
  call_.detail = answer.detail;
  const Reaction reaction = ReactionTo(policy_, facts_, answer, resent_);
  // A second send that failed before its first byte proves nothing about the first.
  if (!resent_ || answer.outcome != CallOutcome::kNotSent)
    send_failure_ = std::move(answer.failure);
  phase = reaction.phase;
  switch (reaction.step) {
    case Reaction::Step::kEndConfirmed:
      if (policy_.complete != nullptr) policy_.complete(facts_);
      return EndConfirmed(Proof::kResponse);
    case Reaction::Step::kEndFailed:
      return EndFailed(send_failure_);
    case Reaction::Step::kEndUnknown:
      return EndUnknown(send_failure_);
    case Reaction::Step::kLookUp:
      break;
  }
  codec::ZeroizeAll(*call_.operation->response_schema, *call_.response);
  call_.response->Clear();
  return Next::kFetchAgain;
}

// Reads the order until there is a verdict or the time is up.
Task<PaymentCall::Next> PaymentCall::LookUp(Phase phase) {
  const bool unsent = phase == Phase::kBefore || phase == Phase::kRepeat;
  // An attempt that this process has not seen takes longer to rule out.
  const bool unseen = phase != Phase::kBefore || facts_.may_miss_equal;
  const bool in_full = facts_.may_miss_equal && !policy_.may_follow_equal;
  LookupBackoff times(dependencies_.options, ReplyDeadlineOf(call_, dependencies_.options),
                      {.unsent = unsent && !in_full, .unseen = unseen});
  int unread = 0;
  while (true) {
    OrderLookup lookup;
    // A lookup shows the state at its beginning, so its time counts from there.
    const Settled settled = times.SettledBy(Clock::now());
    Task<void> fetched = lookups_.Fetch(policy_, facts_, times.reply_deadline(), lookup);
    co_await fetched;
    if (admission_.IsRenamed(lookup)) co_return Next::kStartAgain;
    Failure cause = unsent ? lookup.failure : send_failure_;
    if (lookup.conclusive()) {
      Found found = policy_.read(facts_, lookup.order(), phase);
      if (found.failure.reason == reason::kUpstreamMismatch)
        send_failure_.reason = found.failure.reason;
      if (unsent) cause = found.failure;
      const Decision verdict = DecisionFor(found.finding, phase);
      const Next next = Act(verdict, std::move(found), settled, lookup);
      if (next != Next::kFetchAgain) co_return next;
    } else if (!lookup.may_succeed_later() ||
               (++unread >= kUnreadMax &&
                (phase == Phase::kBefore || RefusalIsConclusive(facts_)))) {
      co_return EndUnread(lookup);
    }
    const auto next_at = times.Next(Clock::now(), lookup.failure);
    if (!next_at && phase != Phase::kBefore) co_return EndUnknown(std::move(cause), &lookup);
    if (!next_at) co_return lookup.order() ? EndFailed(DeadlineTooShort()) : EndUnread(lookup);
    Callback<bool> paused = Until(dependencies_.timer, shared_from_this(), *next_at);
    co_await paused;
  }
}

PaymentCall::Next PaymentCall::Act(Decision verdict, Found found, Settled settled,
                                   const OrderLookup& lookup) {
  switch (verdict) {
    case Decision::kConfirmed:
      return EndConfirmed(Proof::kResponse);
    case Decision::kReplayed:
      // A decline is a refusal, and the order says why.
      return EndConfirmed(IsDeclined(facts_.refusal) ? Proof::kReconciled : Proof::kReplayed);
    case Decision::kReconciled:
      return EndConfirmed(Proof::kReconciled);
    case Decision::kRejectedSettled:
      if (!settled.certain && !dry_run_) return Next::kFetchAgain;
      [[fallthrough]];
    case Decision::kRejected:
      if (found.finding == Finding::kUndone) found.failure.order = OrderOf(lookup);
      return EndFailed(found.finding == Finding::kOrderUnknown ? OrderUnknown(lookup)
                                                               : std::move(found.failure));
    case Decision::kRefusalSettled:
      if (!settled.certain) return Next::kFetchAgain;
      [[fallthrough]];
    case Decision::kRefusalStands:
      return EndFailed(facts_.refusal);
    case Decision::kSendSettled:
    case Decision::kSend:
      if (!dry_run_ && !MaySend(policy_, facts_, settled, verdict == Decision::kSendSettled))
        return Next::kFetchAgain;
      if (policy_.prepare != nullptr) {
        if (auto failure = policy_.prepare(facts_, *lookup.order()))
          return EndFailed(*std::move(failure));
      }
      return Next::kSend;
    case Decision::kUnknown:
      return EndUnknown(std::move(found.failure), &lookup);
    case Decision::kWait:
      break;
  }
  if (settled.certain && policy_.stands_when_settled != nullptr &&
      policy_.stands_when_settled(facts_, lookup.absent, send_failure_)) {
    send_failure_.outcome = v1::OUTCOME_REJECTED;
    return EndFailed(send_failure_);
  }
  const bool may_resend =
      settled.enough && call_.attempts > 0 && !resent_ && MayResend(policy_, facts_, found.finding);
  return may_resend ? Next::kSend : Next::kFetchAgain;
}

PaymentCall::Next PaymentCall::EndConfirmed(Proof proof) {
  SetConfirmed(call_, facts_, proof, dependencies_.metrics, dependencies_.options.event_access);
  return End();
}

PaymentCall::Next PaymentCall::EndFailed(Failure failure) {
  SetFailure(call_, facts_, std::move(failure));
  return End();
}

// The record could not be read, which proves nothing about an earlier attempt.
PaymentCall::Next PaymentCall::EndUnread(const OrderLookup& lookup) {
  if (call_.attempts == 0)
    return facts_.repeats() ? EndUnknown(lookup.failure) : EndFailed(UnreadOf(lookup));
  return RefusalIsConclusive(facts_) ? EndFailed(facts_.refusal) : EndUnknown(send_failure_);
}

PaymentCall::Next PaymentCall::EndUnknown(Failure cause, const OrderLookup* lookup) {
  if (send_failure_.reason == reason::kUpstreamMismatch) cause.reason = send_failure_.reason;
  dependencies_.metrics.CountReconciliation(call_.operation->row.name, "unknown");
  return EndFailed(UnknownOf(call_, policy_, std::move(cause), lookup));
}

PaymentCall::Next PaymentCall::End() {
  ZeroizeRequest(call_);
  // Joined calls copy the answer before the reply is sent and this call destroyed. A call that only
  // read the order leaves the memory of completed calls unchanged.
  const bool did_something = call_.outcome == v1::OUTCOME_CONFIRMED ||
                             (call_.outcome == v1::OUTCOME_UNKNOWN && call_.attempts > 0);
  admission_.Release(did_something ? policy_.remembered : milliseconds(0));
  std::move(done_)();
  return Next::kEnded;
}

}  // namespace msp::payments
