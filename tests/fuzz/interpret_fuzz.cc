// SPDX-License-Identifier: Apache-2.0

// Any answer to any operation: the first byte picks the operation, the next two the HTTP status,
// the rest is the body. An answer about another payment is never a success, and no digits that
// could be a card's get into an error.
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/codec/redact.h"
#include "service/payments/interpret.h"
#include "service/payments/mismatch.h"
#include "tests/fuzz/require.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;
using fuzz::Require;

constexpr std::array kStatuses{200, 201, 204, 301, 302, 400, 401, 403, 404, 408,
                               409, 410, 413, 422, 429, 500, 502, 503, 504, 599};

v1::CreateOrderRequest Sent() {
  v1::CreateOrderRequest request;
  request.set_order_id("0042");
  request.set_amount(1000);
  request.set_currency("EUR");
  return request;
}

void CheckCreated(const v1::CreateOrderRequest& sent, const v1::CreateOrderResponse& response) {
  const v1::Order& order = response.order();
  Require(!order.has_order_id() || SameOrderId(sent.order_id(), order.order_id()),
          "a success is about the order that was sent", order.order_id());
  Require(!order.has_amount() || order.amount() == sent.amount(),
          "a success has the amount that was sent");
  Require(!order.has_currency() || absl::EqualsIgnoreCase(order.currency(), sent.currency()),
          "a success has the currency that was sent", order.currency());
}

void CheckFailure(const Failure& failure) {
  Require(failure.code != absl::StatusCode::kOk, "a failure has a code");
  Require(!failure.reason.empty(), "a failure has a reason");
  // Beside a security code's name the number of the error or the status, which we add, would pass
  // for the code.
  const std::string& message = failure.message;
  const std::string text =
      message.substr(0, std::min(message.rfind(" (error "), message.rfind(" (HTTP ")));
  Require(codec::RedactedText(text, text.size()) == text, "an error text is clean", text);
  for (const codec::Violation& violation : failure.violations) {
    Require(codec::RedactedText(violation.description, violation.description.size()) ==
                violation.description,
            "a violation's text is clean", violation.description);
  }
}

void Run(const std::uint8_t* data, std::size_t size) {
  static const Operations operations;
  const auto rows = OperationRows();
  const Operation& operation = operations.Find(rows[data[0] % rows.size()].name);
  http::Response answer{.outcome = http::CallOutcome::kConfirmed,
                        .status = kStatuses[data[1] % kStatuses.size()]};
  answer.body.reserve(size + http::kBodyPadding);
  answer.body.assign(reinterpret_cast<const char*>(data + 2), size - 2);

  std::unique_ptr<google::protobuf::Message> request(operation.row.request->New());
  const v1::CreateOrderRequest sent = Sent();
  if (operation.creates()) request->CopyFrom(sent);
  std::unique_ptr<google::protobuf::Message> response(operation.row.response->New());
  const Interpretation reading =
      Interpret(operation, operations.envelope_schema(), *request, answer, *response);
  if (reading.outcome == CallOutcome::kConfirmed) {
    Require(answer.status >= 200 && answer.status < 300, "a success is a 2xx");
    if (operation.creates())
      CheckCreated(sent, static_cast<const v1::CreateOrderResponse&>(*response));
    return;
  }
  Require(response->ByteSizeLong() == 0, "the response is empty unless it succeeded");
  CheckFailure(reading.failure);
}

}  // namespace
}  // namespace msp::payments

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  msp::payments::Run(data, size);
  return 0;
}
