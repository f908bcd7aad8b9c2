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
  const MessageSchema& plan;
  MemberRedirection& redirection;
  std::bitset<kEntriesMax> nested;  // Fields that are set in `redirection.nested`.
  bool redirected = false;          // The redirected member has been read.
};

bool Reader::Document(const MessageSchema& plan, pb::Message& message,
                      MemberRedirection* redirection) {
  const Place root;
  bool good = false;
  if (tokens_.Peek() != '{') {
    Report(Drift::Kind::kUnfitValue, root);
    good = Skip();
  } else if (redirection == nullptr) {
    good = Members(plan, message, root);
  } else {
    Envelope envelope{plan, *redirection, {}};
    good = Members(plan, message, root, &envelope);
  }
  return good && (tokens_.AtEnd() || Fail("content after the document"));
}

bool Reader::Members(const MessageSchema& plan, pb::Message& message, const Place& place,
                     Envelope* own, Envelope* outer) {
  bool more = false;
  if (!Open('}', more)) return false;
  std::bitset<kEntriesMax> seen;
  std::size_t expected = 0;
  while (more) {
    std::string_view key;
    if (!Key(key)) return false;
    const Place member{&place, key};
    const FieldSchema* entry = nullptr;
    if (own != nullptr && key == own->redirection.key) {
      if (!Splicing(*own, member)) return false;
    } else if (entry = plan.FindNext(key, expected); entry == nullptr || !Reads(*entry)) {
      if (!(outer == nullptr ? Unknown(plan, message, member)
                             : Nested(*outer, plan, message, member)))
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

bool Reader::Unknown(const MessageSchema& plan, pb::Message& message, const Place& place) {
  Report(Drift::Kind::kUnknownMember, place);
  const FieldSchema* const entry = plan.unmodelled();
  if (everything_ || entry == nullptr || tokens_.Peek() == 'n') return Skip();
  auto& object = static_cast<pb::Struct&>(entry->access.put.message(message, entry->field));
  pb::Value& value = (*object.mutable_fields())[std::string(place.name)];
  value.Clear();
  exact_numbers_ = true;
  const bool good = StructValue(value, place);
  exact_numbers_ = false;
  return good;
}

bool Reader::Known(const FieldSchema& entry, pb::Message& message, const Place& place) {
  if (entry.oneof != nullptr && message.GetReflection()->HasOneof(message, entry.oneof)) {
    Report(Drift::Kind::kDuplicateMember, place);  // Two members of one oneof.
  }
  const Outcome outcome = Field(entry, message, place);
  if (outcome == Outcome::kUnfit) Report(Drift::Kind::kUnfitValue, place);
  return outcome != Outcome::kMalformed;
}

bool Reader::Splicing(Envelope& envelope, const Place& place) {
  MemberRedirection& redirection = envelope.redirection;
  if (envelope.redirected) {
    // The last of two wins here, too, including its nested members.
    Report(Drift::Kind::kDuplicateMember, place);
    redirection.entry != nullptr ? redirection.entry->Clear(*redirection.into)
                                 : redirection.into->Clear();
    if (redirection.nested != nullptr) redirection.nested->Clear();
    envelope.nested.reset();
  }
  envelope.redirected = true;
  Outcome outcome = Outcome::kUnfit;
  if (redirection.entry != nullptr) {
    outcome = Field(*redirection.entry, *redirection.into, place, &envelope);
  } else {
    outcome = Object(*redirection.plan, place, &envelope,
                     [&]() -> pb::Message& { return *redirection.into; });
  }
  redirection.present = outcome == Outcome::kRead || outcome == Outcome::kUnfit;
  redirection.fits = outcome == Outcome::kRead;
  if (outcome == Outcome::kUnfit) Report(Drift::Kind::kUnfitValue, place);
  return outcome != Outcome::kMalformed;
}

bool Reader::Nested(Envelope& envelope, const MessageSchema& plan, pb::Message& message,
                    const Place& place) {
  const FieldSchema* entry = envelope.plan.Find(place.name);
  pb::Message* const nested = envelope.redirection.nested;
  if (nested == nullptr || entry == nullptr || !Reads(*entry)) return Unknown(plan, message, place);
  const auto number = static_cast<std::size_t>(entry - envelope.plan.entries().data());
  if (envelope.nested[number]) {
    Report(Drift::Kind::kDuplicateMember, place);
    entry->Clear(*nested);
  }
  envelope.nested.set(number);
  return Known(*entry, *nested, place);
}

Reader::Outcome Reader::Field(const FieldSchema& entry, pb::Message& message, const Place& place,
                              Envelope* outer) {
  return entry.repeated ? List(entry, message, place, outer) : One(entry, message, place, outer);
}

Reader::Outcome Reader::List(const FieldSchema& entry, pb::Message& message, const Place& place,
                             Envelope* outer) {
  if (tokens_.Peek() == '{' && tokens_.PeekSecond() == '}') {
    return Skip() ? Outcome::kRead : Outcome::kMalformed;
  }
  // A single object or scalar is a list of one.
  if (tokens_.Peek() != '[') return One(entry, message, place, outer);
  bool more = false;
  if (!Open(']', more)) return Outcome::kMalformed;
  while (more) {
    const Outcome outcome = One(entry, message, place, nullptr);
    if (outcome == Outcome::kMalformed) return outcome;
    if (outcome == Outcome::kUnfit) Report(Drift::Kind::kUnfitValue, place);
    if (!Next(']', more)) return Outcome::kMalformed;
  }
  return Outcome::kRead;
}

Reader::Outcome Reader::One(const FieldSchema& entry, pb::Message& message, const Place& place,
                            Envelope* outer) {
  const auto target = [&]() -> pb::Message& {
    return entry.access.put.message(message, entry.field);
  };
  if (entry.kind == Kind::kMessage) return Object(*entry.message, place, outer, target);
  if (entry.kind != Kind::kStruct) return Scalar(entry, message, place);
  const Outcome shape = ObjectShape();
  if (shape != Outcome::kRead) return shape;
  auto& object = static_cast<pb::Struct&>(target());
  if (tokens_.Peek() == '[') return Skip() ? Outcome::kRead : Outcome::kMalformed;
  return StructObject(object, place) ? Outcome::kRead : Outcome::kMalformed;
}

template <class Target>
Reader::Outcome Reader::Object(const MessageSchema& plan, const Place& place, Envelope* outer,
                               const Target& target) {
  const Outcome shape = ObjectShape();
  if (shape != Outcome::kRead) return shape;
  pb::Message& message = target();
  if (tokens_.Peek() == '[') return Skip() ? Outcome::kRead : Outcome::kMalformed;
  return Members(plan, message, place, nullptr, outer) ? Outcome::kRead : Outcome::kMalformed;
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

void Reader::Unescape(std::string_view& text, const Place* place) {
  if (!tokens_.Unescape(text) && place != nullptr) Report(Drift::Kind::kUnreadableText, *place);
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

void Reader::Report(Drift::Kind kind, const Place& place) {
  const auto same_kind = [kind](const Drift& drift) { return drift.kind == kind; };
  const auto known = std::count_if(result_.drift.begin(), result_.drift.end(), same_kind);
  const bool full = static_cast<std::size_t>(known) >= kDriftMax;
  const bool of_value = kind == Drift::Kind::kUnfitValue || kind == Drift::Kind::kUnreadableText;
  if (full && !of_value) return;
  const Place* line[kDepthMax + 1];
  std::size_t count = 0;
  for (const Place* at = &place; at->parent != nullptr; at = at->parent) line[count++] = at;
  std::string path;
  while (count-- > 0) {
    if (!path.empty()) path += '.';
    AppendName(line[count]->name, path);
  }
  if (path.size() > kDriftPathMax) path.resize(kDriftPathMax);
  for (const Drift& drift : result_.drift) {
    if (drift.kind == kind && drift.path == path) return;
  }
  if (full) {
    result_.drift_cut = true;
    return;
  }
  result_.drift.push_back({kind, std::move(path)});
}

}  // namespace msp::codec
