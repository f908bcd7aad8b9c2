// SPDX-License-Identifier: Apache-2.0

// Writes the access tables of a proto library (access.h): OUT.h and OUT.cc for the messages of the
// given files, from a descriptor set of `protoc --include_imports`.
//
//   msp_access_generator DESCRIPTOR_SET OUT FILE.proto...
// Run by cmake/proto.cmake. If protoc names an accessor differently, the output does not compile.
#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace {

namespace pb = google::protobuf;
using pb::FieldDescriptor;

// C++ keywords that a field may have as its name; protoc appends an underscore.
constexpr std::array<std::string_view, 40> kWords{
    "and",    "auto",     "bool",    "break",  "case",     "catch",  "char",    "class",
    "const",  "continue", "default", "delete", "do",       "double", "else",    "enum",
    "export", "extern",   "false",   "float",  "for",      "friend", "goto",    "if",
    "int",    "long",     "new",     "not",    "operator", "or",     "private", "public",
    "return", "short",    "signed",  "static", "template", "this",   "union",   "void"};

std::string AccessorOf(const FieldDescriptor& field) {
  std::string name = field.name();
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (std::find(kWords.begin(), kWords.end(), name) != kWords.end()) name += '_';
  return name;
}

std::string ClassOf(const std::string& full_name) {
  std::string name = "::";
  for (const char c : full_name) name += c == '.' ? std::string("::") : std::string(1, c);
  return name;
}

// "order_service" becomes "OrderService".
std::string Camel(std::string_view name) {
  std::string camel;
  bool upper = true;
  for (const char c : name) {
    if (c == '_') {
      upper = true;
      continue;
    }
    camel += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    upper = false;
  }
  return camel;
}

// How a type's values pass through the table: the member of `get` and `put`, and the C++ types on
// both sides of it.
struct Shape {
  const char* member = nullptr;  // Null: no access; the codec refuses such fields.
  const char* passed = nullptr;
  std::string own;
};

Shape ShapeOf(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return {"text", "const std::string&", {}};
    case FieldDescriptor::CPPTYPE_INT32:
      return {"integer", "std::int64_t", "std::int32_t"};
    case FieldDescriptor::CPPTYPE_INT64:
      return {"integer", "std::int64_t", "std::int64_t"};
    case FieldDescriptor::CPPTYPE_BOOL:
      return {"integer", "std::int64_t", "bool"};
    case FieldDescriptor::CPPTYPE_ENUM:
      return {"integer", "std::int64_t", ClassOf(field.enum_type()->full_name())};
    case FieldDescriptor::CPPTYPE_UINT32:
      return {"natural", "std::uint64_t", "std::uint32_t"};
    case FieldDescriptor::CPPTYPE_UINT64:
      return {"natural", "std::uint64_t", "std::uint64_t"};
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return {"real", "double", "double"};
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return {"message", "const Message&", {}};
    case FieldDescriptor::CPPTYPE_FLOAT:
      break;
  }
  return {};
}

// An expression that is true if `m` has the field.
std::string PresenceOf(const FieldDescriptor& field, const std::string& accessor) {
  if (field.is_repeated()) return "m." + accessor + "_size() > 0";
  if (field.has_presence()) return "m.has_" + accessor + "()";
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return "!m." + accessor + "().empty()";
    case FieldDescriptor::CPPTYPE_DOUBLE:  // Minus zero counts as set.
      return "std::bit_cast<std::uint64_t>(m." + accessor + "()) != 0";
    default:
      return "m." + accessor + "() != 0";
  }
}

void WriteField(const FieldDescriptor& field, std::ostream& out) {
  const Shape shape = ShapeOf(field);
  const std::string a = AccessorOf(field);
  const std::string index = field.is_repeated() ? "index" : "";
  const std::string index_name = field.is_repeated() ? " index" : "";
  const std::string mutate = (field.is_repeated() ? "add_" : "mutable_") + a;
  const std::string set = (field.is_repeated() ? "add_" : "set_") + a;
  out << "    {.number = " << field.number();
  if (shape.member != nullptr && !field.is_map()) {
    const bool converts = !shape.own.empty();
    out << ",\n     .get = {." << shape.member << " = [](const Message& m, Field, int" << index_name
        << ") -> " << shape.passed << " { return ";
    if (converts) out << "static_cast<" << shape.passed << ">(";
    out << "Of(m)." << a << "(" << index << ")" << (converts ? ")" : "") << "; }}";
    out << ",\n     .put = {." << shape.member << " = [](Message& m, Field";
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      out << ") -> Message& { return *Of(m)." << mutate << "(); }}";
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      out << ", std::string_view value) { Of(m)." << mutate << "()->assign(value); }}";
    } else {
      out << ", " << shape.passed << " value) { Of(m)." << set << "(static_cast<" << shape.own
          << ">(value)); }}";
    }
  }
  if (field.is_repeated()) {
    out << ",\n     .size = [](const Message& m, Field) { return Of(m)." << a << "_size(); }";
  }
  out << ",\n     .clear = [](Message& m, Field) { Of(m).clear_" << a << "(); }},\n";
}

// One struct for each message, so that the functions share a short alias of the type.
void WriteMessage(const pb::Descriptor& message, int number, std::ostream& out) {
  out << "struct M" << number << " {\n  using Type = " << ClassOf(message.full_name()) << ";\n"
      << "  static const Type& Of(const Message& m) { return static_cast<const Type&>(m); }\n"
      << "  static Type& Of(Message& m) { return static_cast<Type&>(m); }\n"
      << "  static FieldSet Present([[maybe_unused]] const Message& message) {\n"
      << "    [[maybe_unused]] const Type& m = Of(message);\n    FieldSet set;\n";
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    out << "    set.Put(" << i << ", " << PresenceOf(field, AccessorOf(field)) << ");\n";
  }
  out << "    return set;\n  }\n"
      << "  static const std::array<FieldAccess, " << message.field_count() << "> kFields;\n};\n"
      << "constexpr std::array<FieldAccess, " << message.field_count() << "> M" << number
      << "::kFields{{\n";
  for (int i = 0; i < message.field_count(); ++i) WriteField(*message.field(i), out);
  out << "}};\n\n";
}

void Collect(const pb::Descriptor* message, std::vector<const pb::Descriptor*>& messages) {
  if (message->options().map_entry()) return;
  messages.push_back(message);
  for (int i = 0; i < message->nested_type_count(); ++i) Collect(message->nested_type(i), messages);
}

constexpr char kNotice[] = "// Generated by proto/access/generator.cc.\n";

void WriteHeader(const std::string& function, std::ostream& out) {
  out << kNotice
      << "#pragma once\n\n#include \"proto/access/access.h\"\n\nnamespace msp::access {\n\n"
      << "Table " << function << "();\n\n}  // namespace msp::access\n";
}

void WriteSource(const std::string& name, const std::string& function,
                 const std::vector<std::string>& files,
                 const std::vector<const pb::Descriptor*>& messages, std::ostream& out) {
  out << kNotice << "#include \"access/" << name << ".h\"\n\n#include <array>\n#include <bit>\n\n";
  for (const std::string& file : files) {
    out << "#include \"" << file.substr(0, file.rfind('.')) << ".pb.h\"\n";
  }
  out << "\nnamespace msp::access {\nnamespace {\n\n";
  int number = 0;
  for (const pb::Descriptor* message : messages) WriteMessage(*message, number++, out);
  out << "constexpr std::array<MessageAccess, " << messages.size() << "> kMessages{{\n";
  number = 0;
  for (const pb::Descriptor* message : messages) {
    const std::string type = "M" + std::to_string(number++);
    out << "    {.name = \"" << message->full_name() << "\", .present = " << type
        << "::Present, .fields = " << type << "::kFields},\n";
  }
  out << "}};\n\n}  // namespace\n\nTable " << function
      << "() { return kMessages; }\n\n}  // namespace msp::access\n";
}

int Fail(const std::string& what) {
  std::cerr << "msp_access_generator: " << what << '\n';
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return Fail("usage: msp_access_generator DESCRIPTOR_SET OUT FILE.proto...");
  std::ifstream in(argv[1], std::ios::binary);
  pb::FileDescriptorSet set;
  if (!in || !set.ParseFromIstream(&in)) return Fail(std::string("cannot read ") + argv[1]);
  pb::DescriptorPool pool;
  for (const pb::FileDescriptorProto& file : set.file()) {  // Imports come first.
    if (pool.BuildFile(file) == nullptr) return Fail("cannot use " + file.name());
  }
  const std::vector<std::string> files(argv + 3, argv + argc);
  std::vector<const pb::Descriptor*> messages;
  for (const std::string& name : files) {
    const pb::FileDescriptor* file = pool.FindFileByName(name);
    if (file == nullptr) return Fail(name + " is not in " + argv[1]);
    for (int i = 0; i < file->message_type_count(); ++i) Collect(file->message_type(i), messages);
  }
  const std::string path = argv[2];
  const std::string name = std::filesystem::path(path).filename().string();
  std::ofstream header(path + ".h");
  WriteHeader(Camel(name), header);
  std::ofstream source(path + ".cc");
  WriteSource(name, Camel(name), files, messages, source);
  header.close();
  source.close();
  return header && source ? 0 : Fail("cannot write " + path);
}
