// SPDX-License-Identifier: Apache-2.0

#include "service/payments/call_log.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "service/codec/redact.h"

namespace msp::payments {
namespace {

using http::Clock;
using std::chrono::duration_cast;
using std::chrono::microseconds;

constexpr std::size_t kLoggedRequestBytesMax = 4096;

// The name of the call's site; "" before it has one.
std::string_view SiteOf(const Call& call) {
  return call.site == nullptr ? std::string_view() : call.site->name();
}

// The order id for the log: that of the failure where fields are refused, which is "" if the id is
// one of them. Redacted, because it may be anything, even a card number. Valid until this thread's
// next call.
std::string_view LoggedOrderId(const Call& call) {
  const bool fields_refused = call.failure && !call.failure->violations.empty();
  const std::string_view id = fields_refused ? std::string_view(call.failure->order_id)
                                             : OrderIdOf(*call.operation, *call.request);
  static thread_local std::string redacted;
  return redacted = codec::RedactedIfCard(id);
}

// At most `max` bytes, cut at a code point of text that is UTF-8.
std::string_view FirstBytes(std::string_view text, std::size_t max) {
  if (text.size() <= max) return text;
  while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xC0) == 0x80) --max;
  return text.substr(0, max);
}

// True for a failure of MultiSafepay or this server, not of the request.
bool IsServiceError(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
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

}  // namespace

// What the lines of an ended call have in common.
struct CallLog::End {
  absl::StatusCode status = absl::StatusCode::kOk;
  std::string_view code;
  std::string_view outcome;
  std::string_view reason;
  std::int64_t error_code = 0;
  std::int64_t total_us = 0;
  const Caller& caller;
};

void CallLog::Arrived(const Call& call) {
  if (!log_.Writes(telemetry::Level::kDebug)) return;
  const std::string text = codec::Redacted(*call.operation->request_schema, *call.request,
                                           {.show_personal_data = options_.log_personal_data});
  log_.Write(telemetry::Level::kDebug, "request",
             {{"method", call.operation->row.name},
              {"site", SiteOf(call)},
              {"request", FirstBytes(text, kLoggedRequestBytesMax)},
              {"trace_id", call.trace.trace()}});
}

void CallLog::Ended(const Call& call, const Caller& caller, absl::AnyInvocable<void() &&> reply) {
  End end{
      .outcome = NameOf(call.outcome), .total_us = MicrosecondsSince(call.start), .caller = caller};
  if (call.failure) {
    end.status = call.failure->code;
    end.reason = call.failure->reason;
    end.error_code = call.failure->error_code;
  }
  end.code = NameOf(end.status);
  metrics_.CountCall({.method = call.operation->row.name,
                      .code = end.code,
                      .outcome = end.outcome,
                      .total_us = end.total_us,
                      .upstream_us = call.upstream_us});
  WriteLine(call, end);
  if (options_.spans && call.trace.sampled) WriteSpan(call, end);
  if (recent_ != nullptr && IsServiceError(end.status)) Remember(call, end);
  if (Audits(call)) return Audit(call, end, std::move(reply));
  std::move(reply)();
}

void CallLog::WriteLine(const Call& call, const End& end) {
  const bool alarming = call.outcome == multisafepay::v1::OUTCOME_UNKNOWN || end.code == "INTERNAL";
  log_.Write(alarming ? telemetry::Level::kWarning : telemetry::Level::kInfo, "call",
             {{"method", call.operation->row.name},
              {"site", SiteOf(call)},
              {"order_id", LoggedOrderId(call)},
              {"code", end.code},
              {"reason", end.reason},
              {"outcome", end.outcome},
              {"state", NameOf(call.payment_state)},
              {"http_status", std::int64_t{call.http_status}},
              {"error_code", end.error_code},
              {"detail", call.detail},
              {"attempts", std::int64_t{call.attempts}},
              {"looks", std::int64_t{call.order_reads}},
              {"upstream_ms", telemetry::Milliseconds(call.upstream_us)},
              {"total_ms", telemetry::Milliseconds(end.total_us)},
              {"trace_id", call.trace.trace()},
              {"peer", end.caller.peer},
              {"peer_identity", end.caller.identity}});
}

void CallLog::WriteSpan(const Call& call, const End& end) {
  log_.Write(telemetry::Level::kInfo, "span",
             {{"trace_id", call.trace.trace()},
              {"span_id", call.trace.span()},
              {"parent_span_id", call.trace.parent()},
              {"name", call.operation->row.name},
              {"kind", std::string_view("server")},
              {"code", end.code},
              {"duration_ms", telemetry::Milliseconds(end.total_us)}});
}

void CallLog::Remember(const Call& call, const End& end) {
  recent_->Add({.unix_ms = telemetry::UnixMsNow(),
                .method = call.operation->row.name,
                .code = end.code,
                .reason = std::string(end.reason),
                .detail = call.detail,
                .http_status = call.http_status,
                .trace_id = std::string(call.trace.trace())});
}

void CallLog::Audit(const Call& call, const End& end, absl::AnyInvocable<void() &&> reply) {
  telemetry::Field::Value amount;  // Omitted where the request has none.
  if (const auto asked = AmountOf(*call.operation, *call.request)) amount = *asked;
  const std::string idempotency_key = codec::RedactedIfCard(call.idempotency_key);
  const std::string currency = codec::RedactedIfCard(CurrencyOf(*call.operation, *call.request));
  const std::initializer_list<telemetry::Field> fields{
      {"method", call.operation->row.name},
      {"site", SiteOf(call)},
      {"order_id", LoggedOrderId(call)},
      {"idempotency_key", idempotency_key},
      {"amount", amount},
      {"currency", currency},
      {"outcome", end.outcome},
      {"state", NameOf(call.payment_state)},
      {"code", end.code},
      {"reason", end.reason},
      {"http_status", std::int64_t{call.http_status}},
      {"error_code", end.error_code},
      {"attempts", std::int64_t{call.attempts}},
      {"looks", std::int64_t{call.order_reads}},
      {"trace_id", call.trace.trace()},
      {"peer", end.caller.peer},
      {"peer_identity", end.caller.identity}};
  if (!audit_->flushes()) {
    audit_->Write(fields);
    return std::move(reply)();
  }
  audit_->WriteThen(fields, std::move(reply));
}

void CallLog::CallerGone(const Call& call) {
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

}  // namespace msp::payments
