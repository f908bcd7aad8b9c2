// One payment call from its first check to its certain end, or to an honest UNKNOWN. `Run` in
// payment_call.cc is the whole of it, top down: admission, order look-up, one sending, and when no
// certain answer came, look-ups until the table of evidence (policy.h) gives a verdict or the time
// is up. Nothing is sent a second time unless the caller asked for that (`resend_if_absent`) and
// the record shows that the first sending did nothing.
//
// Kept alive by the callbacks that it waits for, which run one after the other on any thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "service/base/task.h"
#include "service/base/timer.h"
#include "service/psp/api.h"
#include "service/psp/exchange.h"
#include "service/psp/flights.h"
#include "service/psp/lease.h"
#include "service/psp/order_lookup.h"
#include "service/psp/policy.h"

namespace msp::psp {

// What every payment call uses; owned by Api.
struct PaymentDependencies {
  const ApiOptions& options;
  Exchange& exchange;
  Flights& flights;
  Timer& timer;
  telemetry::Metrics& metrics;
  Lease* lease;  // Null: single flight within this process only.
};

class PaymentCall : public std::enable_shared_from_this<PaymentCall> {
 public:
  PaymentCall(const PaymentDependencies& uses, Call& call, CallDone done);
  PaymentCall(const PaymentCall&) = delete;
  PaymentCall& operator=(const PaymentCall&) = delete;

  // The request has been checked.
  void Start();

 private:
  using TimePoint = http::Clock::time_point;
  // What follows a step.
  enum class Next : std::uint8_t { kEnded, kSend, kLookAgain, kStartAgain };
  // How single flight within this process let the call in.
  enum class Admission : std::uint8_t {
    kLeads,
    kLeadsAfterEqual,
    kAnswered,   // It has joined an equal call, and has its answer.
    kTakesOver,  // The call that it had joined ran out of time before it.
    kTooLong,    // The call that it joined has not ended in time.
    kBusy,
    kFull,
  };

  Task<void> Run();
  Task<Next> Acquire();
  Task<Next> AcquireLease();
  Task<Next> SendOnce();
  Task<Next> LookUp(Phase phase);
  Next Act(Verdict verdict, Found found, bool settled, const OrderLookup& lookup);

  Callback<Admission> Board();
  void EndJoin(const PaymentCall* leader);
  Callback<Lease::Grant> AskForLease(std::int64_t left_ms);
  Callback<Answer> Send(TimePoint deadline);
  Callback<bool> Until(TimePoint when);

  void TakeIdentity();
  void NoteDate(const OrderLookup& lookup);
  bool IsRenamed(const OrderLookup& lookup);
  bool MayResend(Finding finding) const;
  TimePoint LastMoment() const;

  Next EndDryRun();
  Next EndConfirmed(bool reconciled, bool replayed);
  Next EndFailed(Failure failure);
  Next EndUnread(const OrderLookup& lookup);
  Next EndUnknown(Failure cause, const OrderLookup* lookup);
  Next End();
  void Release(std::chrono::milliseconds remembered);

  const PaymentDependencies uses_;
  Call& call_;
  CallDone done_;
  const OperationPolicy& policy_;
  PaymentFacts facts_;
  OrderLookups lookups_;
  Flights::Flight flight_;
  Callback<Admission>::Done joined_;  // Goes on once the joined call has ended.
  bool leads_ = false;                // It has the single flight of its order, and gives it back.
  bool leased_ = false;               // So too across replicas.
  bool sees_equals_ = true;           // Redis knows of equal calls that other replicas had.
  bool renamed_ = false;              // It has given up the flight of an alias of its order.
  bool resent_ = false;
  Failure doubt_;   // Why the outcome is open.
  Task<void> run_;  // Last: its frame refers to the others.
};

}  // namespace msp::psp
