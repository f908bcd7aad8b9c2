// SPDX-License-Identifier: Apache-2.0

// Every unary call of the schema reaches the REST call that the table of operations has for it:
// none was left out of the server, none goes elsewhere.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "google/protobuf/descriptor.h"
#include "multisafepay/v1/options.pb.h"
#include "multisafepay/v1/payment_method_service.pb.h"
#include "multisafepay/v1/token_service.pb.h"
#include "multisafepay/v1/transaction_service.pb.h"
#include "service/payments/operation.h"
#include "tests/e2e/end_to_end.h"
#include "tests/golden/schema.h"
#include "tests/testing/requests.h"

namespace msp::e2e {
namespace {

namespace pb = google::protobuf;

// In the order of http::Method.
constexpr const char* kVerbs[] = {"GET", "POST", "PATCH", "DELETE"};

// Method -> the verb and path of its row in the table of operations, where ids in the paths are the
// names of their fields.
const std::map<std::string, std::string>& Routes() {
  static const auto& routes = *[] {
    auto* made = new std::map<std::string, std::string>;
    for (const payments::OperationRow& row : payments::OperationRows()) {
      const std::string path = absl::StrReplaceAll(std::string(row.path), {{"{", ""}, {"}", ""}});
      made->emplace(row.name, kVerbs[static_cast<std::size_t>(row.method)] + (" " + path));
    }
    return made;
  }();
  return routes;
}

// The smallest request that passes the checks: every required text is its field's own name, but
// where the shape says otherwise.
std::unique_ptr<pb::Message> SmallestRequest(const pb::MethodDescriptor& method) {
  std::unique_ptr<pb::Message> request(
      pb::MessageFactory::generated_factory()->GetPrototype(method.input_type())->New());
  for (int i = 0; i < method.input_type()->field_count(); ++i) {
    const pb::FieldDescriptor* field = method.input_type()->field(i);
    if (!field->options().GetExtension(v1::limits).required()) continue;
    std::string value = field->name();
    if (field->name() == "type") value = "redirect";
    if (field->name() == "expiry_date") value = "3012";
    if (field->name() == "validation_url") value = "https://apple-pay-gateway.apple.com/start";
    request->GetReflection()->SetString(request.get(), field, value);
  }
  if (auto* refund = dynamic_cast<v1::RefundOrderRequest*>(request.get())) {
    refund->set_amount(100);
    refund->set_currency("EUR");
  }
  if (auto* capture = dynamic_cast<v1::CaptureOrderRequest*>(request.get()))
    capture->set_amount(100);
  return request;
}

// An order from which something can be captured and refunded, and nothing else.
Reply RespondWithOneOrder(const RecordedRequest& request) {
  if (request.method != "GET" || request.target != "/v1/json/orders/order_id") return NoSuchOrder();
  return Reply::Json(
      200, R"({"success":true,"data":{"order_id":"order_id","transaction_id":1,"amount":1000,)"
           R"("currency":"EUR","status":"completed","financial_status":"initialized",)"
           R"("payment_details":{"type":"VISA","capture":"manual","capture_remain":1000}}})");
}

class Wiring : public EndToEnd {};

TEST_F(Wiring, EveryCallOfTheSchemaReachesItsRoute) {
  upstream().Script(RespondWithOneOrder);
  for (const pb::MethodDescriptor* method : RestMethods()) {
    const auto route = Routes().find(method->name());
    ASSERT_NE(route, Routes().end()) << method->full_name();
    const std::size_t before = upstream().requests().size();
    const grpc::Status status =
        CallRaw(channel(), "/" + method->service()->full_name() + "/" + method->name(),
                SmallestRequest(*method)->SerializeAsString());
    EXPECT_NE(NameOf(status.error_code()), "UNIMPLEMENTED") << method->full_name();
    std::vector<std::string> routes;
    const auto requests = upstream().requests();
    for (std::size_t i = before; i < requests.size(); ++i) {
      const std::string path = requests[i].target.substr(0, requests[i].target.find('?'));
      routes.push_back(requests[i].method + " " + path.substr(std::string("/v1/json").size()));
      EXPECT_EQ(requests[i].Header("api_key"), msp::testing::kServerKey) << method->full_name();
      EXPECT_EQ(requests[i].body.empty(),
                requests[i].method == "GET" || requests[i].method == "DELETE")
          << method->full_name();
    }
    EXPECT_THAT(routes, ::testing::Contains(route->second))
        << method->full_name() << ": " << status.error_message();
  }
  EXPECT_EQ(RestMethods().size(), Routes().size());
}

TEST_F(Wiring, ACancellationByPostIsSentOnceAndWithoutABody) {
  upstream().Script(RespondWithOneOrder);
  Call(channel(), &v1::OrderService::Stub::CancelOrder,
       "order_id: 'order_id' exclude_order: true by: CANCEL_METHOD_POST");
  int sent = 0;
  for (const RecordedRequest& write : upstream().requests()) {
    if (write.method == "GET") continue;
    ++sent;
    EXPECT_EQ(write.method + " " + write.target, "POST /v1/json/orders/order_id/cancel");
    EXPECT_EQ(write.body, "");
    EXPECT_EQ(write.Header("content-length"), "0");
  }
  EXPECT_EQ(sent, 1);
}

}  // namespace
}  // namespace msp::e2e
