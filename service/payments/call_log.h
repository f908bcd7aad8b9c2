// SPDX-License-Identifier: Apache-2.0

// What is written about a call: its request at level debug, and at its end its log line, span,
// audit line and counts. Independent of gRPC's types. Owned by main; any thread.
#pragma once

#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "service/payments/api.h"
#include "service/telemetry/audit.h"
#include "service/telemetry/log.h"
#include "service/telemetry/metrics.h"
#include "service/telemetry/recent_errors.h"

namespace msp::payments {

struct CallLogOptions {
  // A line for each hop of a sampled trace; a trace that begins here is sampled.
  bool spans = false;
  // Requests that are logged at level debug show personal data; never cards.
  bool log_personal_data = false;
};

// The caller, as gRPC reports it.
struct Caller {
  std::string peer;      // Its address.
  std::string identity;  // The name in its verified certificate; "" without one.
};

class CallLog {
 public:
  // `audit` and `recent` may be null. All outlive the log.
  CallLog(CallLogOptions options, telemetry::Log& log, telemetry::Metrics& metrics,
          telemetry::Audit* audit, telemetry::RecentErrors* recent)
      : options_(options), log_(log), metrics_(metrics), audit_(audit), recent_(recent) {}

  bool spans() const { return options_.spans; }
  void Arrived(const Call& call);
  // Whether the lines at the end of the call name the caller.
  bool NamesCaller(const Call& call) const {
    return Audits(call) || log_.Writes(telemetry::Level::kInfo);
  }
  // Writes the lines and counts of the end, then runs `reply`: at once, or with --audit_flush on
  // another thread when the audit line of a money-moving call is on disk.
  void Ended(const Call& call, const Caller& caller, absl::AnyInvocable<void() &&> reply);
  // The reply of an ended call could not be delivered: the caller had cancelled, or was gone.
  void CallerGone(const Call& call);

 private:
  struct End;
  bool Audits(const Call& call) const { return audit_ != nullptr && call.operation->moves_money(); }
  void WriteLine(const Call& call, const End& end);
  void WriteSpan(const Call& call, const End& end);
  void Remember(const Call& call, const End& end);
  void Audit(const Call& call, const End& end, absl::AnyInvocable<void() &&> reply);

  const CallLogOptions options_;
  telemetry::Log& log_;
  telemetry::Metrics& metrics_;
  telemetry::Audit* const audit_;
  telemetry::RecentErrors* const recent_;
};

}  // namespace msp::payments
