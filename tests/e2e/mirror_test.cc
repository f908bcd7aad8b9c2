// SPDX-License-Identifier: Apache-2.0

// Both directions of the mirror, whole: a request's JSON body on the wire, and every value of an
// answer in the reply. The published samples are tried too where MSP_FIXTURES names their folder.
#include <cstdlib>
#include <filesystem>
#include <string>

#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/end_to_end.h"
#include "tests/testing/files.h"

namespace msp::e2e {
namespace {

namespace fs = std::filesystem;
namespace pb = google::protobuf;
using msp::testing::ContentOf;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Document(const std::string& name) {
  return ContentOf(fs::path(MSP_E2E_DIR) / "documents" / name);
}

v1::CreateOrderRequest CardOrderDocument() {
  v1::CreateOrderRequest order;
  EXPECT_TRUE(pb::TextFormat::ParseFromString(Document("card_order.textproto"), &order));
  return order;
}

bool Blank(const json& value) { return value.is_null() || value == ""; }

// The text that a mirrored string field holds for a JSON value.
std::string TextOf(const json& value, const std::string& key) {
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (key == "last4" || key == "card_expiry_date")
    text.insert(0, 4 - std::min<std::size_t>(4, text.size()), '0');
  return text;
}

// Compares a JSON object with a message by name, through reflection alone: nothing of the codec is
// used. Counts the values that were found.
class Mirror {
 public:
  void Compare(const json& object, const pb::Message& message, const std::string& path) {
    const pb::Reflection& get = *message.GetReflection();
    for (const auto& [key, value] : object.items()) {
      const std::string here = path + "." + key;
      const pb::FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(key);
      if (field == nullptr) {
        ADD_FAILURE() << here << " has no field";
      } else if (field->is_repeated()) {
        List(value.is_null() ? json::array() : value, message, field, here);
      } else if (field->message_type() != nullptr) {
        if (!value.is_null()) Compare(value, get.GetMessage(message, field), here);
      } else if (Blank(value)) {
        EXPECT_FALSE(get.HasField(message, field)) << here;
      } else {
        EXPECT_TRUE(get.HasField(message, field)) << here;
        Scalar(value, message, field, here);
      }
    }
  }

  // The mirrored values that the message holds; equal to `found` when it invented none.
  static int Count(const pb::Message& message) {
    int count = 0;
    std::vector<const pb::FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    for (const pb::FieldDescriptor* field : fields) {
      if (field->number() >= 1000) continue;  // Ours, not mirrored.
      if (field->message_type() == nullptr) {
        ++count;
      } else if (field->is_repeated()) {
        for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i)
          count += Count(message.GetReflection()->GetRepeatedMessage(message, field, i));
      } else {
        count += Count(message.GetReflection()->GetMessage(message, field));
      }
    }
    return count;
  }

  int found() const { return found_; }

 private:
  void List(const json& list, const pb::Message& message, const pb::FieldDescriptor* field,
            const std::string& path) {
    const pb::Reflection& get = *message.GetReflection();
    ASSERT_EQ(get.FieldSize(message, field), static_cast<int>(list.size())) << path;
    for (int i = 0; i < get.FieldSize(message, field); ++i) {
      Compare(list[static_cast<std::size_t>(i)], get.GetRepeatedMessage(message, field, i),
              path + "[" + std::to_string(i) + "]");
    }
  }

  void Scalar(const json& value, const pb::Message& message, const pb::FieldDescriptor* field,
              const std::string& path) {
    const pb::Reflection& get = *message.GetReflection();
    ++found_;
    switch (field->cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_STRING:
        EXPECT_EQ(get.GetString(message, field), TextOf(value, field->name())) << path;
        break;
      case pb::FieldDescriptor::CPPTYPE_INT64:
        EXPECT_EQ(get.GetInt64(message, field), value.get<std::int64_t>()) << path;
        break;
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        EXPECT_EQ(get.GetBool(message, field), value.get<bool>()) << path;
        break;
      default:
        ADD_FAILURE() << path << " has a type that no answer needs";
    }
  }

  int found_ = 0;
};

class MirroredOrder : public EndToEnd {
 protected:
  // Sends `order`, answers `document`, and expects every value of it in the reply.
  void ExpectMirrored(const v1::CreateOrderRequest& order, const std::string& document) {
    upstream().Answer(200, document);
    const auto call = Create(order);
    ASSERT_TRUE(call.ok()) << call.status.error_message();
    Mirror mirror;
    mirror.Compare(json::parse(document).at("data"), call.response.order(), "order");
    EXPECT_EQ(Mirror::Count(call.response.order()), mirror.found());
    EXPECT_GE(mirror.found(), 40);
    EXPECT_EQ(call.response.result().outcome(), v1::OUTCOME_CONFIRMED);
    EXPECT_EQ(call.response.order().payment_state(), v1::PAYMENT_STATE_REQUIRES_ACTION);
    EXPECT_EQ(call.response.order().next_action().redirect().url(),
              json::parse(document)["data"]["payment_url"]);
  }

  void ExpectKeyOnlyInItsHeader() {
    for (const RecordedRequest& request : upstream().requests()) {
      EXPECT_TRUE(request.HasExactHeader("api_key"));
      EXPECT_EQ(request.Header("api_key"), msp::testing::kServerKey);
      EXPECT_THAT(request.target, Not(HasSubstr(msp::testing::kServerKey)));
      EXPECT_THAT(request.body, Not(HasSubstr(msp::testing::kServerKey)));
    }
    EXPECT_THAT(server().logs(), Not(HasSubstr(msp::testing::kServerKey)));
  }
};

TEST_F(MirroredOrder, ReadAnswerIsInTheReplyValueForValue) {
  const std::string document = Document("reference-response.json");
  upstream().Answer(200, document);
  const auto call = Get("chairs-2026-0117");
  ASSERT_TRUE(call.ok()) << call.status.error_message();
  Mirror mirror;
  mirror.Compare(json::parse(document).at("data"), call.response.order(), "order");
  EXPECT_EQ(Mirror::Count(call.response.order()), mirror.found());
}

TEST_F(MirroredOrder, BodyIsExactlyTheGoldenOneAndTheKeyIsInItsHeaderAlone) {
  upstream().Answer(200, Document("reference-response.json"));
  ASSERT_TRUE(Create(CardOrderDocument()).ok());
  const RecordedRequest request = OnlyPost();
  EXPECT_EQ(request.body + "\n", Document("card_order.json"));
  EXPECT_EQ(request.target, "/v1/json/orders");
  EXPECT_EQ(request.Header("Content-Type"), "application/json");
  EXPECT_EQ(request.Header("Accept"), "application/json");
  EXPECT_EQ(request.Header("Expect"), "");
  ExpectKeyOnlyInItsHeader();
}

TEST_F(MirroredOrder, LogsShowNeitherCardNorPerson) {
  upstream().Answer(200, Document("reference-response.json"));
  ASSERT_TRUE(Create(CardOrderDocument()).ok());
  EXPECT_EQ(StopServer(), 0);
  const std::string logs = server().logs();
  EXPECT_THAT(logs, HasSubstr("chairs-2026-0117"));
  for (const char* secret :
       {"5500 0000 0000 0004", "5500000000000004", "000000000004", "\"007\"", "van der Z",
        "ada@example.org", "Prinsengracht", "2001:db8::17", "12345678901234567", "acs.example"})
    EXPECT_THAT(logs, Not(HasSubstr(secret)));
}

// The body of a request that was given as JSON: the same members without the empty ones, and a
// notification by POST where there is an address for it.
json WithoutBlanks(const json& value) {
  if (!value.is_object()) return value;
  json kept = json::object();
  for (const auto& [key, member] : value.items()) {
    const json inner = WithoutBlanks(member);
    if (!Blank(inner) && !(inner.is_object() && inner.empty() && !member.empty()))
      kept[key] = inner;
  }
  return kept;
}

json ExpectedBody(const json& given) {
  json body = WithoutBlanks(given);
  body.erase("control");
  if (body.contains("more")) {  // Its members stand beside the others.
    const json more = body["more"];
    body.erase("more");
    body.update(more);
  }
  if (body.contains("payment_options")) {
    json& options = body["payment_options"];
    if (options.contains("notification_url") && !options.contains("notification_method"))
      options["notification_method"] = "POST";
  }
  return body;
}

v1::CreateOrderRequest FromJson(const std::string& text) {
  v1::CreateOrderRequest order;
  const auto status = pb::util::JsonStringToMessage(text, &order);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return order;
}

TEST_F(MirroredOrder, EveryExampleArrivesAsItIsWritten) {
  int count = 0;
  for (const fs::directory_entry& file : fs::directory_iterator(MSP_EXAMPLES_DIR)) {
    if (!file.path().filename().string().starts_with("order-")) continue;
    ++count;
    const std::string text = ContentOf(file.path());
    const auto call = Create(FromJson(text));
    ASSERT_TRUE(call.ok()) << file.path() << call.status.error_message();
    EXPECT_EQ(json::parse(upstream().requests().back().body), ExpectedBody(json::parse(text)))
        << file.path();
  }
  EXPECT_GE(count, 8);
}

TEST_F(MirroredOrder, NothingIsAddedButTheIdempotencyKeyWhereItIsWanted) {
  StartServer({"--idempotency_marker=auto"});
  upstream().Answer(200, Document("reference-response.json"));
  const auto call = Create(CardOrderDocument());
  ASSERT_TRUE(call.ok()) << call.status.error_message();
  json expected = json::parse(Document("card_order.json"));
  expected["custom_info"] = {{"custom_3", "idem:attempt-1"}};
  EXPECT_EQ(json::parse(OnlyPost().body), expected);
  EXPECT_EQ(call.response.result().idempotency_key(), "attempt-1");
}

// The folders with a request and its answer as a page of documentation shows them: ours, and the
// published one where it is at hand.
std::vector<fs::path> Pages() {
  std::vector<fs::path> pages{fs::path(MSP_E2E_DIR) / "documents"};
  if (const char* published = std::getenv("MSP_FIXTURES")) pages.emplace_back(published);
  return pages;
}

class ReferencePage : public MirroredOrder, public ::testing::WithParamInterface<fs::path> {
 protected:
  v1::CreateOrderRequest Request() {
    return FromJson(ContentOf(GetParam() / "reference-request.json"));
  }
  std::string Answer() { return ContentOf(GetParam() / "reference-response.json"); }
};

TEST_P(ReferencePage, AnswerIsInTheReplyValueForValue) { ExpectMirrored(Request(), Answer()); }

TEST_P(ReferencePage, RequestArrivesAsPublishedWithoutItsEmptyMembers) {
  upstream().Answer(200, Answer());
  ASSERT_TRUE(Create(Request()).ok());
  EXPECT_EQ(json::parse(OnlyPost().body),
            ExpectedBody(json::parse(ContentOf(GetParam() / "reference-request.json"))));
  ExpectKeyOnlyInItsHeader();
}

INSTANTIATE_TEST_SUITE_P(Pages, ReferencePage, ::testing::ValuesIn(Pages()),
                         [](const auto& row) { return row.index == 0 ? "Ours" : "Published"; });

}  // namespace
}  // namespace msp::e2e
