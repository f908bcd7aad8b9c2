#include "service/server/calls.h"

#include <algorithm>
#include <string>

#include "absl/strings/numbers.h"
#include "service/server/status.h"

namespace msp::server {
namespace {

using http::Clock;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// gRPC's deadline is a wall clock's; the service counts on a steady one from here on.
Clock::time_point DeadlineOf(const grpc::ServerContext& context, Clock::time_point now,
                             std::int64_t call_max_ms) {
  const auto longest = std::chrono::nanoseconds(milliseconds(call_max_ms));
  const auto wall = std::chrono::system_clock::now();
  const auto due = context.deadline();
  const auto left = due - wall >= longest ? longest : std::chrono::nanoseconds(due - wall);
  return now + left;
}

// gRPC's client libraries say in every attempt but the first how many there were before.
int PreviousAttempts(const grpc::ServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("grpc-previous-rpc-attempts");
  int attempts = 0;
  if (found == metadata.end() ||
      !absl::SimpleAtoi({found->second.data(), found->second.size()}, &attempts))
    return 0;
  return attempts;
}

// A payment state without its prefix: "PAID"; "" when the call has none.
std::string_view NameOf(multisafepay::v1::PaymentState state) {
  constexpr std::string_view kPrefix = "PAYMENT_STATE_";
  if (state == multisafepay::v1::PAYMENT_STATE_UNSPECIFIED) return {};
  return std::string_view(multisafepay::v1::PaymentState_Name(state)).substr(kPrefix.size());
}

std::int64_t MicrosecondsSince(Clock::time_point start) {
  return duration_cast<microseconds>(Clock::now() - start).count();
}

}  // namespace

void Calls::Run(const grpc::ServerContext& context, psp::Call& call, psp::CallDone done) {
  in_flight_.fetch_add(1, std::memory_order_relaxed);
  in_hand_.fetch_add(1, std::memory_order_relaxed);
  call.start = Clock::now();
  call.deadline = DeadlineOf(context, call.start, options_.call_max_ms);
  call.site = site_;
  call.previous_attempts = PreviousAttempts(context);
  api_.Start(call, std::move(done));
}

grpc::Status Calls::End(const grpc::ServerContext& context, const psp::Call& call) {
  in_flight_.fetch_sub(1, std::memory_order_relaxed);
  grpc::Status status = call.failure ? StatusOf(*call.failure) : grpc::Status::OK;
  const std::int64_t total_us = MicrosecondsSince(call.start);
  const std::string_view code = NameOf(status.error_code());
  const std::string_view outcome = NameOf(call.outcome);
  metrics_.CountCall(call.operation->row.name, code, outcome, total_us, call.upstream_us);
  const bool alarming = call.outcome == multisafepay::v1::OUTCOME_UNKNOWN || code == "INTERNAL";
  const auto level = alarming ? telemetry::Level::kWarning : telemetry::Level::kInfo;
  if (log_.Writes(level)) {
    const std::string peer = context.peer();
    log_.Write(
        level, "call",
        {{"method", call.operation->row.name},
         {"site", call.site->name()},
         {"order_id", psp::OrderIdOf(*call.operation, *call.request)},
         {"code", code},
         {"reason", call.failure ? std::string_view(call.failure->reason) : std::string_view()},
         {"outcome", outcome},
         {"state", NameOf(call.payment_state)},
         {"http_status", std::int64_t{call.http_status}},
         {"detail", call.detail},
         {"attempts", std::int64_t{call.attempts}},
         {"looks", std::int64_t{call.looks}},
         {"upstream_ms", static_cast<double>(call.upstream_us) / 1000},
         {"total_ms", static_cast<double>(total_us) / 1000},
         {"peer", peer}});
  }
  return status;
}

void Calls::CallerGone(const psp::Call& call) {
  if (!call.operation->moves_money()) return;
  const std::string_view outcome = NameOf(call.outcome);
  metrics_.CountCallerGone(call.operation->row.name, outcome);
  log_.Write(telemetry::Level::kWarning, "caller_gone",
             {{"method", call.operation->row.name},
              {"site", call.site->name()},
              {"order_id", psp::OrderIdOf(*call.operation, *call.request)},
              {"outcome", outcome}});
}

}  // namespace msp::server
