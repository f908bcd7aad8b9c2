// SPDX-License-Identifier: Apache-2.0

// The entry point to MultiSafepay: every call of every RPC starts here, is validated and then run
// by `PaymentCall` or `ReadCall`. gRPC's threads start calls. They end on an HTTP event loop's
// thread, or at once where nothing is sent.
//
// Owned by main; outlived by the HTTP pool's last callback. Any thread may start calls.
#pragma once

#include <atomic>
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

// One call. Owned by the transport, alive until `done` has run.
struct Call {
  const Operation* operation = nullptr;
  google::protobuf::Message* request = nullptr;   // The call completes and zeroizes it.
  google::protobuf::Message* response = nullptr;  // Filled when there is no failure.
  std::shared_ptr<const Site> site;
  Sites::ConcurrencyPermit permit;  // Of its site's limit on calls.
  http::Clock::time_point start;
  http::Clock::time_point deadline;      // The reply is due by then.
  int previous_attempts = 0;             // Earlier attempts by gRPC's own retries.
  std::atomic<bool> caller_gone{false};  // Set on any thread; a payment is then no longer sent.
  telemetry::TraceContext trace;         // When invalid nothing is propagated.

  // The result.
  std::optional<Failure> failure;
  Outcome outcome = multisafepay::v1::OUTCOME_UNSPECIFIED;
  multisafepay::v1::PaymentState payment_state = multisafepay::v1::PAYMENT_STATE_UNSPECIFIED;
  int http_status = 0;
  int attempts = 0;     // Sendings.
  int order_reads = 0;  // Reads of the order on behalf of a money-moving call.
  std::int64_t upstream_us = 0;
  std::string detail;             // The transport's explanation, for the log.
  std::string idempotency_key;    // Of a money-moving call, given or derived.
  bool request_zeroized = false;  // By ZeroizeRequest.
};

// Zeroizes cards, tokens and personal data in the request. Later calls do nothing.
void ZeroizeRequest(Call& call);

struct ApiOptions {
  // The longest one transfer may take.
  std::int64_t upstream_timeout_ms = 30'000;
  // The part of a deadline that is reserved for the reply's way back, so that the caller gets the
  // outcome before its own timer expires.
  std::int64_t reply_margin_ms = 50;
  // Set as payment_options.notification_url of an order that has none; empty leaves it absent.
  std::string notification_url;
  // Domains that Apple Pay's validation URLs may lead to, separated by commas.
  std::string apple_pay_hosts{kApplePayHosts};
  // Orders carry their idempotency key as a marker, so that MultiSafepay's record shows whose
  // attempt made them.
  bool idempotency_marker = true;
  // How long after a lost answer an absent order may still appear.
  std::int64_t settle_ms = 2'000;
  // The first wait between two lookups; it doubles.
  std::int64_t reconcile_backoff_ms = 200;
  // A refund is not sent when a refund of the same amount of the order is younger than this:
  // MultiSafepay refuses equal refunds within five minutes. 0 sends it anyway.
  std::int64_t refund_pause_s = 0;
  // Gets a line for each REST call of a sampled trace; null for none.
  telemetry::Log* span_log = nullptr;
  // Stores the access to orders' event streams that answers carry; null for none.
  EventAccessTable* event_access = nullptr;
  // Off only in tests that show its effect.
  bool single_flight = true;
};

// The latest time at which the reply can still reach the caller.
inline http::Clock::time_point ReplyDeadlineOf(const Call& call, const ApiOptions& options) {
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
  // Ends a call that may not start with `call.failure`; its request is zeroized, too.
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
