// SPDX-License-Identifier: Apache-2.0

// Where each call goes: the rows of the operations' table against the documented paths and the
// schema's own services, and what becomes of hostile ids.
#include "service/payments/operation.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "multisafepay/v1/options.pb.h"
#include "multisafepay/v1/payment_method_service.pb.h"
#include "multisafepay/v1/services.h"
#include "multisafepay/v1/token_service.pb.h"
#include "multisafepay/v1/transaction_service.pb.h"
#include "tests/payments/calls.h"

namespace msp::payments {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;
using http::Method;

struct PathCase {
  std::string_view rpc;
  Method method;
  std::string_view path;
};

// What moves money, by MultiSafepay's documentation: written down a second time. The paths of the
// other rows are held to its OpenAPI description and to the sandbox's routes, by
// tests/golden/openapi_test.py and tests/every_method_test.py.
constexpr PathCase kMoney[] = {
    {"CreateOrder", Method::kPost, "/orders"},
    {"CancelOrder", Method::kPatch, "/orders/{order_id}"},
    {"CaptureOrder", Method::kPost, "/orders/{order_id}/capture"},
    {"VoidOrder", Method::kPatch, "/capture/{order_id}"},
    {"RefundOrder", Method::kPost, "/orders/{order_id}/refunds"},
    {"CancelRefund", Method::kPatch, "/orders/{order_id}/refunds/{refund_id}"},
};

const pb::MethodDescriptor* FindRpc(std::string_view name) {
  for (const pb::FileDescriptor* file : v1::ServiceFiles()) {
    for (int i = 0; i < file->service_count(); ++i) {
      if (const auto* rpc = file->service(i)->FindMethodByName(std::string(name))) return rpc;
    }
  }
  return nullptr;
}

TEST(Operations, WhatMovesMoneyGoesToItsDocumentedPath) {
  std::size_t rows = 0;
  for (const OperationRow& row : OperationRows()) {
    if (row.effect != Effect::kMoney) continue;
    ++rows;
    const auto* expected = std::find_if(std::begin(kMoney), std::end(kMoney),
                                        [&](const PathCase& c) { return c.rpc == row.name; });
    ASSERT_NE(expected, std::end(kMoney)) << row.name << " moves money and is not documented here";
    EXPECT_EQ(row.method, expected->method) << row.name;
    EXPECT_EQ(row.path, expected->path) << row.name;
  }
  EXPECT_EQ(rows, std::size(kMoney));
}

TEST(Operations, EveryRowHasTheMessagesOfItsRpcAndTheEffectThatTheSchemaSaysOfRepeats) {
  for (const OperationRow& row : OperationRows()) {
    const pb::MethodDescriptor* rpc = FindRpc(row.name);
    ASSERT_NE(rpc, nullptr) << row.name;
    const v1::Retry retry = rpc->options().GetExtension(v1::retry);
    EXPECT_EQ(row.effect == Effect::kMoney, retry == v1::RETRY_KEYED) << row.name;
    EXPECT_EQ(row.effect == Effect::kRead, retry == v1::RETRY_READ) << row.name;
    EXPECT_EQ(row.request->GetDescriptor(), rpc->input_type()) << row.name;
    EXPECT_EQ(row.response->GetDescriptor(), rpc->output_type()) << row.name;
  }
}

// WatchOrder is a stream, and HandleNotification asks nobody.
TEST(Operations, EveryOtherMethodOfTheSchemaHasARow) {
  std::set<std::string_view> rows{"WatchOrder", "HandleNotification"};
  for (const OperationRow& row : OperationRows()) rows.insert(row.name);
  for (const pb::FileDescriptor* file : v1::ServiceFiles()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        EXPECT_TRUE(rows.contains(file->service(s)->method(m)->name()))
            << file->service(s)->method(m)->full_name();
      }
    }
  }
}

TEST(Operations, NoNameOccursTwice) {
  std::set<std::string_view> names;
  for (const OperationRow& row : OperationRows()) EXPECT_TRUE(names.insert(row.name).second);
}

TEST(Operations, AnswersDataHasAFieldToGoTo) {
  for (const OperationRow& row : OperationRows()) {
    if (row.data_field.empty()) continue;
    EXPECT_NE(TestOperations().Find(row.name).data_entry, nullptr) << row.name;
  }
}

// A schema that marks a path field which no path uses would send it nowhere.
TEST(Operations, PathUsesEveryPathFieldOfItsRequestAndNoOther) {
  for (const OperationRow& row : OperationRows()) {
    const Operation& operation = TestOperations().Find(row.name);
    std::string path(row.path);
    for (const codec::FieldSchema& entry : operation.request_schema->entries()) {
      const std::string braced = "{" + entry.name + "}";
      const std::size_t at = path.find(braced);
      EXPECT_EQ(at != std::string::npos, entry.location == v1::PLACE_PATH)
          << row.name << ' ' << entry.name;
      if (at != std::string::npos) path.erase(at, braced.size());
    }
    EXPECT_EQ(path.find_first_of("{}"), std::string::npos) << row.name;
  }
}

TEST(Operations, MoneyMovesOnlyInCallsThatCarryAControl) {
  for (const OperationRow& row : OperationRows()) {
    const Operation& operation = TestOperations().Find(row.name);
    EXPECT_EQ(operation.request_schema->Find("control") != nullptr, operation.moves_money())
        << row.name;
  }
}

TEST(Operations, ReadsHaveNoBody) {
  for (const OperationRow& row : OperationRows()) {
    const Operation& operation = TestOperations().Find(row.name);
    EXPECT_FALSE(operation.reads() && operation.has_body) << row.name;
    EXPECT_EQ(row.method == Method::kGet, operation.reads()) << row.name;
  }
  EXPECT_TRUE(TestOperations().Find("CreateOrder").has_body);
}

std::string TargetOfGet(std::string_view id) {
  v1::GetOrderRequest request;
  request.set_order_id(std::string(id));
  return TargetOf(TestOperations().Find("GetOrder"), request);
}

TEST(TargetOf, KeepsAnIdWithinItsSegment) {
  EXPECT_EQ(TargetOfGet("order-1"), "/orders/order-1");
  EXPECT_EQ(TargetOfGet("A/B 1"), "/orders/A%2FB%201");
  EXPECT_EQ(TargetOfGet("é"), "/orders/%C3%A9");
  EXPECT_EQ(TargetOfGet("AZaz09-._~"), "/orders/AZaz09-._~");
  EXPECT_EQ(TargetOfGet("../me"), "/orders/..%2Fme");
  EXPECT_EQ(TargetOfGet("a?b=c#d&e"), "/orders/a%3Fb%3Dc%23d%26e");
  EXPECT_EQ(TargetOfGet("100%25"), "/orders/100%2525");
  EXPECT_EQ(TargetOfGet("a+b\\c;d:e@f"), "/orders/a%2Bb%5Cc%3Bd%3Ae%40f");
}

TEST(TargetOf, EncodesEveryPathFieldOfEveryOperation) {
  for (const OperationRow& row : OperationRows()) {
    const Operation& operation = TestOperations().Find(row.name);
    const std::unique_ptr<pb::Message> request(row.request->New());
    std::string expected(row.path);
    for (const codec::FieldSchema& entry : operation.request_schema->entries()) {
      if (entry.location != v1::PLACE_PATH) continue;
      request->GetReflection()->SetString(request.get(), entry.field, entry.name + "/?");
      const std::string braced = "{" + entry.name + "}";
      expected.replace(expected.find(braced), braced.size(), entry.name + "%2F%3F");
    }
    EXPECT_EQ(TargetOf(operation, *request), expected) << row.name;
  }
}

TEST(TargetOf, QueryFollowsThePathWhereThereIsAny) {
  v1::ListPaymentMethodsRequest request;
  const Operation& operation = TestOperations().Find("ListPaymentMethods");
  EXPECT_EQ(TargetOf(operation, request), "/payment-methods");
  request.set_amount(1000);
  request.set_country("NL");
  request.set_group_cards(true);
  request.set_type("a&b");
  EXPECT_EQ(TargetOf(operation, request),
            "/payment-methods?amount=1000&country=NL&group_cards=1&type=a%26b");
}

TEST(OrderIdOf, IsTheRequestsOrNothing) {
  v1::CreateOrderRequest order = DirectOrder();
  EXPECT_EQ(OrderIdOf(TestOperations().Find("CreateOrder"), order), "order-1");
  order.clear_order_id();
  EXPECT_EQ(OrderIdOf(TestOperations().Find("CreateOrder"), order), "");
}

}  // namespace
}  // namespace msp::payments
