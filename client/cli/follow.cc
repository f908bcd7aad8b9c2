// SPDX-License-Identifier: Apache-2.0

#include "client/cli/follow.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/report.h"
#include "client/cli/table.h"
#include "service/base/random.h"
#include "service/codec/redact.h"

namespace msp::cli {
namespace {

namespace v1 = multisafepay::v1;
using Clock = std::chrono::steady_clock;
using grpc::StatusCode;

constexpr std::int64_t kPauseFirstMs = 200;
constexpr std::int64_t kPauseMaxMs = 10'000;
// A service that never answered counts as absent after this many attempts; one that has answered is
// retried until the timeout.
constexpr int kAttemptsUnseen = 4;

void Sleep(std::int64_t ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

std::int64_t LeftMs(Clock::time_point until) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
}

// Jitter, from half to the whole, so that many watchers do not reconnect at once.
std::int64_t Jittered(std::int64_t ms) {
  return ms / 2 + static_cast<std::int64_t>(RandomBelow(static_cast<std::uint64_t>(ms / 2 + 1)));
}

// "CAUSE_NOTIFICATION" is "notification".
std::string CauseText(v1::WatchOrderResponse::Cause cause) {
  std::string name = absl::AsciiStrToLower(v1::WatchOrderResponse::Cause_Name(cause));
  const std::string_view prefix = "cause_";
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  const auto seconds = static_cast<std::time_t>(time.seconds());
  std::tm parts{};
  char text[16];
  if (gmtime_r(&seconds, &parts) == nullptr ||
      std::strftime(text, sizeof text, "%H:%M:%SZ ", &parts) == 0)
    return {};
  return text;
}

}  // namespace

Followed FollowOrder(const client::Client& client, v1::WatchOrderRequest request,
                     const FollowOptions& options) {
  Followed followed{.resume_token = request.resume_token()};
  const auto sleep = options.pause ? options.pause : Sleep;
  const auto until =
      Clock::now() +
      std::chrono::milliseconds(options.timeout_ms.value_or(client.options().watch_timeout_ms));
  std::int64_t pause_ms = kPauseFirstMs;
  bool seen = false;
  for (int attempt = 1;; ++attempt) {
    const auto watch = client.WatchOrder(
        request, {.timeout_ms = std::max<std::int64_t>(LeftMs(until), 1), .metadata = {}});
    v1::WatchOrderResponse message;
    while (watch->Next(message)) {
      seen = true;
      pause_ms = kPauseFirstMs;
      if (!message.resume_token().empty()) followed.resume_token = message.resume_token();
      if (message.cause() == v1::WatchOrderResponse::CAUSE_HEARTBEAT) continue;
      if (message.has_order()) followed.order = message.order();
      if (!options.on_state(message)) {
        followed.end = Followed::End::kStopped;
        return followed;
      }
    }
    std::optional<client::Error> error = watch->Finish();
    if (!error) return followed;
    const std::int64_t left_ms = LeftMs(until);
    const bool late = error->code == StatusCode::DEADLINE_EXCEEDED;
    // This client does not cancel: a stopping server cancels calls that arrive too late for its
    // drain.
    const bool lost = late || error->code == StatusCode::UNAVAILABLE ||
                      (error->code == StatusCode::CANCELLED && !error->from_service);
    if (seen && lost && left_ms <= 0) {
      followed.end = Followed::End::kTimeout;
      return followed;
    }
    if (!lost || left_ms <= 0 || (!seen && attempt >= kAttemptsUnseen)) {
      followed.end = Followed::End::kError;
      followed.error = std::move(error);
      return followed;
    }
    const std::int64_t wait_ms = std::min(Jittered(pause_ms), left_ms);
    options.on_note(absl::StrCat("the stream was lost (", std::string(client::NameOf(error->code)),
                                 "); reconnecting in ", wait_ms, " ms"));
    sleep(wait_ms);
    pause_ms = std::min(2 * pause_ms, kPauseMaxMs);
    request.set_resume_token(followed.resume_token);
  }
}

int ExitOf(v1::PaymentState state) {
  switch (state) {
    case v1::PAYMENT_STATE_PAID:
    case v1::PAYMENT_STATE_AUTHORIZED:
    case v1::PAYMENT_STATE_PARTIALLY_CAPTURED:
      return kExitOk;
    case v1::PAYMENT_STATE_DECLINED:
      return kExitDeclined;
    case v1::PAYMENT_STATE_EXPIRED:
      return kExitExpired;
    case v1::PAYMENT_STATE_CANCELLED:
      return kExitCancelled;
    case v1::PAYMENT_STATE_PARTIALLY_REFUNDED:
    case v1::PAYMENT_STATE_REFUNDED:
    case v1::PAYMENT_STATE_CHARGED_BACK:
      return kExitGivenBack;
    case v1::PAYMENT_STATE_PROCESSING:
      return kExitProcessing;
    default:
      return kExitOpen;
  }
}

std::string NameOf(v1::PaymentState state) {
  const std::string name = v1::PaymentState_Name(state);
  const std::string_view prefix = "PAYMENT_STATE_";
  return name.starts_with(prefix) ? name.substr(prefix.size()) : "UNRECOGNIZED";
}

std::string StateLine(const v1::WatchOrderResponse& message) {
  const v1::Order& order = message.order();
  std::string line;
  if (message.has_observed_time()) line += TimeText(message.observed_time());
  absl::StrAppend(&line, NameOf(order.payment_state()));
  if (order.has_amount()) absl::StrAppend(&line, " ", Money(order.amount(), order.currency()));
  if (order.amount_refunded() > 0)
    absl::StrAppend(&line, ", ", Money(order.amount_refunded(), order.currency()), " refunded");
  if (order.payment_state() == v1::PAYMENT_STATE_DECLINED && !order.decline().reason().empty())
    absl::StrAppend(&line, ": ", codec::RedactedText(order.decline().reason()));
  if (message.cause() != v1::WatchOrderResponse::CAUSE_UNSPECIFIED)
    absl::StrAppend(&line, " (", CauseText(message.cause()), ")");
  return line;
}

}  // namespace msp::cli
