// SPDX-License-Identifier: Apache-2.0

#include "service/payments/order_lookup.h"

#include <algorithm>
#include <utility>

#include "service/codec/redact.h"
#include "service/payments/interpret.h"
#include "service/payments/mismatch.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;
using http::Clock;
using std::chrono::milliseconds;

// Lookups continue until the deadline, but for at most this many settle times.
constexpr int kSettleTimesMax = 15;
constexpr milliseconds kPauseMax{5'000};
// One GET may take this long before the next is tried.
constexpr milliseconds kLookupMax{5'000};
// Related transactions that one call reads by themselves.
constexpr std::size_t kRelatedMax = 8;
// How far back an earlier attempt may lie: a week for a repeat, minutes for a completed equal call.
constexpr std::int64_t kRepeatWindowS = std::int64_t{7} * 86'400;
constexpr std::int64_t kEqualWindowS = 300;

// A bare 404 may be a proxy's. The answer to a GET with 1006 says that no such order exists.
bool IsOrderAbsent(const RestResult& answer) {
  return answer.outcome == CallOutcome::kRejected &&
         answer.failure.code == absl::StatusCode::kNotFound &&
         answer.failure.error_code == kInvalidId;
}

}  // namespace

void OrderLookup::Clear() {
  if (response_schema != nullptr) codec::ZeroizeAll(*response_schema, response);
  response.Clear();
  outcome = CallOutcome::kUnknown;
  absent = false;
}

LookupBackoff::LookupBackoff(const ApiOptions& options, TimePoint reply_deadline, Kind kind)
    : reply_deadline_(reply_deadline), pause_(options.reconcile_backoff_ms) {
  const TimePoint now = Clock::now();
  const milliseconds settle(options.settle_ms);
  const auto left = std::max(reply_deadline - now, Clock::duration::zero());
  const auto after = [&](Clock::duration wait) {
    return now + (kind.unsent ? std::min(left / 2, wait) : wait);
  };
  settled_at_ = after(settle);
  certain_at_ = kind.unseen ? after(2 * settle) : settled_at_;
  end_ = std::min(reply_deadline, now + settle * kSettleTimesMax);
}

std::optional<LookupBackoff::TimePoint> LookupBackoff::Next(TimePoint now, const Failure& failure) {
  // MultiSafepay's Retry-After takes precedence over the bound on lookups.
  const bool limited = failure.is_rate_limit();
  TimePoint next =
      now + (limited ? std::max(milliseconds(failure.retry_after_ms), pause_) : pause_);
  for (const TimePoint settled : {settled_at_, certain_at_}) {
    if (now < settled && !limited) next = std::min(next, settled);
  }
  pause_ = std::min(pause_ * 2, kPauseMax);
  if (next >= (limited ? reply_deadline_ : end_)) return std::nullopt;
  return next;
}

Task<void> OrderLookups::Get(std::string id, Clock::time_point reply_deadline,
                             OrderLookup& lookup) {
  lookup.Clear();
  lookup.request.set_order_id(std::move(id));
  const Operation& operation = rest_call_.operations().Find("GetOrder");
  lookup.response_schema = operation.response_schema;
  ++call_.order_reads;
  Callback<RestResult> sent(
      owner_.lock(), [this, reply_deadline, &operation, &lookup](Callback<RestResult>::Done done) {
        rest_call_.Send({.operation = &operation,
                         .request = &lookup.request,
                         .response = &lookup.response,
                         .site = call_.site,
                         .deadline = std::min(reply_deadline, Clock::now() + kLookupMax),
                         .trace = &call_.trace},
                        std::move(done));
      });
  RestResult answer = co_await sent;
  call_.upstream_us += answer.upstream_us;
  lookup.outcome = answer.outcome;
  lookup.absent = IsOrderAbsent(answer);
  lookup.drift = std::move(answer.drift);
  lookup.numbers = std::move(answer.numbers);
  lookup.date_s = answer.date_s;
  lookup.failure = std::move(answer.failure);
  const v1::Order& order = lookup.response.order();
  if (lookup.outcome == CallOutcome::kConfirmed && order.order_id().empty() &&
      order.transaction_id() != lookup.request.order_id()) {
    // An order without an id decides nothing about money.
    lookup.outcome = CallOutcome::kUnknown;
    lookup.failure = {.code = absl::StatusCode::kInternal,
                      .message = "MultiSafepay answered with an order without an id",
                      .reason = std::string(reason::kUpstreamMalformed)};
  }
}

// By MultiSafepay's clock: this host's may be wrong.
void OrderLookups::NoteDate(const OrderLookup& lookup, PaymentFacts& facts) const {
  if (lookup.date_s < 0) return;
  const auto since = std::chrono::ceil<std::chrono::seconds>(Clock::now() - call_.start).count();
  const std::int64_t window_s = facts.claims_repeat ? kRepeatWindowS
                                : facts.after_equal ? kEqualWindowS
                                                    : 0;
  facts.first_attempt_s = lookup.date_s - since - window_s;
}

Task<void> OrderLookups::Fetch(const OperationPolicy& policy, PaymentFacts& facts,
                               Clock::time_point reply_deadline, OrderLookup& lookup) {
  std::string order_id(OrderIdOf(*call_.operation, *call_.request));
  Task<void> read = Get(std::move(order_id), reply_deadline, lookup);
  co_await read;
  NoteDate(lookup, facts);
  facts.own_ids_read = 0;  // What was absent under these ids may exist by now.
  facts.drift = lookup.drift;
  facts.numbers = lookup.numbers;
  // Where the order is not conclusive, transactions are read one after the other.
  while (lookup.order() != nullptr && policy.unread != nullptr && facts.read.size() < kRelatedMax) {
    const std::string id = policy.unread(facts, *lookup.order());
    if (id.empty()) co_return;
    OrderLookup one;
    Task<void> read_one = Get(id, reply_deadline, one);
    co_await read_one;
    const v1::Order& order = one.response.order();
    const bool own =
        std::find(facts.own_ids.begin(), facts.own_ids.end(), id) != facts.own_ids.end();
    const bool found = one.order() != nullptr;
    // The order names a transaction that cannot be read, or the answer for this call's own id has
    // another id: the lookup as a whole is inconclusive.
    if (!one.absent && !(found && (!own || SameOrderId(id, order.order_id())))) {
      lookup.failure = std::move(one.failure);
      lookup.outcome =
          one.outcome == CallOutcome::kNotSent ? CallOutcome::kNotSent : CallOutcome::kUnknown;
      co_return;
    }
    if (own) ++facts.own_ids_read;
    facts.read[id] = order.order_id();
    if (own && found) {
      facts.own_transaction_id = order.transaction_id();
      facts.own_auth_order_id = order.auth_order_id();
      if (order.has_amount()) facts.own_amount = order.amount();
    }
  }
}

}  // namespace msp::payments
