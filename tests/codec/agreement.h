// SPDX-License-Identifier: Apache-2.0

// Whether the codec and the oracle read a document alike: as the test message and as an order that
// is redirected out of an envelope. Any thread.
#pragma once

#include <string>

#include "codec/testing.pb.h"
#include "google/protobuf/util/message_differencer.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/codec/decode.h"
#include "service/codec/message_schema.h"
#include "tests/codec/oracle.h"

namespace msp::codec::oracle {

struct Agreement {
  // The codec reads a document around a text that is not readable in whole, since one such text
  // must not close an order; nlohmann::json is stricter and gets the document repaired.
  bool repaired = false;
  bool overflow = false;   // JSON, but nlohmann::json stops reading there: not compared.
  bool deep = false;       // Beyond the codec's own bound.
  bool accepted = false;   // By both.
  std::string difference;  // "" where they agree.
};

// What the schemas of `Compare` are made for.
inline std::vector<const google::protobuf::Descriptor*> ComparedMessages() {
  return {testing::Everything::descriptor(), testing::Envelope::descriptor(),
          multisafepay::v1::GetOrderResponse::descriptor()};
}

inline std::string DifferenceOf(const google::protobuf::Message& wanted,
                                const google::protobuf::Message& read) {
  std::string difference;
  if (google::protobuf::util::MessageDifferencer::Equals(wanted, read)) return difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  differencer.Compare(wanted, read);
  return "another value: " + difference;
}

inline std::string CompareMessage(const SchemaSet& schemas, std::string text,
                                  const Parsed& expected, bool accept, bool everything) {
  testing::Everything read;
  const MessageSchema& schema = schemas.Of(read.GetDescriptor());
  const DecodeResult decoded =
      everything ? DecodeAll(schema, text, read) : Decode(schema, text, read);
  if (decoded.ok != accept) return "one reader alone accepts it: " + decoded.error;
  if (!accept) return "";
  testing::Everything wanted;
  if (expected.document->kind == Node::Kind::kObject) Fill(*expected.document, wanted, everything);
  for (testing::Everything* message : {&read, &wanted}) {  // Not read by the oracle.
    message->clear_blob();
    message->clear_at();
    message->clear_times();
  }
  return DifferenceOf(wanted, read);
}

inline std::string CompareRedirected(const SchemaSet& schemas, std::string text,
                                     const Parsed& expected, bool accept) {
  testing::Envelope envelope;
  multisafepay::v1::GetOrderResponse response;
  const MessageSchema& schema = schemas.Of(response.GetDescriptor());
  MemberRedirection redirection{.key = "data", .entry = schema.Find("order"), .into = &response};
  const DecodeResult decoded =
      Decode(schemas.Of(envelope.GetDescriptor()), text, envelope, &redirection);
  if (decoded.ok != accept) return "one reader alone accepts a redirected member: " + decoded.error;
  if (!accept || expected.document->kind != Node::Kind::kObject) return "";
  multisafepay::v1::GetOrderResponse wanted;
  const Node* data = expected.document->Find("data");
  const bool object = data != nullptr && data->kind == Node::Kind::kObject;
  const bool list = data != nullptr && data->kind == Node::Kind::kList && data->elements.empty();
  if (object) Fill(*data, *wanted.mutable_order());
  if (list) wanted.mutable_order();
  if (redirection.fits != (object || list)) return "a redirected member fits for one reader alone";
  return DifferenceOf(wanted, response);
}

inline Agreement Compare(const SchemaSet& schemas, const std::string& text) {
  const std::string repaired = Repaired(text);
  const Parsed expected = Parse(repaired);
  Agreement found{.repaired = repaired != text, .overflow = expected.overflow};
  if (found.overflow) return found;
  found.deep = expected.depth > kDepthMax;
  // nlohmann::json takes a NUL byte between tokens for the end of the input.
  found.accepted =
      expected.document.has_value() && repaired.find('\0') == std::string::npos && !found.deep;
  for (const bool everything : {false, true}) {
    if (found.difference.empty())
      found.difference = CompareMessage(schemas, text, expected, found.accepted, everything);
  }
  if (found.difference.empty())
    found.difference = CompareRedirected(schemas, text, expected, found.accepted);
  return found;
}

}  // namespace msp::codec::oracle
