#include "service/server/calls.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/numbers.h"
#include "service/codec/redact.h"
#include "service/server/caller.h"
#include "service/server/status.h"

namespace msp::server {
namespace {

using http::Clock;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::size_t kLoggedRequestBytesMax = 4096;

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
  const std::string_view text = MetadataOf(context, "grpc-previous-rpc-attempts");
  int attempts = 0;
  return absl::SimpleAtoi({text.data(), text.size()}, &attempts) ? attempts : 0;
}

// The first name that the caller proved to have; "" for none.
std::string IdentityOf(const grpc::ServerContext& context) {
  const auto proof = context.auth_context();
  const auto identities = IdentitiesOf(proof.get());
  return identities.empty() ? std::string() : std::string(identities[0]);
}

// The name of the call's site; "" before it has one.
std::string_view SiteOf(const psp::Call& call) {
  return call.site == nullptr ? std::string_view() : call.site->name();
}

// What is no order id is not repeated, and what passes for one is scrubbed: it may be anything, a
// card number too. This thread's, until its next one.
std::string_view LoggedOrderId(const psp::Call& call) {
  if (call.failure && !call.failure->violations.empty()) return call.failure->order_id;
  const std::string_view id = psp::OrderIdOf(*call.operation, *call.request);
  if (!codec::HoldsCardNumber(id)) return id;
  static thread_local std::string scrubbed;
  return scrubbed = codec::Scrubbed(id);
}

// At most `max` bytes, cut at a code point of text that is UTF-8.
std::string_view FirstBytes(std::string_view text, std::size_t max) {
  if (text.size() <= max) return text;
  while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xC0) == 0x80) --max;
  return text.substr(0, max);
}

// A failure that says something about MultiSafepay or this server, not about the request.
bool IsTrouble(grpc::StatusCode code) {
  switch (code) {
    case grpc::UNKNOWN:
    case grpc::INTERNAL:
    case grpc::UNAVAILABLE:
    case grpc::DEADLINE_EXCEEDED:
    case grpc::RESOURCE_EXHAUSTED:
    case grpc::UNAUTHENTICATED:
    case grpc::PERMISSION_DENIED:
      return true;
    default:
      return false;
  }
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

double Milliseconds(std::int64_t us) { return static_cast<double>(us) / 1000; }

}  // namespace

// What the lines of one ended call have in common.
struct Calls::Ended {
  grpc::Status status;
  std::string_view code;
  std::string_view outcome;
  std::string_view reason;
  std::int64_t error_code = 0;
  std::int64_t total_us = 0;
  std::string peer;
  std::string identity;
};

void Calls::Run(const grpc::ServerContext& context, psp::Call& call, psp::CallDone done) {
  in_flight_.fetch_add(1, std::memory_order_relaxed);
  in_hand_.fetch_add(1, std::memory_order_relaxed);
  call.start = Clock::now();
  call.deadline = DeadlineOf(context, call.start, options_.call_max_ms);
  call.previous_attempts = PreviousAttempts(context);
  if (options_.trace) {
    call.trace =
        telemetry::Accept(MetadataOf(context, "traceparent"), MetadataOf(context, "tracestate"));
    if (options_.spans && call.trace.parent().empty()) call.trace.sampled = true;
  }
  if (!Admit(context, call)) return psp::Api::Refuse(call, std::move(done));
  if (log_.Writes(telemetry::Level::kDebug)) LogRequest(call);
  api_.Start(call, std::move(done));
}

void Calls::LogRequest(const psp::Call& call) {
  const std::string text = codec::Redacted(*call.operation->request_plan, *call.request,
                                           {.show_personal_data = options_.log_personal_data});
  log_.Write(telemetry::Level::kDebug, "request",
             {{"method", call.operation->row.name},
              {"site", SiteOf(call)},
              {"request", FirstBytes(text, kLoggedRequestBytesMax)},
              {"trace_id", call.trace.trace()}});
}

bool Calls::Admit(const grpc::ServerContext& context, psp::Call& call) {
  auto admitted = server::Admit(sites_, context, options_.client_certificates, call.start);
  if (auto* failure = std::get_if<psp::Failure>(&admitted); failure != nullptr) {
    call.failure = std::move(*failure);
    return false;
  }
  auto& taken = std::get<psp::Sites::Admitted>(admitted);
  call.site = std::move(taken.site);
  call.place = std::move(taken.place);
  return true;
}

void Calls::End(const grpc::ServerContext& context, const psp::Call& call, Reply reply) {
  in_flight_.fetch_sub(1, std::memory_order_relaxed);
  Ended ended{.status = call.failure ? StatusOf(*call.failure) : grpc::Status::OK,
              .outcome = NameOf(call.outcome),
              .total_us = MicrosecondsSince(call.start)};
  ended.code = NameOf(ended.status.error_code());
  if (call.failure) {
    ended.reason = call.failure->reason;
    ended.error_code = call.failure->error_code;
  }
  metrics_.CountCall({.method = call.operation->row.name,
                      .code = ended.code,
                      .outcome = ended.outcome,
                      .total_us = ended.total_us,
                      .upstream_us = call.upstream_us});
  const bool audits = audit_ != nullptr && call.operation->moves_money();
  if (audits || log_.Writes(telemetry::Level::kInfo)) {
    ended.peer = context.peer();
    if (options_.client_certificates) ended.identity = IdentityOf(context);
  }
  Log(call, ended);
  if (options_.spans && call.trace.sampled) LogSpan(call, ended);
  if (recent_ != nullptr && IsTrouble(ended.status.error_code())) Remember(call, ended);
  if (audits) return AuditThenReply(call, ended, std::move(reply));
  std::move(reply)(ended.status);
}

void Calls::Log(const psp::Call& call, const Ended& ended) {
  const bool alarming =
      call.outcome == multisafepay::v1::OUTCOME_UNKNOWN || ended.code == "INTERNAL";
  log_.Write(alarming ? telemetry::Level::kWarning : telemetry::Level::kInfo, "call",
             {{"method", call.operation->row.name},
              {"site", SiteOf(call)},
              {"order_id", LoggedOrderId(call)},
              {"code", ended.code},
              {"reason", ended.reason},
              {"outcome", ended.outcome},
              {"state", NameOf(call.payment_state)},
              {"http_status", std::int64_t{call.http_status}},
              {"error_code", ended.error_code},
              {"detail", call.detail},
              {"attempts", std::int64_t{call.attempts}},
              {"looks", std::int64_t{call.looks}},
              {"upstream_ms", Milliseconds(call.upstream_us)},
              {"total_ms", Milliseconds(ended.total_us)},
              {"trace_id", call.trace.trace()},
              {"peer", ended.peer},
              {"peer_identity", ended.identity}});
}

void Calls::LogSpan(const psp::Call& call, const Ended& ended) {
  log_.Write(telemetry::Level::kInfo, "span",
             {{"trace_id", call.trace.trace()},
              {"span_id", call.trace.span()},
              {"parent_span_id", call.trace.parent()},
              {"name", call.operation->row.name},
              {"kind", std::string_view("server")},
              {"code", ended.code},
              {"duration_ms", Milliseconds(ended.total_us)}});
}

void Calls::Remember(const psp::Call& call, const Ended& ended) {
  recent_->Add({.unix_ms = telemetry::UnixMsNow(),
                .method = call.operation->row.name,
                .code = ended.code,
                .reason = std::string(ended.reason),
                .detail = call.detail,
                .http_status = call.http_status,
                .trace_id = std::string(call.trace.trace())});
}

void Calls::AuditThenReply(const psp::Call& call, const Ended& ended, Reply reply) {
  telemetry::Field::Value amount;  // Left out where the request says none.
  if (const auto asked = psp::AmountOf(*call.operation, *call.request)) amount = *asked;
  const std::string idempotency_key = codec::ScrubbedIfCard(call.idempotency_key);
  const std::string currency =
      codec::ScrubbedIfCard(psp::CurrencyOf(*call.operation, *call.request));
  const std::initializer_list<telemetry::Field> fields{
      {"method", call.operation->row.name},
      {"site", SiteOf(call)},
      {"order_id", LoggedOrderId(call)},
      {"idempotency_key", idempotency_key},
      {"amount", amount},
      {"currency", currency},
      {"outcome", ended.outcome},
      {"state", NameOf(call.payment_state)},
      {"code", ended.code},
      {"reason", ended.reason},
      {"http_status", std::int64_t{call.http_status}},
      {"error_code", ended.error_code},
      {"attempts", std::int64_t{call.attempts}},
      {"looks", std::int64_t{call.looks}},
      {"trace_id", call.trace.trace()},
      {"peer", ended.peer},
      {"peer_identity", ended.identity}};
  if (!audit_->flushes()) {
    audit_->Write(fields);
    return std::move(reply)(ended.status);
  }
  audit_->WriteThen(fields, [status = ended.status, reply = std::move(reply)]() mutable {
    std::move(reply)(status);
  });
}

void Calls::Forget(const psp::Call& call) {
  if (!call.request_wiped) codec::Wipe(*call.operation->request_plan, *call.request);
  codec::Wipe(*call.operation->response_plan, *call.response);
}

void Calls::CallerGone(const psp::Call& call) {
  if (!call.operation->moves_money()) return;
  const std::string_view outcome = NameOf(call.outcome);
  metrics_.CountCallerGone(call.operation->row.name, outcome);
  log_.Write(telemetry::Level::kWarning, "caller_gone",
             {{"method", call.operation->row.name},
              {"site", SiteOf(call)},
              {"order_id", LoggedOrderId(call)},
              {"outcome", outcome},
              {"trace_id", call.trace.trace()}});
}

}  // namespace msp::server
