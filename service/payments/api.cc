// SPDX-License-Identifier: Apache-2.0

#include "service/payments/api.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "service/base/timer.h"
#include "service/codec/redact.h"
#include "service/payments/payment_call.h"
#include "service/payments/read_call.h"
#include "service/payments/rest_call.h"
#include "service/payments/single_flight.h"
#include "service/payments/validate.h"

namespace msp::payments {
namespace {

// Retries of reads that may be in flight at once.
constexpr std::int64_t kRetryTokens = 100;

// What is no order id is not repeated: it may be anything, a card number too.
Failure NotSent(const Call& call, Failure failure) {
  const auto names_id = [](const codec::Violation& violation) {
    return violation.field == "order_id";
  };
  if (std::ranges::none_of(failure.violations, names_id))
    failure.order_id = std::string(OrderIdOf(*call.operation, *call.request));
  failure.outcome = multisafepay::v1::OUTCOME_NOT_SENT;
  return failure;
}

}  // namespace

struct Api::Parts {
  Parts(const Operations& operations, http::Client& client, telemetry::Metrics& metrics,
        telemetry::Log* span_log)
      : rest_call(operations, client, metrics, span_log) {}

  RestCall rest_call;
  SingleFlight single_flight{SingleFlight::Limits{}};
  RetryBudget budget{kRetryTokens};
  Timer timer;  // Last: its closures use the others.
};

Api::Api(ApiOptions options, const Operations& operations, http::Client& client,
         telemetry::Metrics& metrics, Lease* lease)
    : options_(std::move(options)),
      operations_(operations),
      metrics_(metrics),
      lease_(lease),
      parts_(std::make_unique<Parts>(operations, client, metrics, options_.span_log)) {}

Api::~Api() = default;

void ZeroizeRequest(Call& call) {
  if (call.request_zeroized) return;
  codec::Zeroize(*call.operation->request_schema, *call.request);
  call.request_zeroized = true;
}

void Api::Start(Call& call, CallDone done) {
  const Operation& operation = *call.operation;
  if (auto violations = Validate(operation, *call.request, options_.apple_pay_hosts);
      !violations.empty()) {
    call.failure = NotSent(call, InvalidRequest(std::move(violations)));
    return Refuse(call, std::move(done));
  }
  if (operation.moves_money()) {
    const PaymentDependencies dependencies{options_,      parts_->rest_call, parts_->single_flight,
                                           parts_->timer, metrics_,          lease_};
    std::make_shared<PaymentCall>(dependencies, call, std::move(done))->Start();
  } else {
    const ReadDependencies dependencies{options_, parts_->rest_call, parts_->timer, parts_->budget,
                                        metrics_};
    std::make_shared<ReadCall>(dependencies, call, std::move(done))->Start();
  }
}

void Api::Refuse(Call& call, CallDone done) {
  call.outcome = call.failure->outcome;
  ZeroizeRequest(call);
  std::move(done)();
}

}  // namespace msp::payments
