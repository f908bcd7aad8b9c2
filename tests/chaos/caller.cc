// SPDX-License-Identifier: Apache-2.0

#include "tests/chaos/caller.h"

namespace msp::chaos {

namespace {

using Instant = std::chrono::steady_clock::time_point;

// Of the run, for the lines of Record.
const Instant kStart = std::chrono::steady_clock::now();

std::string MillisecondsSince(Instant from, Instant to) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count()) +
         " ms";
}

}  // namespace

std::string Caller::Brief(const v1::CallResult& result) {
  std::string text = "OK";
  if (result.reconciled()) text += " reconciled";
  if (result.replayed()) text += " replayed";
  return result.reason().empty() ? text : text + " " + result.reason();
}

std::string Caller::Brief(const client::Error& error) {
  if (!error.from_service) return "gRPC's own " + std::string(client::NameOf(error.code));
  return std::string(client::NameOf(error.outcome)) + " " + error.reason + " " + error.message;
}

void Caller::Record(const char* name, const std::string& order_id, const v1::CallControl& control,
                    const CallStyle& style, Instant began, const std::string& answer) {
  std::string line = "at " + MillisecondsSince(kStart, began) + " " + name + " " + order_id;
  if (!control.idempotency_key().empty()) line += " key " + control.idempotency_key();
  if (control.repeat()) line += ", repeat";
  if (control.resend_if_absent()) line += ", resend_if_absent";
  if (style.abandon) line += ", abandoned";
  if (style.short_time) line += ", short of time";
  line += ": " + answer + " after " + MillisecondsSince(began, std::chrono::steady_clock::now());
  attempts_.push_back(std::move(line));
}

void Caller::Note(const char* name, const client::Error& error, bool could_look_up) {
  const std::string outcome(client::NameOf(error.outcome));
  if (!error.from_service) {
    tally_.Count("answered by no service (connection lost, cancelled, killed)");
  } else {
    tally_.Count("answered " + outcome + " " + error.reason);
    if (could_look_up && error.outcome == v1::OUTCOME_UNKNOWN) {
      tally_.Count("first answers UNKNOWN");
      // The order is there: a lookup within the deadline could have found it.
      if (std::string_view(name) == "CreateOrder" &&
          !fleet_.ledger().Get("orders/" + error.order_id).is_null())
        tally_.Count(kAvoidableUnknown);
    }
  }
  const bool inviting = error.code == grpc::StatusCode::UNAVAILABLE ||
                        error.code == grpc::StatusCode::CANCELLED ||
                        error.code == grpc::StatusCode::RESOURCE_EXHAUSTED;
  if (error.from_service && error.outcome == v1::OUTCOME_UNKNOWN && inviting) {
    tally_.Violation(Finding::kOther, std::string(name) +
                                          ": an unknown outcome under a code that is sent again [" +
                                          error.reason + "]");
  }
}

bool Caller::RateLimited(const client::Error& error) {
  if (!error.from_service || error.reason != "RATE_LIMITED") return false;
  const std::int64_t delay_ms = error.retry_after_ms.value_or(1'000);
  std::this_thread::sleep_for(
      std::chrono::milliseconds(delay_ms + random_.Below(delay_ms / 4 + 1)));
  return true;
}

void Caller::CheckNotSent(const char* name, const client::Error& error, const std::string& order_id,
                          const std::string& tag) {
  if (tag.empty() || !error.from_service || error.outcome != v1::OUTCOME_NOT_SENT) return;
  const Json order = fleet_.ledger().Get("orders/" + order_id);
  if (order.is_null()) return;
  bool there = order.value("var2", "") == tag;
  for (const Json& related : order.value("related", Json::array()))
    there = there || related.value("var1", "") == tag || related.value("description", "") == tag;
  if (there)
    tally_.Violation(Finding::kUntrue, order_id + " (" + tag + "): " + name +
                                           " was answered NOT_SENT, but it was done");
}

bool Caller::OnceByLanguageClient(const char* name, int replica,
                                  const google::protobuf::Message& request,
                                  google::protobuf::Message& response, client::Error& error,
                                  const CallStyle& style) {
  const std::int64_t time_ms = style.short_time ? 60 + random_.Below(900) : 9'000;
  const auto failed =
      fleet_.language_client()->Call(fleet_.Address(replica), request, time_ms, response);
  tally_.Count(kByLanguageClient);
  tally_.Count(std::string(name) + kByLanguageClientSuffix);
  if (failed.has_value()) error = *failed;
  return !failed.has_value();
}

FinalResult<v1::GetOrderResponse> Caller::Get(const std::string& order_id) {
  FinalResult<v1::GetOrderResponse> result;
  v1::GetOrderRequest request;
  request.set_order_id(order_id);
  const auto end = std::chrono::steady_clock::now() + timeout_;
  while (std::chrono::steady_clock::now() < end) {
    const auto stub = v1::OrderService::NewStub(
        fleet_.Channel(static_cast<int>(random_.Below(Fleet::kReplicas)), random_.Below(64)));
    grpc::ClientContext context;
    NameSite(context);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    const grpc::Status status = stub->GetOrder(&context, request, &result.response);
    tally_.Count("reads");
    if (status.ok()) {
      result.certain = result.ok = true;
      return result;
    }
    result.error = client::ReadError(status, false);
    // A proxy's bare 404 is no proof; MultiSafepay's own code is.
    if (result.error.error_code == 1006) {
      result.certain = true;
      return result;
    }
    if (RateLimited(result.error)) continue;
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random_.Below(60)));
  }
  tally_.Violation(Finding::kUnknown, "GetOrder never answered: " + result.error.message);
  return result;
}

}  // namespace msp::chaos
