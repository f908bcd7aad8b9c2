// How a money-moving call gets its turn: one at a time for an order, in this process by flights,
// and across replicas by leases.
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/psp/money_call.h"

namespace msp::psp {
namespace {

namespace v1 = multisafepay::v1;
using http::Clock;
using std::chrono::milliseconds;

// How often a lease that another replica holds is asked for again.
constexpr milliseconds kLeaseAgain{25};

Failure Busy() {
  return {.code = absl::StatusCode::kAborted,
          .message =
              "a different call for this order is in flight; wait for its end, then look before "
              "sending again",
          .reason = "ORDER_BUSY",
          .outcome = v1::OUTCOME_NOT_SENT};
}

}  // namespace

// True when the call goes itself; otherwise it has joined another, or has ended.
bool MoneyCall::Board() {
  if (!tools_.options.single_flight) return true;
  const std::string_view order_id = OrderIdOf(*call_.operation, *call_.request);
  absl::StrAppend(&flight_.text, call_.site->name(), "\n",
                  absl::string_view(order_id.data(), order_id.size()));
  Flights::Ticket ticket = 0;
  auto self = shared_from_this();
  const auto on_landing = [self](const void* leader) {
    self->OnLeaderLanded(*static_cast<const MoneyCall*>(leader));
  };
  switch (tools_.flights.Board({self, &flight_}, on_landing, &ticket)) {
    case Flights::Boarding::kLeadsAfterSame:
      submitted_twice_ = call_.operation->creates();
      [[fallthrough]];
    case Flights::Boarding::kLeads:
      leads_ = true;
      return true;
    case Flights::Boarding::kJoined:
      tools_.timer.At(LastMoment(), [self, ticket] {
        if (self->tools_.flights.Leave(self->flight_.name(), ticket)) self->OnJoinedTooLong();
      });
      return false;
    case Flights::Boarding::kBusy:
      EndFailed(Busy());
      return false;
    default:
      EndFailed({.code = absl::StatusCode::kResourceExhausted,
                 .message = "too many money-moving calls are in flight; nothing was sent",
                 .reason = std::string(reason::kOverloaded),
                 .outcome = v1::OUTCOME_NOT_SENT,
                 .retry_after_ms = 1'000});
      return false;
  }
}

void MoneyCall::OnLeaderLanded(const MoneyCall& leader) {
  call_.failure = leader.call_.failure;
  call_.outcome = leader.call_.outcome;
  call_.http_status = leader.call_.http_status;
  call_.payment_state = leader.call_.payment_state;
  call_.idempotency_key = leader.call_.idempotency_key;
  call_.detail = "joined an identical call in flight";
  if (!call_.failure) call_.response->CopyFrom(*leader.call_.response);
  End();
}

void MoneyCall::OnJoinedTooLong() {
  EndUnknown({.message = "the identical call in flight that this one joined has not ended in time"},
             nullptr);
}

void MoneyCall::TakeLease() {
  if (tools_.lease == nullptr) return Lead();
  const auto left = std::chrono::duration_cast<milliseconds>(LastMoment() - Clock::now()).count();
  if (left <= 0) return Lead();  // Too late for anything: said where it is sent.
  tools_.lease->Acquire(flight_.name(), flight_.digest(), left,
                        [self = shared_from_this()](Lease::Grant grant) { self->OnLease(grant); });
}

void MoneyCall::OnLease(Lease::Grant grant) {
  switch (grant) {
    case Lease::Grant::kHeldByOther:
      return EndFailed(Busy());
    case Lease::Grant::kHeldBySame: {
      // It cannot be joined across replicas; when it has ended, MultiSafepay's record tells what it
      // did.
      waited_ = true;
      const Clock::time_point again = Clock::now() + kLeaseAgain;
      if (again >= LastMoment()) return OnJoinedTooLong();
      tools_.timer.At(again, [self = shared_from_this()] { self->TakeLease(); });
      return;
    }
    case Lease::Grant::kGrantedAfterSame:
      submitted_twice_ = call_.operation->creates();
      [[fallthrough]];
    case Lease::Grant::kGranted:
      leased_ = true;
      break;
    case Lease::Grant::kUnavailable:
      break;
  }
  Lead();
}

}  // namespace msp::psp
