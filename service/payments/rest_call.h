// SPDX-License-Identifier: Apache-2.0

// One REST call of an operation: sends a request message and interprets the answer. Retries,
// lookups and keys are the business of `ReadCall` and `PaymentCall`. Owned by Api; any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "google/protobuf/message.h"
#include "service/codec/redact_text.h"
#include "service/http/client.h"
#include "service/payments/interpret.h"
#include "service/payments/operation.h"
#include "service/payments/site.h"
#include "service/telemetry/log.h"
#include "service/telemetry/metrics.h"
#include "service/telemetry/trace.h"

namespace msp::payments {

struct RestResult {
  CallOutcome outcome = CallOutcome::kUnknown;
  Failure failure;  // Where not a success.
  Envelope envelope;
  std::vector<codec::Drift> drift;        // Of a success: members that do not fit the schema.
  std::vector<std::string_view> numbers;  // Likewise: full names of ids that came as JSON numbers.
  std::int64_t date_s = -1;  // MultiSafepay's clock in Unix seconds, of reads; -1 when unknown.
  int http_status = 0;
  std::int64_t upstream_us = 0;
  std::int64_t retry_after_s = -1;
  std::string detail;  // The transport's explanation, for the log.
};

// A JSON body and what recognizes the card in it: MultiSafepay's answer may quote the request,
// which is zeroized by then.
struct Body {
  std::string json;
  codec::CardPrints card;
};

// The request of one REST call. The messages outlive it.
struct RestRequest {
  const Operation* operation = nullptr;
  const google::protobuf::Message* request = nullptr;
  google::protobuf::Message* response = nullptr;
  Body body;  // Its JSON is zeroized once sent.
  std::shared_ptr<const Site> site;
  http::Clock::time_point deadline;
  const telemetry::TraceContext* trace = nullptr;  // The call's trace; null or invalid for none.
  const std::atomic<bool>* caller_gone = nullptr;  // Of a payment, which is then no longer sent.
};

class RestCall {
 public:
  // `span_log` may be null. It gets a line for each REST call of a sampled trace.
  RestCall(const Operations& operations, http::Client& client, telemetry::Metrics& metrics,
           telemetry::Log* span_log = nullptr)
      : operations_(operations), client_(client), metrics_(metrics), span_log_(span_log) {}

  // Sends; `done` runs once, on an event loop's thread or at once when nothing was sent.
  void Send(RestRequest rest_request, absl::AnyInvocable<void(RestResult) &&> done);

  const Operations& operations() const { return operations_; }

 private:
  RestResult End(const RestRequest& rest_request, const telemetry::TraceContext& hop,
                 http::Response response);
  RestResult Read(const RestRequest& rest_request, http::Response response);

  const Operations& operations_;
  http::Client& client_;
  telemetry::Metrics& metrics_;
  telemetry::Log* const span_log_;
};

// The JSON body of a request: its members and the operation's fixed ones. Empty for operations
// without one.
Body BodyOf(const Operation& operation, const google::protobuf::Message& request);

// Appends the same to `out`.
void AppendBody(const Operation& operation, const google::protobuf::Message& request,
                std::string& out);

// The same with sensitive values masked, for a dry run.
std::string RedactedBodyOf(const Operation& operation, const google::protobuf::Message& request);

}  // namespace msp::payments
