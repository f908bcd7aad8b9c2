// SPDX-License-Identifier: Apache-2.0

// JSON to protobuf, by plan, with the tolerance that a loosely typed API demands and the strictness
// that money demands: every malformed document fails, every value that does not fit is reported,
// nothing crashes. Called on any thread.
//
// Tolerant readings, by target type: string takes string, number (its digits kept, written without
// an exponent) and bool; an id (PATTERN_ID) takes whole numbers only; integer takes a number whose
// value is whole (1000, 1000.0, 1e3) and a text of digits, but no text with a fraction; bool takes
// true/false, 0/1, "0"/"1", "YES"/"NO", "true"/"false" in any case; null, "" and absent are unset;
// `[]` for an object is an empty object; one object or scalar for a list is a list of one, `{}` for
// a list is an empty one; null and "" in a list are skipped. Texts of PATTERN_FOUR_DIGITS get their
// leading zeros back. The last of duplicate members wins, also when it is null.
//
// A text that is not readable in whole is read all the same and reported: U+FFFD stands for half a
// surrogate pair and for bytes that are no UTF-8, an escape that JSON does not know stays as it is
// written, and so does a control character that should have been escaped. In a member's name it
// makes another, unknown name.
//
// Malformed is everything else that RFC 8259 does not allow, invalid UTF-8 outside of texts, more
// unreadable characters than kRepairedBytesMore has room for, and nesting beyond kDepthMax. A byte
// order mark is skipped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/message.h"
#include "service/codec/message_schema.h"

namespace msp::codec {

// Objects and lists in one another at most.
inline constexpr int kDepthMax = 64;

// Bytes by which a document may grow when its unreadable texts are repaired; the worst takes six
// bytes for one.
inline constexpr std::size_t kRepairedBytesMore = 4 << 20;

// A member that the schema does not know, a value that does not fit its type, a text that is not
// readable in whole. No error by itself: counted, so that the API's drift shows before it hurts.
// Whether a call can do without the member is the caller's to say.
struct Drift {
  enum class Kind : std::uint8_t {
    kUnknownMember,
    kUnfitValue,
    kDuplicateMember,
    kUnreadableText,
  };
  Kind kind;
  // Dotted, without list indexes: "payment_details.card_funding". At most kDriftPathMax bytes of
  // letters, digits and "_-."; long runs of digits are masked, since it becomes a metric's label.
  // Empty for the whole document.
  std::string path;
};

inline constexpr std::size_t kDriftMax = 32;  // Reports per document and kind; more are dropped.
inline constexpr std::size_t kDriftPathMax = 128;

struct Decoded {
  bool ok = false;    // False: malformed; the messages' content is unspecified and must be dropped.
  std::string error;  // What was malformed and at which byte, without any of the document's text.
  std::vector<Drift> drift;  // One for each kind and path, however often it occurs.
  // True: more values did not fit or were not readable than kDriftMax could be reported.
  bool drift_cut = false;
  // The ids (PATTERN_ID) that came as JSON numbers, which lose leading zeros; each field once.
  std::vector<const FieldSchema*> numbers;
};

// Where one member of the document goes instead of into the envelope: `key`'s value is read into
// `entry`'s field of `into` (an object or, for a repeated entry, a list).
struct MemberRedirection {
  std::string_view key;
  const FieldSchema* entry = nullptr;  // Null: the object's members are fields of `into` itself.
  google::protobuf::Message* into = nullptr;
  const MessageSchema* plan = nullptr;  // Of `into`.
  // Takes the members of that object that its own plan does not know and the envelope's does: some
  // answers nest their error code, or a second `success`, there. Of the envelope's type, empty.
  google::protobuf::Message* nested = nullptr;
  bool present = false;  // Out: the member was there and neither null nor "".
  bool fits = false;     // Out: it had a shape that the entry can take.
};

// Reads an answer's `document` into `message`, which is empty. Fields that do not travel in a body
// (the service's own, those of path and query) count as unknown. The document is unescaped in
// place, or wiped and replaced by a repaired one: its content is unspecified afterwards, and the
// caller wipes it. `splice` may be null. A
// document that is JSON but no object is read as nothing, with a drift of an unfit value.
Decoded Decode(const MessageSchema& plan, std::string& document, google::protobuf::Message& message,
               MemberRedirection* splice = nullptr);

// Reads what EncodeAll writes and what people write: every field of the message, the service's own
// too, enums by name, timestamps as RFC 3339 text.
Decoded DecodeAll(const MessageSchema& plan, std::string& document,
                  google::protobuf::Message& message);

}  // namespace msp::codec
