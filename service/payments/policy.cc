// SPDX-License-Identifier: Apache-2.0

#include "service/payments/policy.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/base/text.h"
#include "service/payments/interpret.h"
#include "service/payments/message_cast.h"
#include "service/payments/mismatch.h"
#include "service/payments/state.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;
using enum Decision;

// The table of evidence. A row for each Finding, a column for each Phase, in their order. A
// confirmation and a rejection need proof. Time, absence and similarity are not proof: what they
// leave open is read again, and is unknown when the time is up.
constexpr std::array<std::array<Decision, kPhases>, kFindings> kDecisions{{
    // kBefore, kRepeat, kAfterSuccess, kRefused, kRefusedRepeat, kIndeterminate
    {kReplayed, kReplayed, kConfirmed, kReplayed, kReplayed, kReconciled},  // kOurs
    {kRejected, kRejected, kWait, kRejected, kRejected, kWait},             // kOursOtherMoney
    {kRejected, kRejectedSettled, kWait, kRejectedSettled, kRejectedSettled,
     kRejectedSettled},                                                         // kUndone
    {kConfirmed, kConfirmed, kConfirmed, kConfirmed, kConfirmed, kReconciled},  // kDoneOtherwise
    {kRejected, kRejected, kWait, kRefusalStands, kWait, kWait},                // kEqualExists
    {kRejected, kRejected, kWait, kRefusalStands, kRefusalStands, kRejected},   // kTakenFinal
    {kRejected, kWait, kWait, kRefusalSettled, kWait, kWait},                   // kTakenOpen
    {kSend, kSendSettled, kWait, kRefusalSettled, kWait, kWait},                // kTakenFailed
    {kUnknown, kWait, kWait, kWait, kWait, kWait},  // kOwnerIndeterminate
    {kSend, kRejectedSettled, kRejectedSettled, kRefusalStands, kRefusalStands,
     kRejected},                                                                 // kImpossible
    {kSend, kSendSettled, kWait, kRefusalSettled, kWait, kWait},                 // kNothing
    {kSend, kSendSettled, kWait, kRefusalStands, kWait, kWait},                  // kAbsent
    {kRejectedSettled, kRejectedSettled, kWait, kRefusalSettled, kWait, kWait},  // kOrderUnknown
}};

const std::array<std::pair<std::string_view, const OperationPolicy*>, 6> kPolicies{
    {{"CreateOrder", &kCreatePolicy},
     {"CancelOrder", &kCancelPolicy},
     {"CaptureOrder", &kCapturePolicy},
     {"VoidOrder", &kVoidPolicy},
     {"RefundOrder", &kRefundPolicy},
     {"CancelRefund", &kCancelRefundPolicy}}};

}  // namespace

Decision DecisionFor(Finding finding, Phase phase) {
  return kDecisions[static_cast<std::size_t>(finding)][static_cast<std::size_t>(phase)];
}

const OperationPolicy& PolicyOf(const Operation& operation) {
  for (const auto& [name, policy] : kPolicies) {
    if (operation.row.name == name) return *policy;
  }
  std::abort();  // A payment row without a policy: a test walks all rows.
}

PaymentFacts FactsOf(const Call& call, const ApiOptions& options) {
  return {.operation = call.operation,
          .request = call.request,
          .response = call.response,
          .site = call.site.get(),
          .markers = options.idempotency_marker,
          .refund_pause_s = options.refund_pause_s};
}

Reaction ReactionTo(const OperationPolicy& policy, PaymentFacts& facts, RestResult& answer,
                    bool resent) {
  using Step = Reaction::Step;
  Failure& failure = answer.failure;
  switch (answer.outcome) {
    case CallOutcome::kNotSent:
      return {resent ? Step::kEndUnknown : Step::kEndFailed};
    case CallOutcome::kUnknown:
      return {};
    case CallOutcome::kConfirmed:
      if (policy.names_another != nullptr && policy.names_another(facts)) {
        failure.message = "MultiSafepay answered about another payment";
        failure.reason = reason::kUpstreamMismatch;
        return {};
      }
      if (!policy.reads_after) return {Step::kEndConfirmed};
      failure.message = "MultiSafepay accepted the call, but the order does not show it";
      return {Step::kLookUp, Phase::kAfterSuccess};
    case CallOutcome::kRejected:
      break;
  }
  if (resent) return {};  // The first send may be why.
  facts.refusal = failure;
  // Not processed, so not looked up. It proves nothing about an earlier attempt.
  if (failure.is_rate_limit()) return {facts.repeats() ? Step::kEndUnknown : Step::kEndFailed};
  if (policy.explains_refusal == nullptr || !policy.explains_refusal(facts, failure.error_code))
    return {Step::kEndFailed};
  // A decline is conclusive, whatever happened before it.
  const bool repeat = facts.repeats() && !IsDeclined(failure);
  return {Step::kLookUp, repeat ? Phase::kRefusedRepeat : Phase::kRefused};
}

bool MaySend(const OperationPolicy& policy, const PaymentFacts& facts, Settled settled,
             bool after_settle) {
  if (facts.operation->row.method != http::Method::kPost) return true;
  if (policy.may_follow_equal) return settled.enough || !after_settle;
  return !facts.repeats() && (settled.certain || !facts.may_miss_equal);
}

bool MayResend(const OperationPolicy& policy, const PaymentFacts& facts, Finding finding) {
  const bool nothing = finding == Finding::kNothing || finding == Finding::kAbsent ||
                       finding == Finding::kTakenFailed;
  return nothing && facts.refusal.reason.empty() && policy.may_follow_equal &&
         ControlOf(*facts.request).resend_if_absent();
}

// A decline is conclusive. Every other refusal that gets here is not.
bool RefusalIsConclusive(const PaymentFacts& facts) {
  return facts.operation->creates() && IsDeclined(facts.refusal) && !facts.repeats();
}

bool IsDeclined(const Failure& refusal) { return refusal.error_code == kDeclined; }

bool MayBeByEarlierAttempt(const PaymentFacts& facts, int error_code) {
  return error_code != 1032 || facts.repeats();
}

v1::CallResult& ResultOf(google::protobuf::Message& response) {
  // The most frequent call skips the search by name.
  if (auto* const created = As<v1::CreateOrderResponse>(response))
    return *created->mutable_result();
  const auto* field = response.GetDescriptor()->FindFieldByName("result");
  return static_cast<v1::CallResult&>(*response.GetReflection()->MutableMessage(&response, field));
}

Failure AlreadyExists(std::string_view reason, std::string message) {
  return {.code = absl::StatusCode::kAlreadyExists,
          .message = std::move(message),
          .reason = std::string(reason),
          .outcome = v1::OUTCOME_REJECTED};
}

Failure Precondition(std::string_view reason, std::string message) {
  return {.code = absl::StatusCode::kFailedPrecondition,
          .message = std::move(message),
          .reason = std::string(reason),
          .outcome = v1::OUTCOME_REJECTED};
}

Failure InvalidField(std::string field, std::string description) {
  Failure failure{.code = absl::StatusCode::kInvalidArgument,
                  .message = field + ": " + description,
                  .reason = std::string(reason::kInvalidRequest),
                  .outcome = v1::OUTCOME_NOT_SENT};
  failure.violations.push_back({.field = std::move(field), .description = std::move(description)});
  return failure;
}

Failure UnreadableMoney(std::string_view member) {
  return {.code = absl::StatusCode::kInternal,
          .message = absl::StrCat("nothing was sent: MultiSafepay's order has no readable ",
                                  absl::string_view(member.data(), member.size())),
          .reason = std::string(reason::kUpstreamMalformed),
          .outcome = v1::OUTCOME_NOT_SENT};
}

bool CannotRead(const PaymentFacts& facts, std::string_view member) {
  const std::string path = absl::StrCat("data.", absl::string_view(member.data(), member.size()));
  return std::any_of(facts.drift.begin(), facts.drift.end(), [&](const codec::Drift& drift) {
    return drift.kind != codec::Drift::Kind::kUnknownMember && drift.path == path;
  });
}

Found OwnerIndeterminate(std::string message) {
  return {Finding::kOwnerIndeterminate, {.message = std::move(message)}};
}

std::optional<std::int64_t> ReadableAmount(bool present, std::int64_t amount) {
  constexpr std::int64_t kMax = 1'000'000'000'000'000;
  if (!present || amount > kMax || amount < -kMax) return std::nullopt;
  return amount;
}

bool IsUndone(const v1::RelatedTransaction& related) {
  constexpr std::array<std::string_view, 4> kUndone{"void", "cancelled", "canceled", "declined"};
  return std::any_of(kUndone.begin(), kUndone.end(), [&](std::string_view status) {
    return EqualsIgnoreCase(related.status(), status);
  });
}

bool IsSameId(const PaymentFacts& facts, std::string_view sent, std::string_view answered,
              std::string_view field) {
  return SameOrderId(sent, answered, facts.numbers, field);
}

bool IsDead(const v1::Order& order) {
  switch (StateOf(order, false)) {
    case v1::PAYMENT_STATE_DECLINED:
    case v1::PAYMENT_STATE_CANCELLED:
    case v1::PAYMENT_STATE_EXPIRED:
      return true;
    default:
      return false;
  }
}

bool IsPaidForGood(const v1::Order& order) {
  switch (StateOf(order, false)) {
    case v1::PAYMENT_STATE_PAID:
    case v1::PAYMENT_STATE_PARTIALLY_REFUNDED:
    case v1::PAYMENT_STATE_REFUNDED:
    case v1::PAYMENT_STATE_CHARGED_BACK:
      return true;
    default:
      return false;
  }
}

}  // namespace msp::payments
