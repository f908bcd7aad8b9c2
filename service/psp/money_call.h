// One money-moving call from its first check to its certain end, or to an honest UNKNOWN.
//
// The line: board a flight, look first where the protocol or the caller asks for it, send once, and
// when no certain answer came, look at MultiSafepay's record until it tells or the time is up.
// Nothing is ever sent a second time unless the caller asked for that (`resend_if_absent`) and the
// record shows that the first sending did nothing.
//
// Shared by the closures of its own exchanges, which run one after the other: no two threads are
// ever in it at once.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "service/base/timer.h"
#include "service/psp/api.h"
#include "service/psp/exchange.h"
#include "service/psp/flights.h"
#include "service/psp/lease.h"
#include "service/psp/protocol.h"

namespace msp::psp {

// What every money-moving call uses; owned by Api.
struct MoneyTools {
  const ApiOptions& options;
  Exchange& exchange;
  Flights& flights;
  Timer& timer;
  telemetry::Metrics& metrics;
  Lease* lease;  // Null: flights are this process's own.
};

class MoneyCall : public std::enable_shared_from_this<MoneyCall> {
 public:
  MoneyCall(const MoneyTools& tools, Call& call, CallDone done);
  MoneyCall(const MoneyCall&) = delete;
  MoneyCall& operator=(const MoneyCall&) = delete;

  // The request has been checked and completed.
  void Begin();

 private:
  // What a look brought: an order, none, or nothing that can be used.
  struct Look {
    Look() = default;
    ~Look();  // Overwrites what was read.
    Look(const Look&) = delete;
    Look& operator=(const Look&) = delete;

    Answer::Kind kind = Answer::Kind::kOpen;
    bool absent = false;
    multisafepay::v1::GetOrderRequest request;
    multisafepay::v1::GetOrderResponse response;
    const codec::Plan* response_plan = nullptr;  // Null until something is read.
    std::vector<codec::Drift> drift;
    Failure failure;

    const multisafepay::v1::Order* order() const {
      return kind == Answer::Kind::kSuccess ? &response.order() : nullptr;
    }
    bool told() const { return kind == Answer::Kind::kSuccess || absent; }
    // The next one is not tried before this has passed: what MultiSafepay asks for, else `wait`.
    std::chrono::milliseconds Pause(std::int64_t wait_ms) const {
      return std::chrono::milliseconds(
          failure.is_rate_limit() ? std::max(failure.retry_after_ms, wait_ms) : wait_ms);
    }
  };
  using LookDone = absl::AnyInvocable<void(std::shared_ptr<Look>) &&>;

  bool Board();
  void OnLeaderLanded(const MoneyCall& leader);
  void OnJoinedTooLong();
  void TakeLease();
  void OnLease(Lease::Grant grant);
  void Lead();
  void OnFirstLook(const Look& look);
  void DryRun();
  void Send();
  void OnSent(Answer answer);
  void OnRefused(Answer answer);
  void OnRefusalLook(const Look& look);
  void StartDoubt(Moment moment, Failure cause);
  void LookAgain();
  void OnDoubtLook(const Look& look);
  void LookAt(LookDone done);
  void LookUntilTold(LookDone done, int tries = 1);
  void ReadRelated(std::shared_ptr<Look> look, LookDone done);
  Sending Reading(Look& look, std::string id);

  bool WaitsToSend();
  http::Clock::time_point LastMoment() const;
  bool Repeats() const;
  void EndDone(bool reconciled, bool replayed);
  void EndFailed(Failure failure);
  void EndUnknown(Failure cause, const Look* look);
  void End();

  const MoneyTools tools_;
  Call& call_;
  CallDone done_;
  const Protocol& protocol_;
  MoneyFacts facts_;
  Flights::Flight flight_;
  bool leads_ = false;  // It has boarded the flight, and lands it.
  bool leased_ = false;
  bool waited_ = false;           // An identical call elsewhere was in flight: look before sending.
  bool submitted_twice_ = false;  // An identical order was created a short while ago: so too.
  Moment moment_ = Moment::kBefore;
  http::Clock::time_point
      send_at_;    // A repeat of a POST that is nowhere to be seen waits until then.
  Failure doubt_;  // Why it is in doubt.
  http::Clock::time_point doubt_since_;
  std::int64_t backoff_ms_ = 0;
  bool resent_ = false;
};

}  // namespace msp::psp
