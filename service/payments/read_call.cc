// SPDX-License-Identifier: Apache-2.0

#include "service/payments/read_call.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "multisafepay/v1/order_service.pb.h"
#include "multisafepay/v1/token_service.pb.h"
#include "multisafepay/v1/transaction_service.pb.h"
#include "service/base/random.h"
#include "service/codec/redact.h"
#include "service/payments/identity.h"
#include "service/payments/message_cast.h"
#include "service/payments/mismatch.h"
#include "service/payments/paging.h"
#include "service/payments/state.h"
#include "service/payments/upstream_time.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;
using http::Clock;
using std::chrono::milliseconds;

constexpr int kAttemptsMax = 3;
constexpr std::int64_t kBackoffMs = 100;
constexpr int kRequestTimeout = 408;

// A customer without tokens is normal; MultiSafepay answers an error, 410 with code 1000.
bool IsEmptyTokenList(const Operation& operation, const Failure& failure) {
  return operation.row.response == &v1::ListTokensResponse::default_instance() &&
         failure.error_code == 1000 && failure.code == absl::StatusCode::kNotFound;
}

// MultiSafepay may be blind to case where the shop's ids are not.
bool IsAboutOtherCase(const google::protobuf::Message& request,
                      const google::protobuf::Message& response) {
  const auto* const got = As<v1::GetOrderResponse>(response);
  if (got == nullptr) return false;
  const std::string& id = static_cast<const v1::GetOrderRequest&>(request).order_id();
  const v1::Order& order = got->order();
  return order.has_order_id() && !SameOrderId(id, order.order_id()) && id != order.transaction_id();
}

void SetTimes(v1::Transaction& transaction) {
  if (const auto s = UpstreamTimeSeconds(transaction.created()))
    transaction.mutable_created_time()->set_seconds(*s);
  if (const auto s = UpstreamTimeSeconds(transaction.updated()))
    transaction.mutable_updated_time()->set_seconds(*s);
  if (const auto s = UpstreamTimeSeconds(transaction.completed()))
    transaction.mutable_completed_time()->set_seconds(*s);
}

}  // namespace

void ReadCall::Start() {
  const auto self = shared_from_this();
  run_ = Run();
  run_.Start();
}

Task<void> ReadCall::Run() {
  while (true) {
    Callback<RestResult> sent = Send();
    RestResult answer = co_await sent;
    call_.http_status = answer.http_status;
    call_.upstream_us += answer.upstream_us;
    call_.detail = answer.detail;
    if (answer.outcome == CallOutcome::kConfirmed) {
      if (!IsAboutOtherCase(*call_.request, *call_.response)) co_return Succeed(answer);
      call_.response->Clear();
      co_return Fail(MismatchFailure("order_id", answer.http_status));
    }
    if (IsEmptyTokenList(*call_.operation, answer.failure)) {
      call_.response->Clear();
      co_return std::move(done_)();
    }
    const auto retry_at = RetryAt(answer);
    if (!retry_at) co_return Fail(std::move(answer.failure));
    dependencies_.metrics.CountRetry(call_.operation->row.name);
    Callback<bool> paused = Until(dependencies_.timer, shared_from_this(), *retry_at);
    co_await paused;
  }
}

Callback<RestResult> ReadCall::Send() {
  ++call_.attempts;
  return {shared_from_this(), [this](Callback<RestResult>::Done done) {
            const ApiOptions& options = dependencies_.options;
            RestRequest rest_request{
                .operation = call_.operation,
                .request = call_.request,
                .response = call_.response,
                .body = BodyOf(*call_.operation, *call_.request),
                .site = call_.site,
                .deadline = std::min(call_.deadline - milliseconds(options.reply_margin_ms),
                                     Clock::now() + milliseconds(options.upstream_timeout_ms)),
                .trace = &call_.trace};
            dependencies_.rest_call.Send(std::move(rest_request), std::move(done));
          }};
}

std::optional<Clock::time_point> ReadCall::RetryAt(const RestResult& answer) const {
  // No answer, or a server's error; what a 2xx or 4xx says will be said again.
  const bool server_error = answer.outcome == CallOutcome::kUnknown &&
                            (answer.http_status == 0 || answer.http_status == kRequestTimeout ||
                             answer.http_status >= 500);
  const bool unsent = answer.outcome == CallOutcome::kNotSent &&
                      answer.failure.code == absl::StatusCode::kUnavailable;
  // A 429 is tried again only at the time that it names: else retries would eat up the very budget
  // that has run out.
  const bool has_retry_after = answer.failure.is_rate_limit() && answer.retry_after_s >= 0;
  const bool retryable = server_error || unsent || has_retry_after;
  const bool malformed = answer.failure.reason == reason::kUpstreamMalformed;
  const bool too_large = answer.failure.reason == reason::kAnswerTooLarge;
  const bool late = answer.failure.reason == reason::kUpstreamTimeout;
  if (!call_.operation->reads() || !retryable || malformed || too_large || late ||
      call_.attempts >= kAttemptsMax)
    return std::nullopt;
  if (answer.failure.reason == reason::kShuttingDown) return std::nullopt;
  const std::int64_t backoff = kBackoffMs << (call_.attempts - 1);
  std::int64_t wait_ms =
      backoff / 2 + static_cast<std::int64_t>(RandomBelow(static_cast<std::uint64_t>(backoff)));
  if (answer.retry_after_s >= 0)
    wait_ms = std::max(wait_ms, std::min<std::int64_t>(answer.retry_after_s, 3'600) * 1'000);
  const auto at = Clock::now() + milliseconds(wait_ms);
  if (at + milliseconds(2 * dependencies_.options.reply_margin_ms) >= call_.deadline ||
      !dependencies_.budget.Spend())
    return std::nullopt;
  return at;
}

void ReadCall::Succeed(const RestResult& answer) {
  dependencies_.budget.Earn();
  if (auto* const got = As<v1::GetOrderResponse>(*call_.response)) {
    v1::Order& order = *got->mutable_order();
    // An all-digit id may come back as a number, without its zeros: the caller gets the id that it
    // sent.
    const std::string_view sent = OrderIdOf(*call_.operation, *call_.request);
    if (order.has_order_id() && SameOrderId(sent, order.order_id()))
      order.set_order_id(std::string(sent));
    StripMarker(order);
    CompleteOrder(order);
    if (IsUndocumentedState(order))
      dependencies_.metrics.CountOddState(order.status(), order.financial_status());
    call_.payment_state = order.payment_state();
    if (dependencies_.options.event_access != nullptr)
      dependencies_.options.event_access->Take(call_.site->name(), order.order_id(), order);
  } else if (auto* const list = As<v1::ListTransactionsResponse>(*call_.response)) {
    for (v1::Transaction& transaction : *list->mutable_transactions()) SetTimes(transaction);
  } else if (auto* const one = As<v1::GetTransactionResponse>(*call_.response)) {
    SetTimes(*one->mutable_transaction());
  }
  SetNextPage(*call_.request, answer.envelope, *call_.response);
  std::move(done_)();
}

void ReadCall::Fail(Failure failure) {
  failure.order_id = std::string(OrderIdOf(*call_.operation, *call_.request));
  call_.outcome = failure.outcome;
  call_.failure = std::move(failure);
  std::move(done_)();
}

}  // namespace msp::payments
