// SPDX-License-Identifier: Apache-2.0

// JSON to protobuf, by schema. Tolerant of a loosely typed API, strict where money is concerned:
// every malformed document fails, every unfit value is reported, nothing crashes. Called on any
// thread.
//
// Accepted forms, by target type: string: string, number (its digits kept, without exponent) and
// bool; an id (PATTERN_ID): whole numbers only; integer: a number with a whole value (1000, 1000.0,
// 1e3) and a text of digits, but no text with a fraction; bool: true/false, 0/1, "0"/"1",
// "YES"/"NO", "true"/"false" in any case. null, "" and absent are unset; `[]` for an object is an
// empty object; one object or scalar for a list is a list of one, `{}` for a list is an empty one;
// null and "" in a list are skipped. Texts of PATTERN_FOUR_DIGITS get their leading zeros back. The
// last of duplicate members wins, even if null.
//
// A partly unreadable text is read and reported: U+FFFD replaces half a surrogate pair and bytes
// that are no UTF-8; an escape that JSON does not have, or an unescaped control character, stays as
// written. In a member's name this gives another, unknown name.
//
// Malformed is everything else that RFC 8259 does not allow, invalid UTF-8 outside of texts, more
// unreadable characters than fit into kRepairedBytesMore, nesting beyond kDepthMax, and more
// elements than kDocumentElementsMax. A byte order mark is skipped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/message.h"
#include "service/codec/message_schema.h"

namespace msp::codec {

// The maximum nesting of objects and lists.
inline constexpr int kDepthMax = 64;

// List elements, members of Structs and members without a field in one document: `{}` takes three
// bytes in it, and some hundred as a message.
inline constexpr std::size_t kDocumentElementsMax = 100'000;

// Bytes by which a document may grow when its unreadable texts are repaired; at worst six bytes for
// one.
inline constexpr std::size_t kRepairedBytesMore = 4 << 20;

// A member that the schema does not have, a value that does not fit its type, a text that is partly
// unreadable. No error by itself: counted, so that changes of the API are seen early. The caller
// decides whether a call needs the member.
struct Drift {
  enum class Kind : std::uint8_t {
    kUnknownMember,
    kUnfitValue,
    kDuplicateMember,
    kUnreadableText,
  };
  Kind kind;
  // Dotted, without list indexes: "payment_details.card_funding". At most kDriftPathMax bytes of
  // letters, digits and "_-."; long runs of digits are masked, since the path is a metric's label.
  // Empty for the whole document.
  std::string path;
};

inline constexpr std::size_t kDriftMax = 32;  // Reports per document and kind; more are dropped.
inline constexpr std::size_t kDriftPathMax = 128;

struct DecodeResult {
  bool ok = false;  // False: malformed; the messages' content is unspecified and must be discarded.
  std::string error;  // What was malformed and at which byte, without any of the document's text.
  std::vector<Drift> drift;  // One for each kind and path, however often it occurs.
  // True: there was more drift than the kDriftMax reports.
  bool drift_cut = false;
  // The ids (PATTERN_ID) that came as JSON numbers, which lose leading zeros; each field once.
  std::vector<const FieldSchema*> numbers;
};

// Redirects one member of the document: `key`'s value is read into `entry`'s field of `into` (an
// object or, for a repeated entry, a list) instead of the envelope.
struct MemberRedirection {
  std::string_view key;
  const FieldSchema* entry = nullptr;  // Null: the object's members are fields of `into` itself.
  google::protobuf::Message* into = nullptr;
  const MessageSchema* schema = nullptr;  // Of `into`.
  // Gets the members of that object that are not in its own schema but in the envelope's: some
  // answers nest their error code, or a second `success`, there. Of the envelope's type, empty.
  google::protobuf::Message* nested = nullptr;
  bool present = false;  // Out: the member was there and neither null nor "".
  bool fits = false;     // Out: its type fitted the entry.
};

// Reads an answer's `document` into `message`, which is empty. Fields that are not sent in a body
// (service-only ones, those of path and query) count as unknown. The document is unescaped in
// place, or zeroized and replaced by a repaired one: its content is unspecified afterwards, and the
// caller zeroizes it. `redirection` may be null. A JSON document other than an object leaves
// `message` empty, with a drift of an unfit value.
DecodeResult Decode(const MessageSchema& schema, std::string& document,
                    google::protobuf::Message& message, MemberRedirection* redirection = nullptr);

// Reads the output of EncodeAll and manual input: every field of the message, service-only
// fields included, enums by name, timestamps as RFC 3339 text.
DecodeResult DecodeAll(const MessageSchema& schema, std::string& document,
                       google::protobuf::Message& message);

}  // namespace msp::codec
