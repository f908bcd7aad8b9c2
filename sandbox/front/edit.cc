// SPDX-License-Identifier: Apache-2.0

#include "sandbox/front/edit.h"

#include <utility>
#include <vector>

#include "sandbox/core/read.h"

namespace msp::sandbox {
namespace {

struct UnreadableText {
  std::string_view name;
  std::string_view json;  // With its quotation marks.
};

constexpr UnreadableText kTexts[] = {{"lone_high_surrogate", R"("Gift \ud83d")"},
                                     {"lone_low_surrogate", R"("Gift \ude00 box")"},
                                     {"cut_utf8", "\"Gift \xf0\x9f\x8e\""},
                                     {"latin1", "\"Caf\xe9\""},
                                     {"raw_tab", "\"Gift\tbox\""}};

const UnreadableText* FindText(const std::string& name) {
  for (const UnreadableText& text : kTexts) {
    if (text.name == name) return &text;
  }
  return nullptr;
}

std::string Dumped(const Json& body) {
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// JSON text that stands in for the member, or nothing when a JSON value does.
std::optional<std::string> RawOf(const Json& change) {
  if (const auto name = TextMember(change, "text")) return std::string(FindText(*name)->json);
  return TextMember(change, "raw");
}

}  // namespace

std::string ChangeProblem(const Json& change) {
  const auto pointer = TextMember(change, "pointer");
  try {
    if (!pointer || Json::json_pointer(*pointer).empty()) return "pointer: not a JSON pointer";
  } catch (const Json::exception&) {
    return "pointer: not a JSON pointer";
  }
  const auto text = TextMember(change, "text");
  if (text && FindText(*text) == nullptr) return "text: no such text";
  return {};
}

void Edit(const Json& changes, HttpResponse* response) {
  Json body = Json::parse(response->body, nullptr, false);
  if (body.is_discarded()) return;
  // What no JSON library prints is put in afterwards, in place of a string that is in no response.
  std::vector<std::pair<std::string, std::string>> splices;
  for (const Json& change : changes) {
    const Json::json_pointer pointer(TextMember(change, "pointer").value_or("/-"));
    const Json::json_pointer parent = pointer.parent_pointer();
    if (!body.contains(pointer) && !(body.contains(parent) && body[parent].is_object())) continue;
    const Json* value = Member(change, "value");
    if (BoolMember(change, "absent").value_or(false)) {
      if (body.contains(pointer)) body[parent].erase(pointer.back());
    } else if (const auto raw = RawOf(change)) {
      std::string mark = "\x7f" + std::to_string(splices.size()) + "\x7f";
      body[pointer] = mark;
      splices.emplace_back("\"" + std::move(mark) + "\"", *raw);
    } else {
      body[pointer] = value == nullptr ? Json(nullptr) : *value;
    }
  }
  response->body = Dumped(body);
  for (const auto& [mark, raw] : splices) {
    const std::size_t at = response->body.find(mark);
    if (at != std::string::npos) response->body.replace(at, mark.size(), raw);
  }
}

bool SaysSuccess(const HttpResponse& response) {
  if (response.status < 200 || response.status > 299) return false;
  const Json body = Json::parse(response.body, nullptr, false);
  return body.is_object() && BoolMember(body, "success").value_or(false);
}

void CopyMembers(const Json& pointers, const std::string& other, HttpResponse* response) {
  if (!pointers.is_array() || pointers.empty()) {
    response->body = other;
    return;
  }
  const Json from = Json::parse(other, nullptr, false);
  Json changes = Json::array();
  for (const Json& pointer : pointers) {
    const Json::json_pointer at(pointer.get<std::string>());
    if (from.contains(at)) changes.push_back({{"pointer", pointer}, {"value", from[at]}});
  }
  Edit(changes, response);
}

}  // namespace msp::sandbox
