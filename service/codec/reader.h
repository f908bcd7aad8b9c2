// SPDX-License-Identifier: Apache-2.0

// The walk over a document's tokens that fills a message by its schema. It checks every value,
// known or not, by the JSON grammar, and stops at the first error. Internal to the codec.
#pragma once

#include <string_view>

#include "google/protobuf/message.h"
#include "google/protobuf/struct.pb.h"
#include "service/codec/decode.h"
#include "service/codec/message_schema.h"
#include "service/codec/tokens.h"

namespace msp::codec {

class Reader {
 public:
  // `everything`: also reads fields that are not sent in a body.
  Reader(Tokens tokens, bool everything, DecodeResult& result)
      : tokens_(tokens), everything_(everything), result_(result) {}

  // The whole document, with a check for trailing content. False: malformed, and `result.error`
  // says why.
  bool Document(const MessageSchema& schema, google::protobuf::Message& message,
                MemberRedirection* redirection);

 private:
  // The result of one value.
  enum class Outcome : std::uint8_t {
    kMalformed,
    kUnset,  // null, "" or an element to skip.
    kUnfit,  // Well-formed, but not of a type that the field accepts; the field is unset.
    kRead,
  };

  // A member's names from the root down, linked to its parent's; joined into text only for a drift
  // report.
  struct JsonPath {
    const JsonPath* parent = nullptr;
    std::string_view name;
  };

  // The document's top level while a member of it is redirected.
  struct Envelope;

  // `envelope`: set when this object is the envelope itself. `outer`: set when it is the redirected
  // member.
  bool Members(const MessageSchema& schema, google::protobuf::Message& message,
               const JsonPath& path, Envelope* envelope = nullptr, Envelope* outer = nullptr);
  bool Redirected(Envelope& envelope, const JsonPath& path);
  // A member that is not in the redirected object's schema, but may be in the envelope's. `message`
  // is of that object.
  bool Nested(Envelope& envelope, const MessageSchema& schema, google::protobuf::Message& message,
              const JsonPath& path);
  // Kept in the message's `unmodelled` where it has one.
  bool Unknown(const MessageSchema& schema, google::protobuf::Message& message,
               const JsonPath& path);
  // Reads a member into its field and reports an unfit value.
  bool Known(const FieldSchema& entry, google::protobuf::Message& message, const JsonPath& path);

  Outcome Field(const FieldSchema& entry, google::protobuf::Message& message, const JsonPath& path,
                Envelope* outer = nullptr);
  Outcome List(const FieldSchema& entry, google::protobuf::Message& message, const JsonPath& path,
               Envelope* outer);
  Outcome One(const FieldSchema& entry, google::protobuf::Message& message, const JsonPath& path,
              Envelope* outer);
  // Reads an object into the message of `target`, which is called only when there is an object.
  template <class Target>
  Outcome Object(const MessageSchema& schema, const JsonPath& path, Envelope* outer,
                 const Target& target);
  // kRead when an object or `[]` comes next, which is not consumed; any other value is consumed.
  Outcome ObjectShape();
  Outcome Scalar(const FieldSchema& entry, google::protobuf::Message& message,
                 const JsonPath& path);
  Outcome FromText(const FieldSchema& entry, google::protobuf::Message& message,
                   std::string_view text);
  Outcome FromNumber(const FieldSchema& entry, google::protobuf::Message& message,
                     std::string_view text);
  Outcome FromBool(const FieldSchema& entry, google::protobuf::Message& message, bool value);

  bool StructObject(google::protobuf::Struct& object, const JsonPath& path);
  bool StructList(google::protobuf::ListValue& list, const JsonPath& path);
  bool StructValue(google::protobuf::Value& value, const JsonPath& path);

  // Checks and skips one value of any kind.
  bool Skip();
  bool SkipObject();
  bool SkipList();
  Outcome SkipUnfit() { return Skip() ? Outcome::kUnfit : Outcome::kMalformed; }

  // One token each; false and an error when it is malformed. A partly unreadable text is reported
  // at `path`, which is null for names and skipped values.
  bool String(std::string_view& text, const JsonPath* path = nullptr) {
    if (!tokens_.String(text)) return Fail("malformed string");
    if (tokens_.HasEscape(text)) Unescape(text, path);
    return true;
  }
  void Unescape(std::string_view& text, const JsonPath* path);
  bool Number(std::string_view& text);
  bool Atom(char& first);  // 't', 'f' or 'n'.
  bool Key(std::string_view& key, const JsonPath* path = nullptr) {
    if (tokens_.Peek() != '"') return Fail("no name where one is expected");
    if (!String(key, path)) return false;
    if (tokens_.Peek() != ':') return Fail("no colon after a name");
    tokens_.Step();
    return true;
  }
  // Enters an object or list; sets `more` when it is not empty. An empty one is consumed.
  bool Open(char close, bool& more);
  // After a member or an element: sets `more` at a comma, clears it at `close`, the end of the
  // object or list.
  bool Next(char close, bool& more) {
    const char next = tokens_.Peek();
    more = next == ',';
    if (!more && next != close) return Fail("no comma or end after a value");
    tokens_.Step();
    if (!more) --depth_;
    return true;
  }

  // Before one more element is kept.
  bool Count() { return ++elements_ <= kDocumentElementsMax || Fail("too many elements"); }
  bool Fail(const char* what);
  void Report(Drift::Kind kind, const JsonPath& path);
  bool Reads(const FieldSchema& entry) const { return everything_ || entry.in_body; }

  Tokens tokens_;
  const bool everything_;
  bool exact_numbers_ = false;  // A Struct's numbers are kept as text.
  DecodeResult& result_;
  int depth_ = 0;
  std::size_t elements_ = 0;
};

}  // namespace msp::codec
