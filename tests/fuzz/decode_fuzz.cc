// SPDX-License-Identifier: Apache-2.0

// Any bytes: the codec and nlohmann::json agree on whether they are JSON, once texts that are not
// readable in whole are repaired for the latter, and on every value that the test message and an
// order take from them.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "codec/testing.pb.h"
#include "google/protobuf/util/message_differencer.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/codec/decode.h"
#include "tests/codec/oracle.h"

namespace {

using google::protobuf::util::MessageDifferencer;
using multisafepay::v1::GetOrderResponse;
namespace codec = msp::codec;
namespace testing = msp::codec::testing;

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

const codec::SchemaSet& Schemas() {
  static const codec::SchemaSet schemas({testing::Everything::descriptor(),
                                         testing::Envelope::descriptor(),
                                         GetOrderResponse::descriptor()});
  return schemas;
}

void CompareMessage(const std::string& text, const codec::oracle::Parsed& expected, bool accept) {
  std::string document = text;
  testing::Everything read;
  const codec::Decoded decoded =
      codec::DecodeAll(Schemas().Of(read.GetDescriptor()), document, read);
  Require(decoded.ok == accept, "one reader alone accepts it");
  if (!accept || expected.document->kind != codec::oracle::Node::Kind::kObject) return;
  testing::Everything wanted;
  codec::oracle::Fill(*expected.document, wanted, true);
  for (testing::Everything* message : {&read, &wanted}) {  // Not read by the oracle.
    message->clear_blob();
    message->clear_at();
    message->clear_times();
  }
  Require(MessageDifferencer::Equals(wanted, read), "another value");
}

void CompareOrder(const std::string& text, const codec::oracle::Parsed& expected, bool accept) {
  std::string document = text;
  testing::Envelope envelope;
  GetOrderResponse response;
  const codec::MessageSchema& schema = Schemas().Of(response.GetDescriptor());
  codec::MemberRedirection redirection{
      .key = "data", .entry = schema.Find("order"), .into = &response};
  const codec::Decoded decoded =
      codec::Decode(Schemas().Of(envelope.GetDescriptor()), document, envelope, &redirection);
  Require(decoded.ok == accept, "one reader alone accepts a redirected member");
  if (!accept || expected.document->kind != codec::oracle::Node::Kind::kObject) return;
  const codec::oracle::Node* data = expected.document->Find("data");
  if (data == nullptr || data->kind != codec::oracle::Node::Kind::kObject) return;
  GetOrderResponse wanted;
  codec::oracle::Fill(*data, *wanted.mutable_order());
  Require(MessageDifferencer::Equals(wanted, response), "another value in a redirected member");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string repaired = codec::oracle::Repaired(text);
  const codec::oracle::Parsed expected = codec::oracle::Parse(repaired);
  // Where the two are meant to differ: see tests/codec/differential_test.cc.
  if (expected.overflow) return 0;
  const bool accept = expected.document.has_value() && repaired.find('\0') == std::string::npos &&
                      expected.depth <= codec::kDepthMax;
  CompareMessage(text, expected, accept);
  CompareOrder(text, expected, accept);
  return 0;
}
