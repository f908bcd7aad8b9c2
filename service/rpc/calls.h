// SPDX-License-Identifier: Apache-2.0

// What all calls have in common on gRPC's side: deadline, site and trace at the start, the number
// in progress, logs and counts at the end. Owned by main; any thread.
#pragma once

#include <grpcpp/server_context.h>

#include <atomic>
#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "service/payments/api.h"
#include "service/payments/call_log.h"

namespace msp::rpc {

struct CallOptions {
  // Bounds every unary call, also one without a deadline of its own.
  std::int64_t call_max_ms = 33'000;
  // Callers present a verified certificate: log lines name its bearer, and sites may be restricted
  // to it.
  bool client_certificates = false;
  // Calls belong to a trace: their caller's, or a new one.
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
  // The reply was sent or could not be delivered: zeroizes cards, tokens and personal data in
  // request and response.
  void OnReplySent(const payments::Call& call, bool delivered);
  // Calls that have arrived and whose reply was not sent yet: a stop at 0 loses no reply.
  std::int64_t replies_pending() const { return replies_pending_.load(std::memory_order_acquire); }
  // Calls that have arrived and have not ended.
  std::int64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

 private:
  bool Admit(const grpc::ServerContext& context, payments::Call& call);

  const CallOptions options_;
  payments::Api& api_;
  payments::Sites& sites_;
  payments::CallLog& log_;
  std::atomic<std::int64_t> in_flight_{0};
  std::atomic<std::int64_t> replies_pending_{0};
};

}  // namespace msp::rpc
