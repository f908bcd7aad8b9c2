#include "service/psp/protocol.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/psp/state.h"

namespace msp::psp {
namespace {

namespace v1 = multisafepay::v1;

const std::array<std::pair<std::string_view, const Protocol*>, 6> kProtocols{
    {{"CreateOrder", &kCreateProtocol},
     {"CancelOrder", &kCancelProtocol},
     {"CaptureOrder", &kCaptureProtocol},
     {"VoidOrder", &kVoidProtocol},
     {"RefundOrder", &kRefundProtocol},
     {"CancelRefund", &kCancelRefundProtocol}}};

}  // namespace

const Protocol& ProtocolOf(const Operation& operation) {
  for (const auto& [name, protocol] : kProtocols) {
    if (operation.row.name == name) return *protocol;
  }
  std::abort();  // A money-moving row without a protocol: a test walks all rows.
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

bool CannotRead(const MoneyFacts& facts, std::string_view member) {
  const std::string path = absl::StrCat("data.", absl::string_view(member.data(), member.size()));
  return std::any_of(facts.drift.begin(), facts.drift.end(), [&](const codec::Drift& drift) {
    return drift.kind != codec::Drift::Kind::kUnknownMember && drift.path == path;
  });
}

Verdict Undecided(std::string message) {
  return {Verdict::Kind::kOpen, {.message = std::move(message)}};
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

}  // namespace msp::psp
