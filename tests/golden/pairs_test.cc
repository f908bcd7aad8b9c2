// SPDX-License-Identifier: Apache-2.0

// Golden pairs: requests/NAME.textproto becomes exactly the body requests/NAME.json, the answer
// answers/NAME.json becomes exactly answers/NAME.textproto. The second line of a textproto names
// its message. And the published examples: they parse strictly, tolerantly, and pass the checks.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "service/codec/check.h"
#include "service/codec/decode.h"
#include "service/codec/encode.h"
#include "tests/golden/schema.h"

namespace msp {
namespace {

namespace pb = google::protobuf;
namespace fs = std::filesystem;

std::string Read(const fs::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::unique_ptr<pb::Message> New(const std::string& name) {
  const pb::Descriptor* descriptor = FindMessage(name);
  if (descriptor == nullptr) return nullptr;
  return std::unique_ptr<pb::Message>(
      pb::MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
}

// The message that a textproto's "# proto-message:" line names, filled with its content.
std::unique_ptr<pb::Message> Parse(const fs::path& path) {
  static constexpr std::string_view kTag = "# proto-message: ";
  const std::string text = Read(path);
  const std::size_t tag = text.find(kTag);
  if (tag == std::string::npos) return nullptr;
  const std::size_t name = tag + kTag.size();
  std::unique_ptr<pb::Message> message = New(text.substr(name, text.find('\n', name) - name));
  if (message == nullptr || !pb::TextFormat::ParseFromString(text, message.get())) return nullptr;
  return message;
}

std::vector<std::string> StemsOf(const fs::path& directory, std::string_view extension) {
  std::vector<std::string> stems;
  for (const fs::directory_entry& file : fs::directory_iterator(directory)) {
    if (file.path().extension() == extension) stems.push_back(file.path().stem().string());
  }
  std::sort(stems.begin(), stems.end());
  return stems;
}

std::string DriftOf(const codec::DecodeResult& decoded) {
  std::string text;
  for (const codec::Drift& drift : decoded.drift) text += drift.path + ' ';
  return text;
}

std::string Difference(const pb::Message& expected, const pb::Message& actual) {
  pb::util::MessageDifferencer differencer;
  std::string report;
  differencer.ReportDifferencesToString(&report);
  return differencer.Compare(expected, actual) ? "" : report;
}

const fs::path kGolden = MSP_GOLDEN_DIR;
const fs::path kExamples = MSP_EXAMPLES_DIR;

std::string NameOf(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class GoldenRequest : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenRequest, BecomesExactlyThisBody) {
  const std::unique_ptr<pb::Message> message =
      Parse(kGolden / "requests" / (GetParam() + ".textproto"));
  ASSERT_NE(message, nullptr);
  const codec::SchemaSet schemas({message->GetDescriptor()});
  const codec::MessageSchema& schema = schemas.Of(message->GetDescriptor());
  EXPECT_THAT(codec::Check(schema, *message), ::testing::IsEmpty());
  std::string body;
  codec::EncodeBody(schema, *message, body);
  EXPECT_EQ(body + "\n", Read(kGolden / "requests" / (GetParam() + ".json")));
}

INSTANTIATE_TEST_SUITE_P(All, GoldenRequest,
                         ::testing::ValuesIn(StemsOf(kGolden / "requests", ".textproto")), NameOf);

class GoldenAnswer : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenAnswer, BecomesExactlyThisMessageWithoutDrift) {
  const std::unique_ptr<pb::Message> expected =
      Parse(kGolden / "answers" / (GetParam() + ".textproto"));
  ASSERT_NE(expected, nullptr);
  const codec::SchemaSet schemas({expected->GetDescriptor()});
  const std::unique_ptr<pb::Message> actual(expected->New());
  std::string document = Read(kGolden / "answers" / (GetParam() + ".json"));
  const codec::DecodeResult decoded =
      codec::Decode(schemas.Of(expected->GetDescriptor()), document, *actual);
  ASSERT_TRUE(decoded.ok) << decoded.error;
  EXPECT_EQ(DriftOf(decoded), "");
  EXPECT_EQ(Difference(*expected, *actual), "");
}

INSTANTIATE_TEST_SUITE_P(All, GoldenAnswer,
                         ::testing::ValuesIn(StemsOf(kGolden / "answers", ".textproto")), NameOf);

// The method's name in the table of the examples' README: "| `void.json` | VoidOrder |".
std::string RequestOfExample(const std::string& stem) {
  std::istringstream readme(Read(kExamples / "README.md"));
  const std::string start = "| `" + stem + ".json` | ";
  for (std::string line; std::getline(readme, line);) {
    if (!line.starts_with(start)) continue;
    std::string method = line.substr(start.size(), line.find(' ', start.size()) - start.size());
    return "multisafepay.v1." + method.substr(method.find('/') + 1) + "Request";
  }
  return "";
}

class Example : public ::testing::TestWithParam<std::string> {};

TEST_P(Example, ParsesStrictlyAndTolerantlyToTheSameRequestThatPassesTheChecks) {
  const std::unique_ptr<pb::Message> strict = New(RequestOfExample(GetParam()));
  ASSERT_NE(strict, nullptr) << "the README has no row for it, or names no method";
  std::string document = Read(kExamples / (GetParam() + ".json"));
  const auto status = pb::util::JsonStringToMessage(document, strict.get());
  ASSERT_TRUE(status.ok()) << status.ToString();
  const codec::SchemaSet schemas({strict->GetDescriptor()});
  const codec::MessageSchema& schema = schemas.Of(strict->GetDescriptor());
  EXPECT_THAT(codec::Check(schema, *strict), ::testing::IsEmpty());

  // Decode reads MultiSafepay's members only; ours (1000 and up) are left out of the comparison.
  const std::unique_ptr<pb::Message> tolerant(strict->New());
  ASSERT_TRUE(codec::Decode(schema, document, *tolerant).ok);
  if (schema.more() != nullptr) schema.more()->Clear(*strict);
  std::string strict_body, tolerant_body;
  codec::EncodeBody(schema, *strict, strict_body);
  codec::EncodeBody(schema, *tolerant, tolerant_body);
  EXPECT_EQ(strict_body, tolerant_body);
}

INSTANTIATE_TEST_SUITE_P(All, Example, ::testing::ValuesIn(StemsOf(kExamples, ".json")), NameOf);

}  // namespace
}  // namespace msp
