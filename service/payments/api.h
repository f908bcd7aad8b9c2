// SPDX-License-Identifier: Apache-2.0

// The way in to MultiSafepay: every call of every RPC starts here. It is checked and then driven by
// `PaymentCall` or `ReadCall`. `server` starts calls on gRPC's threads; they end on an HTTP
// event loop's thread, or at once where nothing is sent.
//
// Owned by main; outlived by the HTTP pool's last callback. Any thread may start calls.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "google/protobuf/message.h"
#include "multisafepay/v1/order.pb.h"
#include "service/http/client.h"
#include "service/payments/event_access.h"
#include "service/payments/failure.h"
#include "service/payments/operation.h"
#include "service/payments/sites.h"
#include "service/payments/validate.h"
#include "service/telemetry/log.h"
#include "service/telemetry/metrics.h"
#include "service/telemetry/trace.h"

namespace msp::payments {

// One call as the transport hands it over. Owned by the transport, alive until `done` has run.
struct Call {
  const Operation* operation = nullptr;
  google::protobuf::Message* request = nullptr;   // Completed and wiped by the call.
  google::protobuf::Message* response = nullptr;  // Filled when there is no failure.
  std::shared_ptr<const Site> site;
  Sites::ConcurrencyPermit place;  // Among its site's calls.
  http::Clock::time_point start;
  http::Clock::time_point deadline;  // The reply is due by then.
  int previous_attempts = 0;         // gRPC's own word that it has tried before.
  telemetry::TraceContext trace;     // Not valid: nothing is propagated.

  // What came of it.
  std::optional<Failure> failure;
  Outcome outcome = multisafepay::v1::OUTCOME_UNSPECIFIED;
  multisafepay::v1::PaymentState payment_state = multisafepay::v1::PAYMENT_STATE_UNSPECIFIED;
  int http_status = 0;
  int attempts = 0;     // Sendings.
  int order_reads = 0;  // Reads of the order on behalf of a money-moving call.
  std::int64_t upstream_us = 0;
  std::string detail;           // The transport's own words, for the log.
  std::string idempotency_key;  // Of a money-moving call, given or derived.
  bool request_wiped = false;   // By WipeRequest.
};

// Overwrites what the request holds of cards, tokens and people, the first time it is called.
void WipeRequest(Call& call);

struct ApiOptions {
  // The longest one transfer may take.
  std::int64_t upstream_timeout_ms = 30'000;
  // What stays of a deadline for the reply's own way back, so that the caller hears the outcome
  // from us and not from its own timer.
  std::int64_t reply_margin_ms = 50;
  // Fills payment_options.notification_url of an order that has none; empty leaves it absent.
  std::string notification_url;
  // Domains that Apple Pay's validation URLs may lead to, separated by commas.
  std::string apple_pay_hosts{kApplePayHosts};
  // Orders carry their idempotency key as a marker, so that MultiSafepay's record tells whose
  // attempt made them.
  bool idempotency_marker = true;
  // How long after a lost answer an order that is not there may still appear.
  std::int64_t settle_ms = 2'000;
  // The first wait between two looks; it doubles.
  std::int64_t reconcile_backoff_ms = 200;
  // A refund of the same amount as another one of the order that is younger than this is not sent:
  // MultiSafepay refuses equal refunds within five minutes. 0 sends it all the same.
  std::int64_t refund_pause_s = 0;
  // Where a line is written for each exchange of a sampled trace; null for nowhere.
  telemetry::Log* span_log = nullptr;
  // Takes how event streams of orders may be read, where answers say so; null: nobody wants to
  // know.
  EventAccessTable* event_access = nullptr;
  // Off only to show what it is good for.
  bool single_flight = true;
};

// The last moment at which the reply can still reach the caller.
inline http::Clock::time_point LastMomentOf(const Call& call, const ApiOptions& options) {
  return call.deadline - std::chrono::milliseconds(options.reply_margin_ms);
}

using CallDone = absl::AnyInvocable<void() &&>;

class Lease;

class Api {
 public:
  // `lease` may be null: single flight within this process only.
  Api(ApiOptions options, const Operations& operations, http::Client& client,
      telemetry::Metrics& metrics, Lease* lease = nullptr);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  const Operations& operations() const { return operations_; }
  // Runs `call` and then `done`, exactly once.
  void Start(Call& call, CallDone done);
  // Ends a call that may not start, by `call.failure`; its request is wiped all the same.
  static void Refuse(Call& call, CallDone done);

 private:
  struct Parts;

  const ApiOptions options_;
  const Operations& operations_;
  telemetry::Metrics& metrics_;
  Lease* const lease_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace msp::payments
