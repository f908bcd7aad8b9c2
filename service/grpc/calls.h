// SPDX-License-Identifier: Apache-2.0

// What every call has in common at gRPC's edge: its deadline, site and trace on the way in; how
// many are in progress; what is logged and counted on the way out. Owned by main; any thread.
#pragma once

#include <grpcpp/server_context.h>

#include <atomic>
#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "service/payments/api.h"
#include "service/payments/call_log.h"

namespace msp::server {

struct CallOptions {
  // Bounds every unary call, also one without a deadline of its own.
  std::int64_t call_max_ms = 33'000;
  // Callers show a certificate that was verified: log lines name its bearer, and sites may be bound
  // to it.
  bool client_certificates = false;
  // Calls belong to a trace: their caller's, or one of their own.
  bool trace = true;
};

class Calls {
 public:
  Calls(CallOptions options, payments::Api& api, payments::Sites& sites, payments::CallLog& log)
      : options_(options), api_(api), sites_(sites), log_(log) {}

  // Starts the call; `done` runs when it has ended, on any thread.
  void Run(const grpc::ServerContext& context, payments::Call& call, payments::CallDone done);
  // Logs and counts the call, then runs `reply`: at once, or on another thread.
  void End(const grpc::ServerContext& context, const payments::Call& call,
           absl::AnyInvocable<void() &&> reply);
  // The reply has left, or nobody was there to take it: overwrites what request and response hold
  // of cards, tokens and people.
  void Gone(const payments::Call& call, bool delivered);
  // Calls that have arrived and are not gone: their replies are not lost while it is above 0.
  std::int64_t in_hand() const { return in_hand_.load(std::memory_order_acquire); }
  // Calls that have arrived and not ended.
  std::int64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

 private:
  bool Admit(const grpc::ServerContext& context, payments::Call& call);

  const CallOptions options_;
  payments::Api& api_;
  payments::Sites& sites_;
  payments::CallLog& log_;
  std::atomic<std::int64_t> in_flight_{0};
  std::atomic<std::int64_t> in_hand_{0};
};

}  // namespace msp::server
