// SPDX-License-Identifier: Apache-2.0

// One payment call from its first check to a certain outcome or UNKNOWN. `Run` in payment_call.cc
// is the whole of it, top down: admission, order lookup, one send, and, when no conclusive
// answer came, lookups until the table of evidence (policy.h) gives a verdict or the time is up.
// Nothing is sent a second time unless the caller asked for that (`resend_if_absent`) and the
// record shows that the first send had no effect.
//
// Kept alive by the callbacks that it waits for. These run one after the other, on any thread.
#pragma once

#include <chrono>
#include <memory>

#include "service/base/task.h"
#include "service/payments/admission.h"
#include "service/payments/api.h"
#include "service/payments/order_lookup.h"
#include "service/payments/payment_reply.h"
#include "service/payments/policy.h"
#include "service/payments/rest_call.h"

namespace msp::payments {

class PaymentCall : public std::enable_shared_from_this<PaymentCall> {
 public:
  PaymentCall(const PaymentDependencies& dependencies, Call& call, CallDone done);
  PaymentCall(const PaymentCall&) = delete;
  PaymentCall& operator=(const PaymentCall&) = delete;

  // The request has been checked.
  void Start();

 private:
  using TimePoint = http::Clock::time_point;
  // What follows a step.
  enum class Next : std::uint8_t { kEnded, kSend, kFetchAgain, kStartAgain };

  Task<void> Run();
  Task<Next> SendOnce();
  Task<Next> LookUp(Phase phase);
  Next Act(Decision verdict, Found found, Settled settled, const OrderLookup& lookup);

  Next OnAdmission(AdmissionResult result);
  // What follows from an answer; for a lookup, sets its `phase`.
  Next OnResponse(RestResult answer, Phase& phase);

  Next EndConfirmed(Proof proof);
  Next EndFailed(Failure failure);
  Next EndUnread(const OrderLookup& lookup);
  Next EndUnknown(Failure cause, const OrderLookup* lookup = nullptr);
  Next End();

  const PaymentDependencies dependencies_;
  Call& call_;
  CallDone done_;
  const OperationPolicy& policy_;
  const bool dry_run_;
  PaymentFacts facts_;
  OrderLookups lookups_;
  Admission admission_;
  bool resent_ = false;
  Failure send_failure_;  // Of the last send that MultiSafepay may have received: why the outcome
                          // is open.
  Task<void> run_;        // Last: its frame refers to the members above.
};

}  // namespace msp::payments
