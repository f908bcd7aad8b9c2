// SPDX-License-Identifier: Apache-2.0

// The table of what a success has to show, row by row: each row's member is what makes the
// difference between an answer that is believed and one that is not.
#include "service/payments/evidence.h"

#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "service/payments/interpret.h"
#include "tests/payments/calls.h"

namespace msp::payments {
namespace {

namespace pb = google::protobuf;

// An answer's data that shows all that the operation needs, as the API documents it where that is
// more than DataOf() makes up; the request's ids are all "id-1".
const std::map<std::string_view, std::string>& Documented() {
  static const auto& data = *new std::map<std::string_view, std::string>{
      {"CreateOrder", R"({"order_id":"id-1","payment_url":"https://pay.example/1"})"},
      {"CaptureOrder", R"({"transaction_id":7,"order_id":"id-1"})"},
      {"VoidOrder", R"({"transaction_id":7,"order_id":"id-1","success":true})"},
      {"RefundOrder", R"({"transaction_id":7,"refund_id":8})"},
      {"CancelRefund", "{}"},
      {"UpdateOrder", "{}"},
      {"UpdateToken", R"({"updated":true})"},
      {"DeleteToken", R"({"removed":true})"},
      {"GetOrder", R"({"order_id":"id-1","status":"completed"})"},
      {"GetToken", R"({"token":"id-1","code":"VISA"})"},
      {"GetPaymentMethod", R"({"id":"id-1","name":"One"})"},
      {"GetGateway", R"({"id":"id-1","description":"One"})"},
      {"GetTransaction", R"({"transaction_id":"id-1","amount":5})"},
      {"AddOrderFile", "{}"},
      {"GetAccount", R"({"account_id":10,"role":"site","site_id":20})"},
      {"GetReceipt", R"({"order":{"amount":5}})"}};
  return data;
}

// Some value of the field as JSON; of a message its first member that is none.
std::string SampleOf(const pb::FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return R"("id-1")";
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return "true";
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      for (int i = 0; i < field.message_type()->field_count(); ++i) {
        const pb::FieldDescriptor& member = *field.message_type()->field(i);
        if (member.message_type() == nullptr && !member.is_repeated())
          return "{\"" + member.name() + "\":" + SampleOf(member) + "}";
      }
      return "{}";
    default:
      return "5";
  }
}

// The documented data, or some that shows what the table of operations asks for.
std::string DataOf(const OperationRow& row) {
  if (const auto found = Documented().find(row.name); found != Documented().end())
    return found->second;
  const Operation& operation = TestOperations().Find(row.name);
  if (operation.is_list) return "[]";
  if (operation.evidence.empty())
    return operation.data_entry == nullptr ? "{}" : SampleOf(*operation.data_entry->field);
  std::string data;
  for (const Evidence& evidence : operation.evidence) {
    data += data.empty() ? "{" : ",";
    data += "\"" + evidence.field->name() + "\":" + SampleOf(*evidence.field);
  }
  return data + "}";
}

Interpretation Of(std::string_view operation_name, const std::string& body) {
  const Operation& operation = TestOperations().Find(operation_name);
  const std::unique_ptr<pb::Message> request(operation.row.request->New());
  const std::unique_ptr<pb::Message> response(operation.row.response->New());
  for (const char* id :
       {"order_id", "token", "payment_method_id", "gateway_id", "transaction_id"}) {
    if (const auto* field = request->GetDescriptor()->FindFieldByName(id))
      request->GetReflection()->SetString(request.get(), field, "id-1");
  }
  http::Response answer = ResponseOf(200, body);
  return Interpret(operation, TestOperations().envelope_schema(), *request, answer, *response);
}

std::string Success(const std::string& data) { return R"({"success":true,"data":)" + data + "}"; }

TEST(Evidence, AnAnswerThatShowsWhatIsNeededIsBelieved) {
  for (const OperationRow& row : OperationRows()) {
    const std::string data = DataOf(row);
    EXPECT_EQ(Of(row.name, Success(data)).outcome, CallOutcome::kConfirmed) << row.name << data;
  }
}

TEST(Evidence, EveryReadOfOneThingNeedsSome) {
  for (const OperationRow& row : OperationRows()) {
    const Operation& operation = TestOperations().Find(row.name);
    if (!operation.reads() || operation.is_list) continue;
    EXPECT_FALSE(row.evidence.empty()) << row.name;
  }
}

TEST(Evidence, AnAnswerWithoutTheNeededMemberIsNot) {
  int rows = 0;
  for (const OperationRow& operation : OperationRows()) {
    const std::string data = DataOf(operation);
    for (const EvidenceRow& row : operation.evidence) {
      if (row.need == Need::kNotFalse || row.need == Need::kAnyPresent) continue;
      ++rows;
      const std::string member = "\"" + std::string(row.member) + "\":";
      const std::string other = "\"" + std::string(row.member) + "_\":";
      const std::string lacking = absl::StrReplaceAll(data, {{member, other}});
      ASSERT_NE(lacking, data) << operation.name << row.member;
      const Interpretation reading = Of(operation.name, Success(lacking));
      EXPECT_EQ(reading.outcome, CallOutcome::kUnknown) << operation.name << row.member;
      EXPECT_EQ(reading.failure.reason, reason::kUpstreamMalformed) << operation.name << row.member;
      EXPECT_NE(reading.failure.message.find(row.member), std::string::npos) << operation.name;
      const std::string empty = "{" + member + "\"\"}";
      EXPECT_EQ(Of(operation.name, Success(empty)).outcome, CallOutcome::kUnknown)
          << operation.name << row.member;
    }
  }
  EXPECT_GT(rows, 10);
}

TEST(Evidence, OfARefundEitherIdIsEnoughAndOneIsNeeded) {
  EXPECT_EQ(Of("RefundOrder", Success(R"({"refund_id":8})")).outcome, CallOutcome::kConfirmed);
  EXPECT_EQ(Of("RefundOrder", Success(R"({"order_id":"id-1","transaction_id":8})")).outcome,
            CallOutcome::kConfirmed);
  EXPECT_EQ(Of("RefundOrder", Success(R"({"order_id":"id-1"})")).outcome, CallOutcome::kUnknown);
  EXPECT_EQ(Of("RefundOrder", Success("{}")).outcome, CallOutcome::kUnknown);
}

TEST(Evidence, AMemberThatSaysNoIsNoSuccess) {
  const struct {
    const char* operation;
    const char* data;
  } kRows[] = {{"VoidOrder", R"({"success":false})"},
               {"VoidOrder", R"({"transaction_id":7,"order_id":"id-1","success":"0"})"},
               {"UpdateToken", R"({"updated":false})"},
               {"DeleteToken", R"({"removed":0})"},
               {"CancelRefund", R"({"success":false})"},
               {"UpdateOrder", R"({"success":false})"},
               {"RefundOrder", R"({"transaction_id":7,"refund_id":8,"success":false})"},
               {"CaptureOrder", R"({"transaction_id":7,"order_id":"id-1","success":"false"})"}};
  for (const auto& row : kRows) {
    const Interpretation reading = Of(row.operation, Success(row.data));
    EXPECT_EQ(reading.outcome, CallOutcome::kUnknown) << row.operation << row.data;
    EXPECT_EQ(reading.failure.code, absl::StatusCode::kFailedPrecondition) << row.operation;
    EXPECT_EQ(reading.failure.reason, reason::kNotDone) << row.operation;
  }
}

// Contract 2.1: without `success` only data that says something is a success.
TEST(Evidence, NoOperationBelievesEmptyDataWithoutSuccess) {
  for (const OperationRow& row : OperationRows()) {
    for (const char* body :
         {R"({"data":{}})", R"({"data":[]})", R"({"success":null,"data":{}})",
          R"({"success":"","data":{}})", R"({"success":null})", R"({"data":[null]})", "{}",
          R"({"data":{"order_id":null}})", R"({"data":{"brand_new":"x"}})"}) {
      EXPECT_EQ(Of(row.name, body).outcome, CallOutcome::kUnknown) << row.name << body;
    }
  }
  EXPECT_EQ(Of("GetGateway", R"({"data":{"id":"id-1"}})").outcome, CallOutcome::kConfirmed);
  EXPECT_EQ(Of("ListGateways", R"({"data":[{"id":"a"}]})").outcome, CallOutcome::kConfirmed);
}

TEST(Evidence, AnEmptyListIsAnAnswerWhereSuccessSaysSo) {
  int lists = 0;
  for (const OperationRow& row : OperationRows()) {
    if (!TestOperations().Find(row.name).is_list) continue;
    ++lists;
    EXPECT_EQ(Of(row.name, Success("[]")).outcome, CallOutcome::kConfirmed) << row.name;
  }
  EXPECT_GT(lists, 5);
}

TEST(Evidence, AReadThatNamesSomethingElseIsAMismatch) {
  const struct {
    const char* operation;
    const char* data;
  } kRows[] = {{"GetOrder", R"({"order_id":"id-2","transaction_id":7,"status":"completed"})"},
               {"GetToken", R"({"token":"id-2"})"},
               {"GetGateway", R"({"id":"id-2"})"},
               {"GetPaymentMethod", R"({"id":"id-2"})"},
               {"GetTransaction", R"({"transaction_id":2})"}};
  for (const auto& row : kRows) {
    const Interpretation reading = Of(row.operation, Success(row.data));
    EXPECT_EQ(reading.outcome, CallOutcome::kUnknown) << row.operation;
    EXPECT_EQ(reading.failure.reason, reason::kUpstreamMismatch) << row.operation << row.data;
  }
  EXPECT_EQ(Of("GetOrder", Success(R"({"order_id":"id-2","transaction_id":"id-1"})")).outcome,
            CallOutcome::kConfirmed)
      << "an order may be asked for by MultiSafepay's id";
  EXPECT_EQ(Of("GetGateway", Success(R"({"id":"ID-1"})")).outcome, CallOutcome::kConfirmed);
}

}  // namespace
}  // namespace msp::payments
