// SPDX-License-Identifier: Apache-2.0

// Checks a message against the limits of its schema. Called on any thread; no state.
#pragma once

#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "service/codec/message_schema.h"

namespace msp::codec {

// One refused field. The description never repeats the value.
struct Violation {
  std::string
      field;  // Path in the request: "gateway_info.card_number", "shopping_cart.items[2].name".
  std::string description;  // What is wrong and what is expected.
};

inline constexpr std::size_t kViolationsMax = 20;

// List elements, members of Structs and unknown fields of one message and its content. Their wire
// form may take two bytes each, where the parsed message has a hundred and more.
inline constexpr std::size_t kElementsMax = 10'000;

// Memory of a message on an arena, in bytes. A message of 1 MiB within the other limits takes less
// than half. One that sets the members of a oneof in turn takes more: an arena keeps each.
inline constexpr std::size_t kMessageMemoryMax = 8 << 20;

// The maximum nesting of messages and Struct values.
inline constexpr int kNestingMax = 64;

// Checks every limit of `message` and its content, except documented ones: one violation for each
// value, kViolationsMax at most. Always refused: invalid UTF-8; control characters except tab, line
// feed and carriage return (PATTERN_LINE, _ID and _URL refuse these, too); numbers that JSON cannot
// represent; more than kElementsMax elements, which ends the check. An empty string counts as
// absent. Required fields are checked in messages that are present. No allocation without a
// violation.
std::vector<Violation> Check(const MessageSchema& schema, const google::protobuf::Message& message);

}  // namespace msp::codec
