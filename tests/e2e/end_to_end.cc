// SPDX-License-Identifier: Apache-2.0

#include "tests/e2e/end_to_end.h"

#include <grpcpp/generic/generic_stub.h>

#include <algorithm>

#include "absl/status/status.h"
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
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

std::string SummaryOf(const grpc::Status& status) {
  const CallError error(status);
  std::string text = NameOf(status.error_code());
  for (const std::string& part : {error.Metadata("outcome"), error.info.reason()})
    if (!part.empty()) text += " " + part;
  return text;
}

std::string PaidResponse(const std::string& body) {
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

Reply RespondAsMultiSafepay(const RecordedRequest& request) {
  if (request.method != "POST" || request.target != "/v1/json/orders") return NoSuchOrder();
  return Reply::Json(200, PaidResponse(request.body));
}

Called<v1::GetOrderResponse> GetOrder(const std::shared_ptr<grpc::Channel>& channel,
                                      const std::string& order_id) {
  v1::GetOrderRequest request;
  request.set_order_id(order_id);
  return Call(channel, &v1::OrderService::Stub::GetOrder, request);
}

namespace {
namespace health = grpc::health::v1;

health::HealthCheckRequest HealthRequest(const std::string& service) {
  health::HealthCheckRequest request;
  request.set_service(service);
  return request;
}
}  // namespace

std::string HealthOf(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) {
  const auto call = Call(channel, &health::Health::Stub::Check, HealthRequest(service));
  return call.ok() ? health::HealthCheckResponse::ServingStatus_Name(call.response.status())
                   : call.code();
}

HealthWatch::HealthWatch(const std::shared_ptr<grpc::Channel>& channel,
                         const std::string& service) {
  context_.set_deadline(Later());
  stream_ = health::Health::NewStub(channel)->Watch(&context_, HealthRequest(service));
}

std::string HealthWatch::Next() {
  health::HealthCheckResponse response;
  if (!stream_->Read(&response)) return "";
  return health::HealthCheckResponse::ServingStatus_Name(response.status());
}

grpc::Status CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& path,
                     const std::string& message) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(Later());
  grpc::CompletionQueue queue;
  const grpc::Slice slice(message);
  const grpc::ByteBuffer request(&slice, 1);
  const auto call = stub.PrepareUnaryCall(&context, path, request, &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  EXPECT_TRUE(queue.Next(&tag, &ok));
  return status;
}

std::shared_ptr<grpc::Channel> DialAnew(
    const std::string& address, grpc::ChannelArguments arguments,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, credentials, arguments);
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
  return Call(channel(), &v1::OrderService::Stub::CreateOrder, request);
}

Called<v1::GetOrderResponse> EndToEnd::Get(const std::string& order_id) {
  return GetOrder(channel(), order_id);
}

void EndToEnd::HoldResponses() {
  upstream_.Script([this](const RecordedRequest& request) {
    gate_.Wait();
    return RespondAsMultiSafepay(request);
  });
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
