// What every call has in common at gRPC's edge: its deadline and site on the way in; its status,
// its log line and its metrics on the way out. Owned by the server; any thread.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "service/psp/api.h"
#include "service/telemetry/log.h"
#include "service/telemetry/metrics.h"

namespace msp::server {

struct CallOptions {
  // Bounds every unary call, also one without a deadline of its own.
  std::int64_t call_max_ms = 33'000;
};

class Calls {
 public:
  Calls(CallOptions options, psp::Api& api, std::shared_ptr<const psp::Site> site,
        telemetry::Log& log, telemetry::Metrics& metrics)
      : options_(options), api_(api), site_(std::move(site)), log_(log), metrics_(metrics) {}

  // Starts the call; `done` runs when it has ended, on any thread.
  void Run(const grpc::ServerContext& context, psp::Call& call, psp::CallDone done);
  // The status to reply with; writes the log line and the metrics.
  grpc::Status End(const grpc::ServerContext& context, const psp::Call& call);
  // The reply could not be delivered: the caller had cancelled, or was gone.
  void CallerGone(const psp::Call& call);
  // The reply has left, or nobody was there to take it.
  void Gone() { in_hand_.fetch_sub(1, std::memory_order_release); }
  // Calls that have arrived and are not gone: their replies are not lost while it is above 0.
  std::int64_t in_hand() const { return in_hand_.load(std::memory_order_acquire); }
  // Calls that have arrived and not ended.
  std::int64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

 private:
  const CallOptions options_;
  psp::Api& api_;
  const std::shared_ptr<const psp::Site> site_;
  telemetry::Log& log_;
  telemetry::Metrics& metrics_;
  std::atomic<std::int64_t> in_flight_{0};
  std::atomic<std::int64_t> in_hand_{0};
};

}  // namespace msp::server
