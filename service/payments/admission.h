// SPDX-License-Identifier: Apache-2.0

// Says which call a payment call is (its order, its key, the digest of what was sent), and lets one
// at a time act on an order: single flight within this process, a lease across replicas. A call
// that equals the one that acts waits for its answer. Part of one PaymentCall.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "service/base/task.h"
#include "service/base/timer.h"
#include "service/payments/api.h"
#include "service/payments/lease.h"
#include "service/payments/order_lookup.h"
#include "service/payments/policy.h"
#include "service/payments/single_flight.h"

namespace msp::payments {

// What every payment call uses; owned by Api.
struct PaymentDependencies {
  const ApiOptions& options;
  RestCall& exchange;
  SingleFlight& flights;
  Timer& timer;
  telemetry::Metrics& metrics;
  Lease* lease;  // Null: single flight within this process only.
};

class Admission {
 public:
  enum class Result : std::uint8_t {
    kAdmitted,
    kAnswered,  // An equal call was joined; the call has its answer.
    kDone,      // Another replica's equal call has done it, as the order shows.
    kTooLong,   // An equal call has not ended in time.
    kBusy,
    kFull,
  };

  Admission(const PaymentDependencies& uses, Call& call, const OperationPolicy& policy,
            PaymentFacts& facts, OrderLookups& lookups);
  // Who keeps this alive while something is waited for. Before the first Enter.
  void SetOwner(std::weak_ptr<void> owner) { owner_ = std::move(owner); }

  // Into the call's facts and its request; once more where IsRenamed.
  void TakeIdentity();
  // Says in the call's facts what is known of equal ones.
  Task<Result> Enter();
  // True when the order turns out to go by another name than the caller gave: the call has left and
  // is to enter by that id.
  bool IsRenamed(const OrderLookup& lookup);
  // An equal call will be known as one for so long; 0 where this one has certainly done nothing.
  void Leave(std::chrono::milliseconds remembered);
  // What Enter's other results mean for the call.
  static Failure FailureOf(Result result);

 private:
  // How single flight within this process let the call in.
  enum class Single : std::uint8_t { kLeads, kLeadsAfterEqual, kTakesOver, kEnded };

  Callback<Single> AcquireSingleFlight();
  void EndJoin(const Admission* leader);
  Task<Result> AcquireLease();

  const PaymentDependencies uses_;
  Call& call_;
  const OperationPolicy& policy_;
  PaymentFacts& facts_;
  OrderLookups& lookups_;
  std::weak_ptr<void> owner_;
  SingleFlight::Flight flight_;
  Callback<Single>::Done joined_;  // Goes on once the joined call has ended.
  Result ended_ = Result::kFull;   // With kEnded.
  bool leads_ = false;             // It has the single flight of its order, and gives it back.
  bool leased_ = false;            // So too across replicas.
  bool renamed_ = false;
};

}  // namespace msp::payments
