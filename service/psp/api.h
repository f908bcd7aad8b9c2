// The straight line of one call: validate, encode, send, decode, interpret. `server` starts calls
// on gRPC's threads; they end on an HTTP worker's thread, or at once where nothing is sent.
//
// Owned by main; outlived by the HTTP pool's last callback. Immutable but for its counters; any
// thread may call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "google/protobuf/message.h"
#include "service/http/client.h"
#include "service/psp/failure.h"
#include "service/psp/operation.h"
#include "service/psp/site.h"
#include "service/telemetry/metrics.h"

namespace msp::psp {

// One call as the transport hands it over. Owned by the transport, alive until `done` has run.
struct Call {
  const Operation* operation = nullptr;
  google::protobuf::Message* request = nullptr;   // Completed and wiped by the call.
  google::protobuf::Message* response = nullptr;  // Filled when there is no failure.
  std::shared_ptr<const Site> site;
  http::Clock::time_point start;
  http::Clock::time_point deadline;  // The reply is due by then.

  // What came of it.
  std::optional<Failure> failure;
  Outcome outcome = multisafepay::v1::OUTCOME_UNSPECIFIED;
  int http_status = 0;
  int attempts = 0;
  std::int64_t upstream_us = 0;
  std::string detail;  // The transport's own words, for the log.
};

struct ApiOptions {
  // The longest one transfer may take.
  std::int64_t upstream_timeout_ms = 30'000;
  // What stays of a deadline for the reply's own way back, so that the caller hears the outcome
  // from us and not from its own timer.
  std::int64_t reply_margin_ms = 50;
  // Fills payment_options.notification_url of an order that has none; empty leaves it absent.
  std::string notification_url;
};

using CallDone = absl::AnyInvocable<void() &&>;

class Api {
 public:
  Api(ApiOptions options, const Operations& operations, http::Client& client,
      telemetry::Metrics& metrics)
      : options_(options), operations_(operations), client_(client), metrics_(metrics) {}

  const Operations& operations() const { return operations_; }
  // Runs `call` and then `done`, exactly once.
  void Start(Call& call, CallDone done);

 private:
  bool Prepare(Call& call, http::Request* request);
  void OnResponse(Call& call, http::Response response);
  void OnSuccess(Call& call);
  void Fail(Call& call, Failure failure);

  const ApiOptions options_;
  const Operations& operations_;
  http::Client& client_;
  telemetry::Metrics& metrics_;
};

}  // namespace msp::psp
