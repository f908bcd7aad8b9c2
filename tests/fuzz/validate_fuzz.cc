// SPDX-License-Identifier: Apache-2.0

// Any request of any operation: the first byte picks the operation, the rest is the serialized
// request. The check never repeats a value; what it lets through becomes one path below the base
// URL and one JSON document, and none of it is left in the message after zeroizing.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "multisafepay/v1/order_service.pb.h"
#include "service/codec/redact.h"
#include "service/payments/rest_call.h"
#include "service/payments/validate.h"
#include "tests/codec/oracle.h"
#include "tests/fuzz/require.h"

namespace msp::payments {
namespace {

using fuzz::Require;

void CheckViolations(const std::vector<codec::Violation>& violations) {
  Require(violations.size() <= codec::kViolationsMax, "violations are bounded");
  for (const codec::Violation& violation : violations) {
    Require(!violation.field.empty() && !violation.description.empty(), "a violation says what");
    Require(!codec::HoldsCardNumber(violation.description), "a violation never repeats a card",
            violation.description);
    Require(violation.description.size() < 512, "a violation is short", violation.description);
  }
}

// One path and query: nothing that ends a request line, climbs up, or adds a segment.
void CheckTarget(const Operation& operation, const std::string& target) {
  Require(target.starts_with('/'), "a target is a path", target);
  Require(std::all_of(target.begin(), target.end(),
                      [](char c) { return c > 0x20 && c < 0x7F && c != '#' && c != '\\'; }),
          "a target is printable", target);
  const std::string path = target.substr(0, target.find('?'));
  Require(std::count(path.begin(), path.end(), '/') ==
              std::count(operation.row.path.begin(), operation.row.path.end(), '/'),
          "an id stays one segment", path);
  Require((path + "/").find("/./") == std::string::npos &&
              (path + "/").find("/../") == std::string::npos,
          "a path does not climb", path);
  Require(path.find("//") == std::string::npos && !path.ends_with('/'),
          "an id is never empty: that would be another operation", path);
}

void Run(const std::uint8_t* data, std::size_t size) {
  static const Operations operations;
  const auto rows = OperationRows();
  const Operation& operation = operations.Find(rows[data[0] % rows.size()].name);
  std::unique_ptr<google::protobuf::Message> request(operation.row.request->New());
  if (!request->ParsePartialFromArray(data + 1, static_cast<int>(size - 1))) return;

  const auto violations = Validate(operation, *request);
  CheckViolations(violations);
  const std::string masked = codec::Redacted(*operation.request_schema, *request);
  Require(masked.find('\n') == std::string::npos, "a masked request is one line", masked);
  if (violations.empty()) {
    CompleteRequest(operation, "https://shop.example/notify", *request);
    CheckTarget(operation, TargetOf(operation, *request));
    const std::string body = BodyOf(operation, *request).json;
    Require(operation.has_body != body.empty(), "a body where the operation has one", body);
    if (!body.empty()) {
      const codec::oracle::Parsed parsed = codec::oracle::Parse(body);
      Require(parsed.overflow || parsed.document, "a body is JSON", body);
    }
  }
  codec::Zeroize(*operation.request_schema, *request);
  if (const auto* order = dynamic_cast<multisafepay::v1::CreateOrderRequest*>(request.get())) {
    const auto& card = order->gateway_info();
    Require(!card.has_card_number() && !card.has_card_cvc() && !card.has_payment_token(),
            "a zeroized request has no card");
  }
}

}  // namespace
}  // namespace msp::payments

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size >= 1) msp::payments::Run(data, size);
  return 0;
}
