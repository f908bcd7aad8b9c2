// SPDX-License-Identifier: Apache-2.0

// Any order: the check ends, stays within its bounds and never repeats a card number; redaction
// hides it; zeroizing leaves none of it.
#include <algorithm>
#include <cstdint>
#include <string>

#include "multisafepay/v1/order_service.pb.h"
#include "service/codec/check.h"
#include "service/codec/redact.h"
#include "tests/fuzz/require.h"

namespace {

using multisafepay::v1::CreateOrderRequest;
namespace codec = msp::codec;
using msp::fuzz::Require;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const codec::SchemaSet schemas({CreateOrderRequest::descriptor()});
  static const codec::MessageSchema& schema = schemas.Of(CreateOrderRequest::descriptor());
  CreateOrderRequest request;
  if (!request.ParsePartialFromArray(data, static_cast<int>(size))) return 0;
  const std::string number = request.gateway_info().card_number();
  const std::string code = request.gateway_info().card_cvc();

  // Fewer digits prove nothing: the fuzzer finds the words of the descriptions.
  const auto digits =
      std::count_if(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });

  const auto violations = codec::Check(schema, request);
  Require(violations.size() <= codec::kViolationsMax, "too many violations");
  for (const codec::Violation& violation : violations) {
    Require(!violation.field.empty() && !violation.description.empty(), "an empty violation");
    Require(digits < 5 || violation.description.find(number) == std::string::npos,
            "a violation repeats the card number");
  }

  // Only the card is left, so that no other text can hold the same bytes by chance.
  CreateOrderRequest card;
  card.mutable_gateway_info()->set_card_number(number);
  card.mutable_gateway_info()->set_card_cvc(code);
  const std::string redacted = codec::Redacted(schema, card);
  Require(digits < 11 || redacted.find(number) == std::string::npos, "the card number shows");
  Require(codec::Redacted(schema, request).find('\n') == std::string::npos, "more than one line");

  codec::Zeroize(schema, request);
  Require(!request.gateway_info().has_card_number() && !request.gateway_info().has_card_cvc(),
          "the card was not zeroized");
  Require(codec::RedactedText(number).size() <= 512, "a redacted text is too long");
  return 0;
}
