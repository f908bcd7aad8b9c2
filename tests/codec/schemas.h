// SPDX-License-Identifier: Apache-2.0

// What every test of the codec needs: the schemas of the test messages and short ways to and from
// JSON.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "access/msp_codec_testing_proto.h"
#include "codec/testing.pb.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "service/codec/decode.h"
#include "service/codec/message_schema.h"

namespace msp::codec {

inline const SchemaSet& TestSchemas() {
  static const SchemaSet schemas({testing::Everything::descriptor(), testing::Shapes::descriptor(),
                                  testing::Envelope::descriptor(), testing::Reply::descriptor()},
                                 {access::MspCodecTestingProto()});
  return schemas;
}

template <class Message>
const MessageSchema& SchemaOf() {
  return TestSchemas().Of(Message::descriptor());
}

template <class Message>
Message FromText(std::string_view text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(std::string(text), &message)) << text;
  return message;
}

// "U:path" for an unknown member, "V:path" for an unfit value, "D:path" for a duplicate, "T:path"
// for an unreadable text.
inline std::vector<std::string> Names(const std::vector<Drift>& drift) {
  std::vector<std::string> names;
  for (const Drift& one : drift) {
    names.push_back(std::string(1, "UVDT"[static_cast<int>(one.kind)]) + ":" + one.path);
  }
  return names;
}

MATCHER_P(MessageIs, text, "equals " + std::string(text)) {
  using Message = std::decay_t<decltype(arg)>;
  google::protobuf::util::MessageDifferencer differencer;
  std::string difference;
  differencer.ReportDifferencesToString(&difference);
  const bool equal = differencer.Compare(FromText<Message>(text), arg);
  *result_listener << difference;
  return equal;
}

// A document as Decode reads it, or DecodeAll.
template <class Message = testing::Everything>
struct DecodedMessage : DecodeResult {
  explicit DecodedMessage(std::string json, bool everything = false) {
    const MessageSchema& schema = SchemaOf<Message>();
    static_cast<DecodeResult&>(*this) =
        everything ? DecodeAll(schema, json, message) : Decode(schema, json, message);
  }
  Message message;
};

// One reading rule: a document, the message in text format, the drift that it reports.
struct DecodeRow {
  std::string json;
  std::string message;
  std::vector<std::string> drift = {};
};

inline void ExpectRead(const std::vector<DecodeRow>& rows, bool everything = false) {
  for (const DecodeRow& row : rows) {
    const DecodedMessage read(row.json, everything);
    EXPECT_TRUE(read.ok) << row.json << ": " << read.error;
    EXPECT_THAT(read.message, MessageIs(row.message)) << row.json;
    EXPECT_EQ(Names(read.drift), row.drift) << row.json;
  }
}

}  // namespace msp::codec
