// SPDX-License-Identifier: Apache-2.0

#include "client/cli/report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "multisafepay/v1/order.pb.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/codec/redact.h"

namespace msp::cli {
namespace {

namespace v1 = multisafepay::v1;
using client::Error;
using grpc::StatusCode;

constexpr std::string_view kNextActionLost = "NEXT_ACTION_LOST";

// Placeholder of the request's order id in a hint.
constexpr char kOrderId[] = "ORDER_ID";

// The action; the first matching row. OK, OUTCOME_UNSPECIFIED and an empty reason match anything.
struct Hint {
  v1::Outcome outcome = v1::OUTCOME_UNSPECIFIED;
  StatusCode code = StatusCode::OK;
  std::string_view reason;
  std::string_view text;
};
constexpr Hint kHints[] = {
    {.reason = client::kNotConnected,
     .text = "nothing was sent; is the service up? Check --server, and whether it uses TLS (--tls, "
             "--ca) or plain text, then repeat the command"},
    {.outcome = v1::OUTCOME_NOT_SENT,
     .code = StatusCode::INVALID_ARGUMENT,
     .text = "nothing was sent; correct the request and send it again"},
    {.reason = "RATE_LIMITED",
     .text = "MultiSafepay's rate limit: nothing was done; the same command may be repeated"},
    {.outcome = v1::OUTCOME_NOT_SENT, .text = "nothing was sent; the same command may be repeated"},
    {.code = StatusCode::ALREADY_EXISTS,
     .text = "an equal one of another call exists; read it: msp order get ORDER_ID"},
    {.code = StatusCode::UNAUTHENTICATED, .text = "check the API key of the site"},
    {.code = StatusCode::PERMISSION_DENIED,
     .text = "check the API key of the site, and its permissions"},
    {.code = StatusCode::UNIMPLEMENTED, .text = "this server does not know the call; is it older?"},
    {.outcome = v1::OUTCOME_REJECTED,
     .text = "refused, so nothing was done; the same request would be refused again"},
    {.code = StatusCode::UNAVAILABLE, .text = "this call may be repeated safely: try again later"},
    {.code = StatusCode::DEADLINE_EXCEEDED,
     .text = "this call may be repeated safely, with a longer --timeout"},
};

std::string UnknownHint(std::string_view key) {
  std::string text = absl::StrCat("the money may have moved. First read the order: msp order get ",
                                  kOrderId, "; then repeat the same command with --repeat");
  if (key.empty()) {
    text += " (the service derives the same idempotency key from the same request)";
  } else {
    text += " and the same --idempotency-key";
  }
  return text + "; never under another order id";
}

std::string_view HintIn(const Error& error) {
  for (const Hint& hint : kHints) {
    if (hint.outcome != v1::OUTCOME_UNSPECIFIED && hint.outcome != error.outcome) continue;
    if (!hint.reason.empty() && hint.reason != error.reason) continue;
    if (hint.code == StatusCode::OK || hint.code == error.code) return hint.text;
  }
  return {};
}

std::string HintFor(const Error& error, std::string_view order_id, std::string_view key) {
  const bool unknown = error.outcome == v1::OUTCOME_UNKNOWN;
  std::string text = unknown ? UnknownHint(key) : std::string(HintIn(error));
  // Keep the placeholder for an id that may be a card number or holds control characters.
  if (order_id.empty() || codec::RedactedText(order_id) != order_id) return text;
  return absl::StrReplaceAll(text, {{kOrderId, {order_id.data(), order_id.size()}}});
}

// The source of an error that is not the service's: usually no answer from it.
std::string WhereFrom(const Error& error, std::string_view server) {
  if (!error.reason.empty()) return {};
  const bool silent =
      error.code == StatusCode::UNAVAILABLE || error.code == StatusCode::DEADLINE_EXCEEDED;
  return absl::StrCat(silent ? "no answer from " : "not from the service, but from gRPC for ",
                      std::string(server), ": ");
}

const v1::Order* OrderIn(const google::protobuf::Message& reply) {
  const auto* field = reply.GetDescriptor()->FindFieldByName("order");
  if (field == nullptr || field->message_type() != v1::Order::descriptor()) return nullptr;
  return static_cast<const v1::Order*>(&reply.GetReflection()->GetMessage(reply, field));
}

}  // namespace

int ExitOf(const Error& error) {
  return error.outcome == v1::OUTCOME_UNKNOWN ? kExitUnknown : kExitRefused;
}

std::string ErrorText(const Error& error, std::string_view server, std::string_view order_id,
                      std::string_view key) {
  std::string text = absl::StrCat("error: ", std::string(client::NameOf(error.code)));
  if (!error.reason.empty()) absl::StrAppend(&text, " ", codec::RedactedText(error.reason));
  const std::string outcome(client::NameOf(error.outcome));
  if (!outcome.empty()) absl::StrAppend(&text, " outcome=", outcome);
  absl::StrAppend(&text, ": ", WhereFrom(error, server), codec::RedactedText(error.message), "\n");
  for (const client::Violation& violation : error.violations) {
    absl::StrAppend(&text, "  ", codec::RedactedText(violation.field), ": ",
                    codec::RedactedText(violation.description), "\n");
  }
  const std::string hint = HintFor(error, order_id, key);
  if (!hint.empty()) absl::StrAppend(&text, "hint: ", hint, "\n");
  if (error.retry_after_ms.value_or(0) > 0) {
    absl::StrAppend(&text, "hint: wait ", *error.retry_after_ms, " ms before that\n");
  }
  return text;
}

std::string DeclineText(const google::protobuf::Message& reply) {
  const v1::Order* order = OrderIn(reply);
  if (order == nullptr || order->payment_state() != v1::PAYMENT_STATE_DECLINED) return {};
  const v1::Decline& decline = order->decline();
  std::string text = "declined";
  if (!decline.reason_code().empty())
    absl::StrAppend(&text, " ", codec::RedactedText(decline.reason_code()));
  if (!decline.reason().empty())
    absl::StrAppend(&text, ": ", codec::RedactedText(decline.reason()));
  text += '\n';
  if (decline.retry() != v1::RETRY_ADVICE_UNSPECIFIED) {
    absl::StrAppend(&text, "hint: ", v1::RetryAdvice_Name(decline.retry()),
                    "; any further try needs a new order id\n");
  }
  return text;
}

std::string CaveatText(const google::protobuf::Message& reply) {
  const auto* field = reply.GetDescriptor()->FindFieldByName("result");
  if (field == nullptr || field->message_type() != v1::CallResult::descriptor()) return {};
  const auto& result =
      static_cast<const v1::CallResult&>(reply.GetReflection()->GetMessage(reply, field));
  if (result.reason().empty()) return {};
  std::string text = absl::StrCat("note: ", codec::RedactedText(result.reason()), "\n");
  if (result.reason() == kNextActionLost) {
    text +=
        "hint: the page to send the customer to was in a lost answer. Cancel the order with msp "
        "order cancel, see it confirmed, then create another one with a new order id\n";
  }
  return text;
}

}  // namespace msp::cli
