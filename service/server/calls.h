// What every call has in common at gRPC's edge: its deadline, site and trace on the way in; its
// status, its lines in the logs and its metrics on the way out. Owned by the server; any thread.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "service/psp/api.h"
#include "service/telemetry/audit.h"
#include "service/telemetry/log.h"
#include "service/telemetry/metrics.h"
#include "service/telemetry/recent.h"

namespace msp::server {

struct CallOptions {
  // Bounds every unary call, also one without a deadline of its own.
  std::int64_t call_max_ms = 33'000;
  // Callers show a certificate that was verified: log lines name its bearer, and sites may be bound
  // to it.
  bool client_certificates = false;
  // Calls belong to a trace: their caller's, or one of their own.
  bool trace = true;
  // A line for each hop of a sampled trace; one that begins here is sampled.
  bool spans = false;
  // Personal data shows in the requests that are logged at level debug; cards never do.
  bool log_personal_data = false;
};

class Calls {
 public:
  using Reply = absl::AnyInvocable<void(const grpc::Status&) &&>;

  // `audit` and `recent` may be null.
  Calls(CallOptions options, psp::Api& api, psp::Sites& sites, telemetry::Log& log,
        telemetry::Metrics& metrics, telemetry::Audit* audit = nullptr,
        telemetry::Recent* recent = nullptr)
      : options_(options),
        api_(api),
        sites_(sites),
        log_(log),
        metrics_(metrics),
        audit_(audit),
        recent_(recent) {}

  // Starts the call; `done` runs when it has ended, on any thread.
  void Run(const grpc::ServerContext& context, psp::Call& call, psp::CallDone done);
  // Writes the lines and the metrics, then hands over the status to reply with: at once, or, on
  // another thread, when the audit line of a money-moving call is on disk and that was asked for.
  void End(const grpc::ServerContext& context, const psp::Call& call, Reply reply);
  // The reply could not be delivered: the caller had cancelled, or was gone.
  void CallerGone(const psp::Call& call);
  // The reply has been written: overwrites what request and response hold of cards, tokens and
  // people.
  static void Forget(const psp::Call& call);
  // The reply has left, or nobody was there to take it.
  void Gone() { in_hand_.fetch_sub(1, std::memory_order_release); }
  // Calls that have arrived and are not gone: their replies are not lost while it is above 0.
  std::int64_t in_hand() const { return in_hand_.load(std::memory_order_acquire); }
  // Calls that have arrived and not ended.
  std::int64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

 private:
  struct Ended;
  void LogRequest(const psp::Call& call);
  bool Admit(const grpc::ServerContext& context, psp::Call& call);
  void Log(const psp::Call& call, const Ended& ended);
  void LogSpan(const psp::Call& call, const Ended& ended);
  void Remember(const psp::Call& call, const Ended& ended);
  void AuditThenReply(const psp::Call& call, const Ended& ended, Reply reply);

  const CallOptions options_;
  psp::Api& api_;
  psp::Sites& sites_;
  telemetry::Log& log_;
  telemetry::Metrics& metrics_;
  telemetry::Audit* const audit_;
  telemetry::Recent* const recent_;
  std::atomic<std::int64_t> in_flight_{0};
  std::atomic<std::int64_t> in_hand_{0};
};

}  // namespace msp::server
