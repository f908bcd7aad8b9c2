// SPDX-License-Identifier: Apache-2.0

// Checks a message against the enforced limits of its schema. Called on any thread; no state.
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

// Messages and Struct values nested in one another at most.
inline constexpr int kNestingMax = 64;

// Every enforced limit of `message` and of what it contains, one violation for each value,
// kViolationsMax at most. Always refused, whatever the limits say: invalid UTF-8; control
// characters but tab, line feed and carriage return (texts of enforced PATTERN_LINE, _ID and _URL
// refuse those too); numbers that JSON cannot hold. An empty string counts as absent. Required
// fields are looked for in messages that are present. No allocation while all is well.
std::vector<Violation> Check(const MessageSchema& plan, const google::protobuf::Message& message);

}  // namespace msp::codec
