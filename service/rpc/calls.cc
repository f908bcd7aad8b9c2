// SPDX-License-Identifier: Apache-2.0

#include "service/rpc/calls.h"

#include <chrono>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/strings/numbers.h"
#include "service/codec/redact.h"
#include "service/rpc/caller.h"

namespace msp::rpc {
namespace {

using http::Clock;
using std::chrono::milliseconds;

// gRPC's deadline is wall-clock time; from here on the service uses the steady clock.
Clock::time_point DeadlineOf(const grpc::ServerContext& context, Clock::time_point now,
                             std::int64_t call_max_ms) {
  const auto longest = std::chrono::nanoseconds(milliseconds(call_max_ms));
  const auto wall = std::chrono::system_clock::now();
  const auto due = context.deadline();
  const auto left = due - wall >= longest ? longest : std::chrono::nanoseconds(due - wall);
  return now + left;
}

// gRPC's client libraries send in each attempt after the first the number of earlier attempts.
int PreviousAttempts(const grpc::ServerContext& context) {
  const std::string_view text = MetadataOf(context, "grpc-previous-rpc-attempts");
  int attempts = 0;
  return absl::SimpleAtoi({text.data(), text.size()}, &attempts) ? attempts : 0;
}

// The first name in the caller's verified certificate; "" for none.
std::string IdentityOf(const grpc::ServerContext& context) {
  const auto proof = context.auth_context();
  const auto identities = IdentitiesOf(proof.get());
  return identities.empty() ? std::string() : std::string(identities[0]);
}

}  // namespace

void Calls::Run(const grpc::ServerContext& context, payments::Call& call, payments::CallDone done) {
  in_flight_.fetch_add(1, std::memory_order_relaxed);
  replies_pending_.fetch_add(1, std::memory_order_relaxed);
  call.start = Clock::now();
  call.deadline = DeadlineOf(context, call.start, options_.call_max_ms);
  call.previous_attempts = PreviousAttempts(context);
  if (options_.trace) {
    call.trace =
        telemetry::Accept(MetadataOf(context, "traceparent"), MetadataOf(context, "tracestate"));
    if (log_.spans() && call.trace.parent().empty()) call.trace.sampled = true;
  }
  if (!Admit(context, call)) return payments::Api::Refuse(call, std::move(done));
  log_.Arrived(call);
  api_.Start(call, std::move(done));
}

bool Calls::Admit(const grpc::ServerContext& context, payments::Call& call) {
  auto admitted = rpc::Admit(sites_, context, options_.client_certificates, call.start);
  if (auto* failure = std::get_if<payments::Failure>(&admitted); failure != nullptr) {
    call.failure = std::move(*failure);
    return false;
  }
  auto& taken = std::get<payments::Sites::Admitted>(admitted);
  call.site = std::move(taken.site);
  call.permit = std::move(taken.permit);
  return true;
}

void Calls::End(const grpc::ServerContext& context, const payments::Call& call,
                absl::AnyInvocable<void() &&> reply) {
  in_flight_.fetch_sub(1, std::memory_order_relaxed);
  payments::Caller caller;
  if (log_.NamesCaller(call)) {
    caller.peer = context.peer();
    if (options_.client_certificates) caller.identity = IdentityOf(context);
  }
  log_.Ended(call, caller, std::move(reply));
}

void Calls::OnReplySent(const payments::Call& call, bool delivered) {
  if (!delivered) log_.CallerGone(call);
  if (!call.request_zeroized) codec::Zeroize(*call.operation->request_schema, *call.request);
  codec::Zeroize(*call.operation->response_schema, *call.response);
  replies_pending_.fetch_sub(1, std::memory_order_release);
}

}  // namespace msp::rpc
