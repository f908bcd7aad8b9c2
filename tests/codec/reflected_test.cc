// SPDX-License-Identifier: Apache-2.0

// The two ways to a message's fields, generated table and Reflection, end in the same: each walk of
// the codec over both.
#include "service/codec/reflected.h"

#include <vector>

#include "multisafepay/v1/order_service.pb.h"
#include "service/codec/check.h"
#include "service/codec/encode.h"
#include "service/codec/redact.h"
#include "tests/codec/documents.h"
#include "tests/codec/schemas.h"

namespace msp::codec {
namespace {

using testing::Everything;
using testing::Shapes;

// The same schemas as TestSchemas, without the tables.
const SchemaSet& SlowSchemas() {
  static const SchemaSet schemas({Everything::descriptor(), Shapes::descriptor()});
  return schemas;
}

bool ByReflection(const MessageSchema& schema) {
  const FieldSchema& entry = schema.entries().front();
  return entry.access.clear == AccessByReflection(*entry.field).clear;
}

TEST(Reflected, IsForMessagesWithoutATableOnly) {
  EXPECT_TRUE(ByReflection(SlowSchemas().Of(Everything::descriptor())));
  EXPECT_FALSE(ByReflection(SchemaOf<Everything>()));
  const SchemaSet schema({multisafepay::v1::CreateOrderRequest::descriptor()});
  EXPECT_FALSE(ByReflection(schema.Of(multisafepay::v1::CreateOrderRequest::descriptor())))
      << "the schema's own tables need not be asked for";
}

// One field of each kind, single and repeated, with and without presence.
constexpr const char* kTexts[] = {
    "",
    "text: '' small: 0 large: 0 usmall: 0 ularge: 0 flag: false ratio: 0 blob: '' color: "
    "COLOR_UNSPECIFIED item {} card {} settings {} nothing {}",
    "text: 'a \"quoted\" text' small: -2147483648 large: -9223372036854775808 usmall: 4294967295 "
    "ularge: 18446744073709551615 flag: true ratio: -0.5 blob: 'bytes \\377' color: COLOR_BLUE",
    "item { name: 'n' quantity: 11 weight: 1e300 parts { name: 'too long' } parts {} } words: '' "
    "words: 'w' counts: [0, -1, 9223372036854775807] items {} items { name: 'i' } flags: [true, "
    "false] ratios: [0, 0.1] colors: [COLOR_RED, COLOR_UNSPECIFIED]",
    "card { number: '4111 1111 1111 1111' cvc: '12' expiry: '1225' holder: 'h' last4: '7' } cards "
    "{ cvc: '1' } secrets: 's' secret_item { name: 'x' } secret_number: 5",
    "settings { fields { key: 'k' value { string_value: 'v' } } } bags {} secret_settings { fields "
    "{ key: 'a' value { bool_value: true } } }",
    "left: ''",
    "right: 0",
    "middle { name: 'm' }",
    "renamed: 'r' in_path: 'p' limit: 3 after: 'a b' grouped: true methods: 'x' methods: 'y'",
    "at { seconds: 5 } state: COLOR_RED own_item { name: 'o' } plain: true times { seconds: 1 }",
    "state: COLOR_UNSPECIFIED plain: false",
};

TEST(Reflected, WritesChecksAndZeroizesAlike) {
  const MessageSchema& slow = SlowSchemas().Of(Everything::descriptor());
  const MessageSchema& fast = SchemaOf<Everything>();
  const auto written = [](const MessageSchema& schema, Everything message) {
    std::vector<std::string> out(3);
    EncodeBody(schema, message, out[0]);
    EncodeAll(schema, message, out[1]);
    EncodeQuery(schema, message, out[2]);
    out.push_back(Redacted(schema, message));
    for (const Violation& violation : Check(schema, message)) {
      out.push_back(violation.field + " " + violation.description);
    }
    Zeroize(schema, message);
    out.push_back(message.DebugString());
    return out;
  };
  for (const char* text : kTexts) {
    const auto message = FromText<Everything>(text);
    EXPECT_EQ(written(slow, message), written(fast, message)) << text;
  }
}

TEST(Reflected, ReadsAlike) {
  const MessageSchema& slow = SlowSchemas().Of(Everything::descriptor());
  const MessageSchema& fast = SchemaOf<Everything>();
  const auto read = [](const MessageSchema& schema, std::string document, bool everything) {
    Everything message;
    const DecodeResult decoded =
        everything ? DecodeAll(schema, document, message) : Decode(schema, document, message);
    std::vector<std::string> out = Names(decoded.drift);
    out.push_back(decoded.error);
    out.push_back(message.DebugString());
    return out;
  };
  std::vector<std::string> documents = {
      R"({"text":1,"text":"2","small":"2147483648","large":"7.00","usmall":-1,"ularge":18446744073709551615})",
      R"({"flag":"YES","ratio":1e400,"blob":"AP8=","color":"COLOR_RED","colors":["COLOR_BLUE",1,7]})",
      R"({"card":{"last4":7,"number":null},"cards":{"cvc":"1"},"items":[{},null,"x",[]],"words":["a","",2]})",
      R"({"left":"l","right":2,"middle":{}})",
      R"({"at":"2026-01-02T03:04:05Z","plain":1,"state":2,"settings":{"a":[1]},"settings":{"b":1e999}})",
  };
  for (const char* text : kTexts) {
    std::string document;
    EncodeAll(fast, FromText<Everything>(text), document);
    documents.push_back(document);
  }
  documents.emplace_back(kOrderAnswer);
  for (const std::string& document : documents) {
    for (const bool everything : {false, true}) {
      EXPECT_EQ(read(slow, document, everything), read(fast, document, everything)) << document;
    }
  }
}

}  // namespace
}  // namespace msp::codec
