#include "service/psp/money_call.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/codec/redact.h"
#include "service/psp/state.h"

namespace msp::psp {
namespace {

namespace v1 = multisafepay::v1;
using http::Clock;
using std::chrono::milliseconds;

// With less time than this for the transfer itself, sending would only make an unknown outcome.
constexpr milliseconds kSendMin{50};
constexpr std::int64_t kBackoffMaxMs = 5'000;

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
Failure Unknown(Failure cause) {
  const bool mismatch = cause.reason == reason::kUpstreamMismatch;
  cause.code = absl::StatusCode::kUnknown;
  cause.message = absl::StrCat("the call was sent and its outcome is unknown: ", cause.message,
                               ". Repeat it with the same order_id and idempotency key and repeat: "
                               "true, or look with GetOrder; "
                               "never send it under another order_id before its fate is certain");
  if (!mismatch) cause.reason = reason::kOutcomeUnknown;
  cause.domain = kOwnDomain;
  cause.outcome = v1::OUTCOME_UNKNOWN;
  cause.violations.clear();
  cause.retry_after_ms = -1;
  return cause;
}

}  // namespace

MoneyCall::MoneyCall(const MoneyTools& tools, Call& call, CallDone done)
    : tools_(tools), call_(call), done_(std::move(done)), protocol_(ProtocolOf(*call.operation)) {
  facts_.operation = call.operation;
  facts_.request = call.request;
  facts_.response = call.response;
  facts_.site = call.site.get();
  facts_.markers = tools.options.idempotency_marker;
  facts_.refund_pause_s = tools.options.refund_pause_s;
}

void MoneyCall::Begin() {
  const v1::CallControl& control = ControlOf(*call_.request);
  flight_.text = DigestOf(*call_.operation, *call_.request, *call_.site);
  facts_.keyed = !control.idempotency_key().empty();
  if (facts_.keyed) {
    facts_.key = control.idempotency_key();
  } else {
    facts_.key = DerivedKey(flight_.text);
  }
  flight_.text += facts_.key;
  flight_.digest_bytes = flight_.text.size();
  if (control.validate_only()) return Lead();
  if (Board()) TakeLease();
}

// The last moment at which the reply can still reach the caller.
Clock::time_point MoneyCall::LastMoment() const {
  return call_.deadline - milliseconds(tools_.options.reply_margin_ms);
}

bool MoneyCall::Repeats() const {
  return waited_ || submitted_twice_ || ControlOf(*call_.request).repeat() ||
         call_.previous_attempts > 0;
}

void MoneyCall::Lead() {
  facts_.tried_before = Repeats();
  if (protocol_.identify != nullptr) protocol_.identify(facts_);
  if (facts_.tried_before || protocol_.looks_first) {
    LookUntilTold([self = shared_from_this()](const std::shared_ptr<Look>& look) {
      self->OnFirstLook(*look);
    });
  } else if (ControlOf(*call_.request).validate_only()) {
    DryRun();
  } else {
    Send();
  }
}

void MoneyCall::OnFirstLook(const Look& look) {
  const bool creates = call_.operation->creates();
  if (!look.told() || (look.absent && !creates)) {
    Failure failure = look.failure;
    // That the record cannot be read says nothing about an earlier attempt.
    if (facts_.tried_before && !look.absent) return EndUnknown(std::move(failure), nullptr);
    // Nothing of this call was sent, so it may be sent again; a look that was refused is no refusal
    // of the call itself.
    failure.outcome = look.absent ? v1::OUTCOME_REJECTED : v1::OUTCOME_NOT_SENT;
    failure.message =
        absl::StrCat("the order could not be read before the call: ", failure.message);
    return EndFailed(std::move(failure));
  }
  facts_.drift = look.drift;
  Verdict verdict = protocol_.judge(facts_, look.order(), Moment::kBefore);
  switch (verdict.kind) {
    case Verdict::Kind::kDone:
      return EndDone(/*reconciled=*/false, /*replayed=*/true);
    case Verdict::Kind::kRefused:
      return EndFailed(std::move(verdict.failure));
    case Verdict::Kind::kOpen:
      return EndUnknown(std::move(verdict.failure), &look);
    case Verdict::Kind::kNotDone:
      break;
  }
  if (WaitsToSend()) return;
  if (protocol_.prepare != nullptr) {
    if (auto failure = protocol_.prepare(facts_, *look.order()))
      return EndFailed(*std::move(failure));
  }
  if (ControlOf(*call_.request).validate_only()) return DryRun();
  Send();
}

// A repeat of which the record shows nothing may have come before the first attempt's POST: that
// one gets the settle time to show up, as after a lost answer. True while the call waits for that.
bool MoneyCall::WaitsToSend() {
  const bool posts = call_.operation->row.method == http::Method::kPost;
  if (!facts_.tried_before || !posts || ControlOf(*call_.request).validate_only()) return false;
  const Clock::time_point now = Clock::now();
  if (send_at_ == Clock::time_point()) {
    // Half the time left stays for the call itself, however little that is.
    const auto left = std::max(LastMoment() - now, Clock::duration::zero());
    send_at_ = now + std::min<Clock::duration>(left / 2, milliseconds(tools_.options.settle_ms));
    backoff_ms_ = tools_.options.reconcile_backoff_ms;
  }
  if (now >= send_at_) return false;
  const Clock::time_point next = std::min(now + milliseconds(backoff_ms_), send_at_);
  backoff_ms_ = std::min(backoff_ms_ * 2, kBackoffMaxMs);
  tools_.timer.At(next, [self = shared_from_this()] {
    self->LookUntilTold([self](const std::shared_ptr<Look>& look) { self->OnFirstLook(*look); });
  });
  return true;
}

void MoneyCall::DryRun() {
  v1::CallResult& result = ResultOf(*call_.response);
  result.set_dry_run_json(RedactedBodyOf(*call_.operation, *call_.request));
  result.set_idempotency_key(facts_.key);
  result.set_outcome(v1::OUTCOME_NOT_SENT);
  call_.outcome = v1::OUTCOME_NOT_SENT;
  End();
}

void MoneyCall::Send() {
  const Clock::time_point now = Clock::now();
  // A quarter of the time left, three seconds at most, is kept for looking when the answer is lost.
  const auto left = LastMoment() - now;
  const auto margin = std::min<Clock::duration>(left / 4, milliseconds(3'000));
  const Clock::time_point deadline =
      std::min(LastMoment() - margin, now + milliseconds(tools_.options.upstream_timeout_ms));
  if (deadline - now < kSendMin) {
    if (resent_) return EndUnknown(doubt_, nullptr);
    return EndFailed({.code = absl::StatusCode::kDeadlineExceeded,
                      .message = "too little of the deadline is left to send the call and learn "
                                 "its outcome; nothing was sent",
                      .reason = std::string(reason::kDeadlineTooShort),
                      .outcome = v1::OUTCOME_NOT_SENT});
  }
  if (facts_.sent_at_s == 0) facts_.sent_at_s = std::time(nullptr);
  ++call_.attempts;
  Sending sending{.operation = call_.operation,
                  .request = call_.request,
                  .response = call_.response,
                  .body = BodyOf(*call_.operation, *call_.request),
                  .site = call_.site,
                  .deadline = deadline,
                  .trace = &call_.trace};
  // The card is in the body alone from here on, unless it may be needed once more.
  if (!ControlOf(*call_.request).resend_if_absent()) WipeRequest(call_);
  tools_.exchange.Send(std::move(sending), [self = shared_from_this()](Answer answer) {
    self->OnSent(std::move(answer));
  });
}

void MoneyCall::OnSent(Answer answer) {
  call_.http_status = answer.http_status;
  call_.upstream_us += answer.upstream_us;
  call_.detail = answer.detail;
  switch (answer.kind) {
    case Answer::Kind::kSuccess:
      if (protocol_.names_another != nullptr && protocol_.names_another(facts_)) {
        codec::WipeAll(*call_.operation->response_plan, *call_.response);
        call_.response->Clear();
        return StartDoubt(Moment::kAfterDoubt,
                          {.message = "MultiSafepay answered about another payment",
                           .reason = std::string(reason::kUpstreamMismatch)});
      }
      if (protocol_.looks_after) {
        call_.response->Clear();
        return StartDoubt(
            Moment::kAfterSuccess,
            {.message = "MultiSafepay took the call, but the order does not show it"});
      }
      if (protocol_.complete != nullptr) protocol_.complete(facts_);
      return EndDone(/*reconciled=*/false, /*replayed=*/false);
    case Answer::Kind::kNotSent:
      // A second sending that did not leave says nothing about the first.
      return resent_ ? EndUnknown(doubt_, nullptr) : EndFailed(std::move(answer.failure));
    case Answer::Kind::kRefused:
      // Nor does a second one that was refused: the first may be why.
      if (resent_) return StartDoubt(Moment::kAfterDoubt, std::move(answer.failure));
      return OnRefused(std::move(answer));
    case Answer::Kind::kOpen:
      return StartDoubt(Moment::kAfterDoubt, std::move(answer.failure));
  }
}

void MoneyCall::OnRefused(Answer answer) {
  facts_.refusal = std::move(answer.failure);
  if (facts_.refusal.is_rate_limit()) {
    // Nothing is looked up: the repeat is the same call with the same key. Of an earlier attempt
    // that the caller speaks of, this says nothing.
    const bool earlier = ControlOf(*call_.request).repeat() || call_.previous_attempts > 0;
    if (earlier) facts_.refusal.outcome = v1::OUTCOME_UNKNOWN;
    return EndFailed(facts_.refusal);
  }
  const bool explained = protocol_.explains_refusal != nullptr &&
                         protocol_.explains_refusal(facts_, facts_.refusal.error_code);
  if (!explained) return EndFailed(facts_.refusal);
  LookUntilTold([self = shared_from_this()](const std::shared_ptr<Look>& look) {
    self->OnRefusalLook(*look);
  });
}

void MoneyCall::OnRefusalLook(const Look& look) {
  if (!look.told()) {
    // A decline is a decline; of everything else an earlier attempt may be the reason.
    const int code = facts_.refusal.error_code;
    const bool earlier = call_.operation->creates() ? code == 1006 : facts_.keyed;
    if (facts_.tried_before || earlier) return EndUnknown(facts_.refusal, nullptr);
    return EndFailed(facts_.refusal);
  }
  Verdict verdict = protocol_.judge(facts_, look.order(), Moment::kAfterRefusal);
  if (verdict.kind == Verdict::Kind::kDone) {
    const bool declined = facts_.refusal.error_code == 1024;
    return EndDone(/*reconciled=*/declined, /*replayed=*/!declined);
  }
  const bool open = verdict.kind == Verdict::Kind::kOpen && look.order() != nullptr;
  if (open && facts_.tried_before) return EndUnknown(facts_.refusal, &look);
  EndFailed(verdict.kind == Verdict::Kind::kRefused ? std::move(verdict.failure) : facts_.refusal);
}

void MoneyCall::StartDoubt(Moment moment, Failure cause) {
  moment_ = moment;
  doubt_ = std::move(cause);
  doubt_since_ = Clock::now();
  backoff_ms_ = tools_.options.reconcile_backoff_ms;
  LookAt(
      [self = shared_from_this()](const std::shared_ptr<Look>& look) { self->OnDoubtLook(*look); });
}

void MoneyCall::OnDoubtLook(const Look& look) {
  Verdict verdict;
  if (look.told()) verdict = protocol_.judge(facts_, look.order(), moment_);
  if (verdict.kind == Verdict::Kind::kDone)
    return EndDone(/*reconciled=*/moment_ == Moment::kAfterDoubt, /*replayed=*/false);
  if (verdict.kind == Verdict::Kind::kRefused) return EndFailed(std::move(verdict.failure));
  if (!verdict.failure.reason.empty()) doubt_.reason = verdict.failure.reason;
  const Clock::time_point now = Clock::now();
  const bool settled = look.told() && now - doubt_since_ >= milliseconds(tools_.options.settle_ms);
  const bool resend = settled && verdict.kind == Verdict::Kind::kNotDone && !resent_ &&
                      moment_ == Moment::kAfterDoubt &&
                      ControlOf(*call_.request).resend_if_absent();
  if (resend) {
    resent_ = true;
    facts_.tried_before = true;
    return Send();
  }
  if (settled && look.absent && protocol_.stands_when_absent != nullptr &&
      protocol_.stands_when_absent(facts_, doubt_)) {
    doubt_.outcome = v1::OUTCOME_REJECTED;
    return EndFailed(doubt_);
  }
  const Clock::time_point next = now + look.Pause(backoff_ms_);
  if (settled || next >= LastMoment()) return EndUnknown(doubt_, &look);
  backoff_ms_ = std::min(backoff_ms_ * 2, kBackoffMaxMs);
  tools_.timer.At(next, [self = shared_from_this()] { self->LookAgain(); });
}

void MoneyCall::LookAgain() {
  LookAt(
      [self = shared_from_this()](const std::shared_ptr<Look>& look) { self->OnDoubtLook(*look); });
}

void MoneyCall::EndDone(bool reconciled, bool replayed) {
  if (v1::Order* order = MutableOrderOf(*call_.response)) {
    // An all-digit id may come back as a number, without its zeros: the caller gets the id that it
    // sent.
    const std::string_view sent = OrderIdOf(*call_.operation, *call_.request);
    if (order->has_order_id() && order->order_id() != sent && SameOrderId(sent, order->order_id()))
      order->set_order_id(std::string(sent));
    StripMarker(*order);
    if (IsOdd(*order)) tools_.metrics.CountOddState(order->status(), order->financial_status());
    call_.payment_state = order->payment_state();
    if (order->has_decline() && !replayed)
      tools_.metrics.CountDecline(NameOf(order->decline().category()));
  }
  v1::CallResult& result = ResultOf(*call_.response);
  result.set_outcome(v1::OUTCOME_CONFIRMED);
  result.set_idempotency_key(facts_.key);
  result.set_reconciled(reconciled);
  result.set_replayed(replayed);
  if (facts_.markers && call_.operation->creates() && facts_.marker_place == MarkerPlace::kNone &&
      facts_.reason.empty())
    facts_.reason = "NO_MARKER";
  if (!facts_.reason.empty()) result.set_reason(facts_.reason);
  call_.idempotency_key = std::move(facts_.key);
  call_.outcome = v1::OUTCOME_CONFIRMED;
  if (reconciled || replayed)
    tools_.metrics.CountReconciliation(call_.operation->row.name,
                                       reconciled ? "reconciled" : "replayed");
  End();
}

void MoneyCall::EndFailed(Failure failure) {
  codec::WipeAll(*call_.operation->response_plan, *call_.response);
  call_.response->Clear();
  failure.order_id = std::string(OrderIdOf(*call_.operation, *call_.request));
  failure.idempotency_key = facts_.key;
  call_.idempotency_key = facts_.key;
  call_.outcome = failure.outcome;
  call_.failure = std::move(failure);
  End();
}

void MoneyCall::EndUnknown(Failure cause, const Look* look) {
  Failure failure = Unknown(std::move(cause));
  if (look != nullptr && look->order() != nullptr) {
    const codec::Plan* plan = look->response_plan->Find("order")->message;
    const std::shared_ptr<v1::Order> order(new v1::Order(*look->order()), [plan](v1::Order* told) {
      codec::WipeAll(*plan, *told);
      delete told;
    });
    StripMarker(*order);
    CompleteOrder(*order);
    failure.order = order;
  }
  tools_.metrics.CountReconciliation(call_.operation->row.name, "unknown");
  EndFailed(std::move(failure));
}

void MoneyCall::End() {
  WipeRequest(call_);
  // Joined calls take their copy before the reply goes out and this call with it.
  const bool did_something =
      call_.outcome == v1::OUTCOME_CONFIRMED || call_.outcome == v1::OUTCOME_UNKNOWN;
  if (leased_) tools_.lease->Release(flight_.name(), flight_.digest(), did_something);
  if (leads_) tools_.flights.Land(flight_.name(), this, did_something);
  std::move(done_)();
}

}  // namespace msp::psp
