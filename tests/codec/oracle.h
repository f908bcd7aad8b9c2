// SPDX-License-Identifier: Apache-2.0

// A second reader of JSON, built on nlohmann::json and written from the rules in decode.h without
// the codec's code: what the codec is compared with. Slow, recursive, obvious.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/message.h"

namespace msp::codec::oracle {

struct Member;

// One JSON value. Numbers keep their digits as written.
struct Node {
  enum class Kind { kNull, kBool, kNumber, kString, kObject, kList };
  Kind kind = Kind::kNull;
  std::string text;             // Of a string, a number's digits, "true" or "false".
  std::vector<Member> members;  // In the document's order, duplicates kept.
  std::vector<Node> elements;

  // The last member of that name, or null.
  const Node* Find(std::string_view name) const;
};

struct Member {
  std::string name;
  Node value;
};

struct Parsed {
  std::optional<Node> document;  // Nothing when nlohmann::json refuses it.
  int depth = 0;                 // Objects and lists in one another.
  // A number beyond a double's range, which nlohmann::json refuses though it is JSON.
  bool overflow = false;
};

Parsed Parse(std::string_view text);

// The document with its texts made readable, as the reading rules have it, for nlohmann::json,
// which refuses half a surrogate pair, bytes that are no UTF-8, raw control characters and escapes
// that JSON does not know.
std::string Repaired(std::string_view text);

// What the reading rules make of `object`; only fields that travel in a body unless `everything`.
// Names in `skip` are left out.
void Fill(const Node& object, google::protobuf::Message& message, bool everything = false,
          std::string_view skip = {});

// The paths of all values in `object` that are not found again in `message`: the other direction,
// for showing that nothing was lost. Values that mean "unset" need not be found.
std::vector<std::string> Lost(const Node& object, const google::protobuf::Message& message);

// Every difference between two documents, types included; members that mean nothing are no
// difference: null, "", and objects and lists of those.
std::vector<std::string> Differences(const Node& before, const Node& after);

}  // namespace msp::codec::oracle
