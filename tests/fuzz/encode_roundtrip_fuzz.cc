// SPDX-License-Identifier: Apache-2.0

// Any order that passes the check is written as JSON that a strict parser takes, and reads back as
// the same order.
#include <cstdint>
#include <string>

#include "multisafepay/v1/order_service.pb.h"
#include "service/codec/check.h"
#include "service/codec/decode.h"
#include "service/codec/encode.h"
#include "service/codec/redact.h"
#include "tests/codec/oracle.h"
#include "tests/fuzz/require.h"

namespace {

using multisafepay::v1::CreateOrderRequest;
namespace codec = msp::codec;
using msp::fuzz::Require;

void RequireJson(const std::string& text, const char* what) {
  Require(codec::oracle::Parse(text).document.has_value(), what, text);
}

std::string All(const codec::MessageSchema& schema, const CreateOrderRequest& request) {
  std::string text;
  codec::EncodeAll(schema, request, text);
  return text;
}

CreateOrderRequest Again(const codec::MessageSchema& schema, std::string text) {
  CreateOrderRequest request;
  const std::string copy = text;
  const codec::DecodeResult decoded = codec::DecodeAll(schema, text, request);
  Require(decoded.ok, decoded.error.c_str(), copy);
  Require(decoded.drift.empty(), "what was written does not fit when it is read", copy);
  return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const codec::SchemaSet schemas({CreateOrderRequest::descriptor()});
  static const codec::MessageSchema& schema = schemas.Of(CreateOrderRequest::descriptor());
  CreateOrderRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return 0;
  // gRPC parses without it, but then refuses what is not valid UTF-8; Check does so as well.
  if (!codec::Check(schema, request).empty()) return 0;

  std::string body;
  codec::EncodeBody(schema, request, body);
  RequireJson(body, "the body is no JSON");
  const std::string all = All(schema, request);
  RequireJson(all, "the whole is no JSON");
  RequireJson(codec::Redacted(schema, request), "the redacted text is no JSON");

  const CreateOrderRequest once = Again(schema, all);
  const auto lost = codec::oracle::Lost(*codec::oracle::Parse(all).document, once);
  Require(lost.empty(), lost.empty() ? "" : lost.front().c_str(), all);
  const CreateOrderRequest twice = Again(schema, All(schema, once));
  Require(All(schema, once) == All(schema, twice), "reading is not stable", all);

  std::string body_again;
  codec::EncodeBody(schema, once, body_again);
  const auto differences = codec::oracle::Differences(*codec::oracle::Parse(body).document,
                                                      *codec::oracle::Parse(body_again).document);
  Require(differences.empty(), differences.empty() ? "" : differences.front().c_str(), body);

  codec::Zeroize(schema, request);
  return 0;
}
