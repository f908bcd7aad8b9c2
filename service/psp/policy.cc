#include "service/psp/policy.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/psp/interpret.h"
#include "service/psp/state.h"

namespace msp::psp {
namespace {

namespace v1 = multisafepay::v1;
using enum Verdict;

// The table of evidence. A row for each Finding, a column for each Phase, in their order. A
// confirmation and a rejection need proof; time, absence and likeness are none, so what they leave
// open is looked at again, and unknown in the end.
constexpr std::array<std::array<Verdict, kPhases>, kFindings> kVerdicts{{
    // kBefore, kRepeat, kAfterSuccess, kRefused, kRefusedRepeat, kIndeterminate
    {kReplayed, kReplayed, kConfirmed, kReplayed, kReplayed, kReconciled},      // kOurs
    {kRejected, kRejected, kWait, kRejected, kRejected, kWait},                 // kOursOtherMoney
    {kConfirmed, kConfirmed, kConfirmed, kConfirmed, kConfirmed, kReconciled},  // kDoneOtherwise
    {kRejected, kRejected, kWait, kRefusalStands, kWait, kWait},                // kEqualExists
    {kRejected, kRejected, kWait, kRefusalStands, kRefusalStands, kRejected},   // kTakenForGood
    {kRejected, kWait, kWait, kRefusalSettled, kWait, kWait},                   // kTakenOpen
    {kSend, kSendSettled, kWait, kRefusalSettled, kWait, kWait},                // kTakenDead
    {kUnknown, kWait, kWait, kWait, kWait, kWait},                              // kCannotTell
    {kSend, kSendSettled, kRejectedSettled, kRefusalStands, kRefusalStands,
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

Verdict VerdictOf(Finding finding, Phase phase) {
  return kVerdicts[static_cast<std::size_t>(finding)][static_cast<std::size_t>(phase)];
}

const OperationPolicy& PolicyOf(const Operation& operation) {
  for (const auto& [name, policy] : kPolicies) {
    if (operation.row.name == name) return *policy;
  }
  std::abort();  // A payment row without a policy: a test walks all rows.
}

v1::CallResult& ResultOf(google::protobuf::Message& response) {
  const auto* type = response.GetDescriptor();
  // The call that is made most does without the search by name.
  if (type == v1::CreateOrderResponse::descriptor())
    return *static_cast<v1::CreateOrderResponse&>(response).mutable_result();
  const auto* field = type->FindFieldByName("result");
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

Found CannotTell(std::string message) {
  return {Finding::kCannotTell, {.message = std::move(message)}};
}

bool IsSameId(const PaymentFacts& facts, std::string_view sent, std::string_view answered,
              std::string_view field) {
  return SameOrderId(sent, answered, facts.numbers, field);
}

bool EqualsIgnoreCase(std::string_view value, std::string_view name) {
  return absl::EqualsIgnoreCase({value.data(), value.size()}, {name.data(), name.size()});
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

}  // namespace msp::psp
