// SPDX-License-Identifier: Apache-2.0

#include "client/cli/request.h"

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "service/base/text.h"
#include "service/codec/decode.h"

namespace msp::cli {
namespace {

namespace pb = google::protobuf;
using codec::Drift;
using Json = nlohmann::json;

constexpr std::size_t kNone = std::string::npos;

absl::Status Complain(const std::string& what, absl::string_view complaint) {
  return absl::InvalidArgumentError(absl::StrCat(what, " ", complaint));
}

absl::StatusOr<std::string> ReadAll(std::istream& in, const std::string& name) {
  std::string text(kRequestMaxBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  const auto size = static_cast<std::size_t>(in.gcount());
  if (in.bad() || (size == 0 && !in.eof())) return Complain(name, "cannot be read");
  if (size > kRequestMaxBytes) return Complain(name, "is larger than 1 MiB");
  text.resize(size);
  return text;
}

std::string Describe(const Drift& drift, const codec::MessageSchema& schema) {
  switch (drift.kind) {
    case Drift::Kind::kUnknownMember:
      return absl::StrCat("has a member that ", schema.descriptor()->name(),
                          " does not have: ", drift.path);
    case Drift::Kind::kUnfitValue:
      return absl::StrCat("has a value that does not fit its type: ", drift.path);
    case Drift::Kind::kUnreadableText:
      return absl::StrCat("has a string that is not fully decodable: ", drift.path);
    default:
      return absl::StrCat("has a member twice: ", drift.path);
  }
}

// The amounts of a request are its 64-bit numbers. The codec reads 10.00 as 10, since the API's own
// answers hold such numbers; from a person it means ten euros, and would pay ten cents.
absl::Status CheckAmounts(const Json& document, const codec::MessageSchema& schema,
                          const std::string& name) {
  for (const codec::FieldSchema& entry : schema.entries()) {
    const auto member = document.find(entry.name);
    if (entry.kind != codec::Kind::kInt64 || member == document.end()) continue;
    const bool decimal =
        member->is_number_float() ||
        (member->is_string() && member->get_ref<const std::string&>().find('.') != kNone);
    if (decimal) {
      return Complain(name, absl::StrCat("has a decimal ", entry.name,
                                         ": amounts are whole minor units (500 is EUR 5.00)"));
    }
  }
  return absl::OkStatus();
}

// True if the file's unknown member is the one that the service adds, with that value.
bool IsImplied(const Arguments& arguments, const Json& document, const std::string& member,
               const pb::Message& request) {
  const std::vector<std::string> rule =
      absl::StrSplit(std::string(arguments.command->implied), '=');
  if (rule.size() != 2 || rule[0] != member) return false;
  const Json& value = document.at(member);
  if (!value.is_string() || !rule[1].starts_with('{')) return value == rule[1];
  const std::string field = rule[1].substr(1, rule[1].size() - 2);
  const std::string& given = arguments.positionals.empty()
                                 ? request.GetReflection()->GetString(
                                       request, request.GetDescriptor()->FindFieldByName(field))
                                 : arguments.positionals[0];
  return value == given;
}

absl::Status FillFromFile(const Arguments& arguments, const codec::MessageSchema& schema,
                          std::istream& in, pb::Message& request) {
  const std::string& file = arguments.globals.file;
  absl::StatusOr<std::string> text = ReadInput(file, in);
  if (!text.ok()) return text.status();
  const std::string name = file == "-" ? "standard input" : file;
  const Json document = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  const codec::DecodeResult decoded = codec::DecodeAll(schema, *text, request);
  ZeroizeString(*text);
  if (!decoded.ok) return Complain(name, absl::StrCat("is not JSON: ", decoded.error));
  // The codec accepts a text that is not fully decodable; from a person it is a mistake.
  if (document.is_discarded()) return Complain(name, "is not JSON: a value cannot be decoded");
  if (!document.is_object()) return Complain(name, "must be a JSON object");
  if (absl::Status status = CheckAmounts(document, schema, name); !status.ok()) return status;
  std::vector<std::string> complaints;
  for (const Drift& drift : decoded.drift) {
    const bool unknown = drift.kind == Drift::Kind::kUnknownMember;
    if (unknown && IsImplied(arguments, document, drift.path, request)) continue;
    complaints.push_back(absl::StrCat(name, " ", Describe(drift, schema)));
  }
  if (complaints.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(complaints, "\n  "));
}

absl::Status FillFromPositionals(const Arguments& arguments, pb::Message& request) {
  const std::vector<std::string> names =
      absl::StrSplit(std::string(arguments.command->positionals), ' ', absl::SkipEmpty());
  if (arguments.positionals.size() > names.size()) {
    return Complain(arguments.words, "accepts fewer arguments");
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const pb::FieldDescriptor* field = request.GetDescriptor()->FindFieldByName(names[i]);
    if (i < arguments.positionals.size()) {
      const absl::Status status = SetPositional(names[i], arguments.positionals[i], request);
      if (!status.ok()) return Complain(names[i], status.message());
    } else if (!request.GetReflection()->HasField(request, field)) {
      return Complain(arguments.words, absl::StrCat("requires ", names[i]));
    }
  }
  return absl::OkStatus();
}

bool WantsSomething(const codec::MessageSchema& schema) {
  for (const codec::FieldSchema& entry : schema.entries()) {
    if (entry.limits.required()) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<std::string> ReadInput(const std::string& file, std::istream& in) {
  if (file == "-") return ReadAll(in, "standard input");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return Complain(file, "cannot be opened");
  return ReadAll(stream, file);
}

absl::StatusOr<std::unique_ptr<pb::Message>> MakeRequest(const Arguments& arguments,
                                                         const codec::MessageSchema& schema,
                                                         std::istream& in) {
  std::unique_ptr<pb::Message> request(
      pb::MessageFactory::generated_factory()->GetPrototype(schema.descriptor())->New());
  if (!arguments.globals.file.empty()) {
    const absl::Status status = FillFromFile(arguments, schema, in, *request);
    if (!status.ok()) return status;
  }
  if (absl::Status status = FillFromPositionals(arguments, *request); !status.ok()) return status;
  for (const FieldValue& value : arguments.fields) {
    const absl::Status status = SetField(value.flag, value.text, *request);
    if (!status.ok()) return Complain(absl::StrCat("--", value.flag.name), status.message());
  }
  if (arguments.globals.file.empty() && request->ByteSizeLong() == 0 && WantsSomething(schema)) {
    return Complain(arguments.words, "requires a request: -f FILE, or flags");
  }
  return request;
}

}  // namespace msp::cli
