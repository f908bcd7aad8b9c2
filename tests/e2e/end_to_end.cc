// SPDX-License-Identifier: Apache-2.0

#include "tests/e2e/end_to_end.h"

#include <algorithm>

#include "google/rpc/status.pb.h"
#include "nlohmann/json.hpp"

namespace msp::e2e {

using nlohmann::json;

CallError::CallError(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details())) << status.error_message();
  for (const auto& detail : details.details()) {
    google::rpc::RetryInfo found;
    if (detail.UnpackTo(&found)) retry = found;
    detail.UnpackTo(&info);
    detail.UnpackTo(&bad);
  }
  if (details.details_size() == 0) return;
  EXPECT_EQ(details.code(), status.error_code());
  EXPECT_EQ(details.message(), status.error_message());
}

std::string CallError::Metadata(const std::string& key) const {
  const auto found = info.metadata().find(key);
  return found == info.metadata().end() ? std::string() : found->second;
}

std::vector<std::string> CallError::Fields() const {
  std::vector<std::string> fields;
  for (const auto& violation : bad.field_violations()) fields.push_back(violation.field());
  return fields;
}

std::string NameOf(grpc::StatusCode code) {
  constexpr const char* kNames[] = {"OK",
                                    "CANCELLED",
                                    "UNKNOWN",
                                    "INVALID_ARGUMENT",
                                    "DEADLINE_EXCEEDED",
                                    "NOT_FOUND",
                                    "ALREADY_EXISTS",
                                    "PERMISSION_DENIED",
                                    "RESOURCE_EXHAUSTED",
                                    "FAILED_PRECONDITION",
                                    "ABORTED",
                                    "OUT_OF_RANGE",
                                    "UNIMPLEMENTED",
                                    "INTERNAL",
                                    "UNAVAILABLE",
                                    "DATA_LOSS",
                                    "UNAUTHENTICATED"};
  return kNames[static_cast<std::size_t>(code)];
}

std::string PaidAnswer(const std::string& body) {
  const json order = json::parse(body);
  json data{
      {"transaction_id", 4051823}, {"status", "completed"}, {"financial_status", "completed"}};
  const std::string id = order.at("order_id");
  const bool digits = id.size() < 19 && std::all_of(id.begin(), id.end(),
                                                    [](char c) { return c >= '0' && c <= '9'; });
  data["order_id"] = digits ? json(std::stoll(id)) : json(id);
  for (const char* member : {"amount", "currency"})
    if (order.contains(member)) data[member] = order[member];
  return json{{"success", true}, {"data", data}}.dump();
}

Reply NoSuchOrder() {
  return Reply::Json(
      404, R"({"success":false,"data":{},"error_code":1006,"error_info":"No such transaction"})");
}

Reply AnswerAsMultiSafepay(const RecordedRequest& request) {
  if (request.method != "POST" || request.target != "/v1/json/orders") return NoSuchOrder();
  return Reply::Json(200, PaidAnswer(request.body));
}

v1::CreateOrderRequest CardOrder(const std::string& order_id) {
  v1::CreateOrderRequest order;
  order.set_type("direct");
  order.set_order_id(order_id);
  order.set_currency("EUR");
  order.set_amount(9743);
  order.set_gateway("CREDITCARD");
  order.set_description("two chairs");
  order.mutable_gateway_info()->set_card_number("4111111111111111");
  order.mutable_gateway_info()->set_card_expiry_date("3012");
  order.mutable_gateway_info()->set_card_cvc("123");
  return order;
}

void EndToEnd::StartServer(const std::vector<std::string>& arguments, std::string api_url) {
  std::vector<std::string> all{"--idempotency_marker=off", "--settle_ms=20",
                               "--reconcile_backoff_ms=5"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  if (api_url.empty()) api_url = upstream_.url() + "/v1/json";
  server_ = std::make_unique<msp::testing::ServerProcess>(api_url, all);
  channel_ = grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
}

msp::testing::ServerProcess& EndToEnd::server() {
  if (server_ == nullptr) StartServer();
  return *server_;
}

std::shared_ptr<grpc::Channel> EndToEnd::channel() {
  server();
  return channel_;
}

int EndToEnd::StopServer() {
  channel_.reset();
  return server().Stop();
}

Called<v1::CreateOrderResponse> EndToEnd::Create(const v1::CreateOrderRequest& request) {
  Called<v1::CreateOrderResponse> call;
  grpc::ClientContext context;
  context.set_deadline(Later());
  call.status =
      v1::OrderService::NewStub(channel())->CreateOrder(&context, request, &call.response);
  return call;
}

Called<v1::GetOrderResponse> EndToEnd::Get(const std::string& order_id) {
  Called<v1::GetOrderResponse> call;
  v1::GetOrderRequest request;
  request.set_order_id(order_id);
  grpc::ClientContext context;
  context.set_deadline(Later());
  call.status = v1::OrderService::NewStub(channel())->GetOrder(&context, request, &call.response);
  return call;
}

RecordedRequest EndToEnd::OnlyPost() {
  std::optional<RecordedRequest> post;
  for (const RecordedRequest& request : upstream_.requests()) {
    if (request.method != "POST") continue;
    EXPECT_FALSE(post.has_value()) << "more than one POST";
    post = request;
  }
  EXPECT_TRUE(post.has_value()) << "no POST";
  return post.value_or(RecordedRequest{});
}

}  // namespace msp::e2e
