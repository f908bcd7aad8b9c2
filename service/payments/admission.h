// SPDX-License-Identifier: Apache-2.0

// Determines the identity of a payment call (its order, its key, the digest of what was sent) and
// admits one call at a time for an order: single flight within this process, a lease across
// replicas. A call that equals the one in flight waits for its answer. Part of one PaymentCall.
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

// The dependencies of every payment call; owned by Api.
struct PaymentDependencies {
  const ApiOptions& options;
  RestCall& rest_call;
  SingleFlight& single_flight;
  Timer& timer;
  telemetry::Metrics& metrics;
  Lease* lease;  // Null: single flight within this process only.
};

enum class AdmissionResult : std::uint8_t {
  kAdmitted,
  kAnswered,  // An equal call was joined; the call has its answer.
  kDone,      // An equal call of another replica was carried out, as the order shows.
  kTooLong,   // An equal call has not ended in time.
  kBusy,
  kFull,
};

class Admission {
 public:
  Admission(const PaymentDependencies& dependencies, Call& call, const OperationPolicy& policy,
            PaymentFacts& facts, OrderLookups& lookups);
  // The owner that keeps this alive during a wait. Set before the first Enter.
  void SetOwner(std::weak_ptr<void> owner) { owner_ = std::move(owner); }

  // Sets the identity in the call's facts and request. Called again after IsRenamed.
  void TakeIdentity();
  // Waits for admission. Stores in the call's facts what is known of equal calls.
  Task<AdmissionResult> Enter();
  // True when the order's own id is not the one that the caller gave. Then the call has released
  // its single flight and lease and has to enter again with that id.
  bool IsRenamed(const OrderLookup& lookup);
  // Releases single flight and lease. For `remembered` an equal call counts as a repeat; 0 where
  // this call certainly had no effect.
  void Release(std::chrono::milliseconds remembered);
  // The call's failure for Enter's other results.
  static Failure FailureOf(AdmissionResult result);

 private:
  // How single flight within this process admitted the call.
  enum class SingleFlightResult : std::uint8_t { kLeads, kLeadsAfterEqual, kTakesOver, kEnded };

  Callback<SingleFlightResult> AcquireSingleFlight();
  void EndJoin(const Admission* leader);
  Task<AdmissionResult> AcquireLease();

  const PaymentDependencies dependencies_;
  Call& call_;
  const OperationPolicy& policy_;
  PaymentFacts& facts_;
  OrderLookups& lookups_;
  std::weak_ptr<void> owner_;
  SingleFlight::Flight flight_;
  Callback<SingleFlightResult>::Done joined_;       // Continues once the joined call has ended.
  AdmissionResult ended_ = AdmissionResult::kFull;  // With kEnded.
  bool leads_ = false;   // It leads the single flight of its order and has to release it.
  bool leased_ = false;  // It holds the lease, too.
  bool renamed_ = false;
};

}  // namespace msp::payments
