// SPDX-License-Identifier: Apache-2.0

#include "service/codec/reader.h"

#include <algorithm>
#include <bitset>

#include "service/base/text.h"

namespace msp::codec {
namespace {

namespace pb = google::protobuf;

constexpr std::size_t kDigitRunMax = 5;  // In a drift path; a longer run may be a sensitive number.

// A member's name as part of a metric's label.
void AppendName(std::string_view name, std::string& path) {
  for (std::size_t i = 0; i < name.size() && path.size() < kDriftPathMax;) {
    std::size_t digits = 0;
    while (i + digits < name.size() && IsDigit(name[i + digits])) ++digits;
    if (digits > kDigitRunMax) {
      path += '_';
      i += digits;
      continue;
    }
    const char c = name[i++];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
    path += letter || IsDigit(c) ? c : '_';
  }
}

}  // namespace

struct Reader::Envelope {
  const MessageSchema& schema;
  MemberRedirection& redirection;
  std::bitset<kEntriesMax> nested;  // Fields that are set in `redirection.nested`.
  bool redirected = false;          // The redirected member has been read.
};

bool Reader::Document(const MessageSchema& schema, pb::Message& message,
                      MemberRedirection* redirection) {
  const JsonPath root;
  bool good = false;
  if (tokens_.Peek() != '{') {
    Report(Drift::Kind::kUnfitValue, root);
    good = Skip();
  } else if (redirection == nullptr) {
    good = Members(schema, message, root);
  } else {
    Envelope envelope{schema, *redirection, {}};
    good = Members(schema, message, root, &envelope);
  }
  return good && (tokens_.AtEnd() || Fail("content after the document"));
}

bool Reader::Members(const MessageSchema& schema, pb::Message& message, const JsonPath& path,
                     Envelope* envelope, Envelope* outer) {
  bool more = false;
  if (!Open('}', more)) return false;
  std::bitset<kEntriesMax> seen;
  std::size_t expected = 0;
  while (more) {
    std::string_view key;
    if (!Key(key)) return false;
    const JsonPath member{&path, key};
    const FieldSchema* entry = nullptr;
    if (envelope != nullptr && key == envelope->redirection.key) {
      if (!Redirected(*envelope, member)) return false;
    } else if (entry = schema.FindNext(key, expected); entry == nullptr || !Reads(*entry)) {
      if (!(outer == nullptr ? Unknown(schema, message, member)
                             : Nested(*outer, schema, message, member)))
        return false;
    } else {
      const std::size_t number = expected - 1;
      if (seen[number]) {
        Report(Drift::Kind::kDuplicateMember, member);
        entry->Clear(message);
      }
      seen.set(number);
      if (entry->plain_text && tokens_.Peek() == '"') {  // The fast path for most members.
        std::string_view text;
        if (!String(text, &member)) return false;
        if (!text.empty()) entry->access.put.text(message, entry->field, text);
      } else if (!Known(*entry, message, member)) {
        return false;
      }
    }
    if (!Next('}', more)) return false;
  }
  return true;
}

bool Reader::Unknown(const MessageSchema& schema, pb::Message& message, const JsonPath& path) {
  Report(Drift::Kind::kUnknownMember, path);
  const FieldSchema* const entry = schema.unmodelled();
  if (everything_ || entry == nullptr || tokens_.Peek() == 'n') return Skip();
  if (!Count()) return false;
  auto& object = static_cast<pb::Struct&>(entry->access.put.message(message, entry->field));
  pb::Value& value = (*object.mutable_fields())[std::string(path.name)];
  value.Clear();
  exact_numbers_ = true;
  const bool good = StructValue(value, path);
  exact_numbers_ = false;
  return good;
}

bool Reader::Known(const FieldSchema& entry, pb::Message& message, const JsonPath& path) {
  if (entry.oneof != nullptr && message.GetReflection()->HasOneof(message, entry.oneof)) {
    Report(Drift::Kind::kDuplicateMember, path);  // Two members of one oneof.
  }
  const Outcome outcome = Field(entry, message, path);
  if (outcome == Outcome::kUnfit) Report(Drift::Kind::kUnfitValue, path);
  return outcome != Outcome::kMalformed;
}

bool Reader::Redirected(Envelope& envelope, const JsonPath& path) {
  MemberRedirection& redirection = envelope.redirection;
  if (envelope.redirected) {
    // The last of two wins here, too, including its nested members.
    Report(Drift::Kind::kDuplicateMember, path);
    redirection.entry != nullptr ? redirection.entry->Clear(*redirection.into)
                                 : redirection.into->Clear();
    if (redirection.nested != nullptr) redirection.nested->Clear();
    envelope.nested.reset();
  }
  envelope.redirected = true;
  Outcome outcome = Outcome::kUnfit;
  if (redirection.entry != nullptr) {
    outcome = Field(*redirection.entry, *redirection.into, path, &envelope);
  } else {
    outcome = Object(*redirection.schema, path, &envelope,
                     [&]() -> pb::Message& { return *redirection.into; });
  }
  redirection.present = outcome == Outcome::kRead || outcome == Outcome::kUnfit;
  redirection.fits = outcome == Outcome::kRead;
  if (outcome == Outcome::kUnfit) Report(Drift::Kind::kUnfitValue, path);
  return outcome != Outcome::kMalformed;
}

bool Reader::Nested(Envelope& envelope, const MessageSchema& schema, pb::Message& message,
                    const JsonPath& path) {
  const FieldSchema* entry = envelope.schema.Find(path.name);
  pb::Message* const nested = envelope.redirection.nested;
  if (nested == nullptr || entry == nullptr || !Reads(*entry))
    return Unknown(schema, message, path);
  const auto number = static_cast<std::size_t>(entry - envelope.schema.entries().data());
  if (envelope.nested[number]) {
    Report(Drift::Kind::kDuplicateMember, path);
    entry->Clear(*nested);
  }
  envelope.nested.set(number);
  return Known(*entry, *nested, path);
}

Reader::Outcome Reader::Field(const FieldSchema& entry, pb::Message& message, const JsonPath& path,
                              Envelope* outer) {
  return entry.repeated ? List(entry, message, path, outer) : One(entry, message, path, outer);
}

Reader::Outcome Reader::List(const FieldSchema& entry, pb::Message& message, const JsonPath& path,
                             Envelope* outer) {
  if (tokens_.Peek() == '{' && tokens_.PeekSecond() == '}') {
    return Skip() ? Outcome::kRead : Outcome::kMalformed;
  }
  // A single object or scalar is a list of one.
  if (tokens_.Peek() != '[') return One(entry, message, path, outer);
  bool more = false;
  if (!Open(']', more)) return Outcome::kMalformed;
  while (more) {
    if (!Count()) return Outcome::kMalformed;
    const Outcome outcome = One(entry, message, path, nullptr);
    if (outcome == Outcome::kMalformed) return outcome;
    if (outcome == Outcome::kUnfit) Report(Drift::Kind::kUnfitValue, path);
    if (!Next(']', more)) return Outcome::kMalformed;
  }
  return Outcome::kRead;
}

Reader::Outcome Reader::One(const FieldSchema& entry, pb::Message& message, const JsonPath& path,
                            Envelope* outer) {
  const auto target = [&]() -> pb::Message& {
    return entry.access.put.message(message, entry.field);
  };
  if (entry.kind == Kind::kMessage) return Object(*entry.message, path, outer, target);
  if (entry.kind != Kind::kStruct) return Scalar(entry, message, path);
  const Outcome shape = ObjectShape();
  if (shape != Outcome::kRead) return shape;
  auto& object = static_cast<pb::Struct&>(target());
  if (tokens_.Peek() == '[') return Skip() ? Outcome::kRead : Outcome::kMalformed;
  return StructObject(object, path) ? Outcome::kRead : Outcome::kMalformed;
}

template <class Target>
Reader::Outcome Reader::Object(const MessageSchema& schema, const JsonPath& path, Envelope* outer,
                               const Target& target) {
  const Outcome shape = ObjectShape();
  if (shape != Outcome::kRead) return shape;
  pb::Message& message = target();
  if (tokens_.Peek() == '[') return Skip() ? Outcome::kRead : Outcome::kMalformed;
  return Members(schema, message, path, nullptr, outer) ? Outcome::kRead : Outcome::kMalformed;
}

Reader::Outcome Reader::ObjectShape() {
  switch (tokens_.Peek()) {
    case '{':
      return Outcome::kRead;
    case '[':  // PHP's form of an empty object.
      return tokens_.PeekSecond() == ']' ? Outcome::kRead : SkipUnfit();
    case 'n':
      return Skip() ? Outcome::kUnset : Outcome::kMalformed;
    case '"': {
      std::string_view text;
      if (!String(text)) return Outcome::kMalformed;
      return text.empty() ? Outcome::kUnset : Outcome::kUnfit;
    }
    default:
      return SkipUnfit();
  }
}

bool Reader::Skip() {
  std::string_view text;
  char first = 0;
  switch (tokens_.Peek()) {
    case '{':
      return SkipObject();
    case '[':
      return SkipList();
    case '"':
      return String(text);
    case 't':
    case 'f':
    case 'n':
      return Atom(first);
    default:
      return Number(text);
  }
}

bool Reader::SkipObject() {
  bool more = false;
  if (!Open('}', more)) return false;
  while (more) {
    std::string_view key;
    if (!Key(key) || !Skip() || !Next('}', more)) return false;
  }
  return true;
}

bool Reader::SkipList() {
  bool more = false;
  if (!Open(']', more)) return false;
  while (more) {
    if (!Skip() || !Next(']', more)) return false;
  }
  return true;
}

void Reader::Unescape(std::string_view& text, const JsonPath* path) {
  if (!tokens_.Unescape(text) && path != nullptr) Report(Drift::Kind::kUnreadableText, *path);
}

bool Reader::Number(std::string_view& text) {
  const char first = tokens_.Peek();
  if (!IsDigit(first) && first != '-') return Fail("no value where one is expected");
  text = tokens_.Token();
  return IsJsonNumber(text) || Fail("malformed number");
}

bool Reader::Atom(char& first) {
  first = tokens_.Peek();
  const std::string_view text = tokens_.Token();
  return text == "true" || text == "false" || text == "null" || Fail("malformed literal");
}

bool Reader::Open(char close, bool& more) {
  if (++depth_ > kDepthMax) return Fail("nested too deep");
  tokens_.Step();
  more = tokens_.Peek() != close;
  if (!more) {
    tokens_.Step();
    --depth_;
  }
  return true;
}

bool Reader::Fail(const char* what) {
  result_.error = what;
  result_.error += " near byte " + std::to_string(tokens_.Offset());
  return false;
}

void Reader::Report(Drift::Kind kind, const JsonPath& path) {
  const auto same_kind = [kind](const Drift& drift) { return drift.kind == kind; };
  const auto known = std::count_if(result_.drift.begin(), result_.drift.end(), same_kind);
  const bool full = static_cast<std::size_t>(known) >= kDriftMax;
  const bool of_value = kind == Drift::Kind::kUnfitValue || kind == Drift::Kind::kUnreadableText;
  if (full && !of_value) return;
  const JsonPath* nodes[kDepthMax + 1];
  std::size_t count = 0;
  for (const JsonPath* at = &path; at->parent != nullptr; at = at->parent) nodes[count++] = at;
  std::string text;
  while (count-- > 0) {
    if (!text.empty()) text += '.';
    AppendName(nodes[count]->name, text);
  }
  if (text.size() > kDriftPathMax) text.resize(kDriftPathMax);
  for (const Drift& drift : result_.drift) {
    if (drift.kind == kind && drift.path == text) return;
  }
  if (full) {
    result_.drift_cut = true;
    return;
  }
  result_.drift.push_back({kind, std::move(text)});
}

}  // namespace msp::codec
