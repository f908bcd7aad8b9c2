// SPDX-License-Identifier: Apache-2.0

#include "tests/webhooks/environment.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "httplib.h"
#include "tests/testing/http_get.h"
#include "tests/testing/loopback.h"
#include "tests/testing/requests.h"
#include "tests/testing/sandbox.h"

namespace msp::webhooks {
namespace {

[[noreturn]] void GiveUp(const std::string& why) {
  std::fprintf(stderr, "environment: %s\n", why.c_str());
  std::abort();
}

}  // namespace

Environment::Environment(std::vector<std::string> arguments) : sandbox_(testing::StartSandbox()) {
  server_ = StartServer(std::move(arguments));
  channel_ = Dial(*server_);
}

std::unique_ptr<testing::ServerProcess> Environment::StartServer(
    std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), "--webhook_listen=127.0.0.1:0");
  return std::make_unique<testing::ServerProcess>(sandbox_->base_url(), std::move(arguments));
}

std::string Environment::WebhookOf(const testing::ServerProcess& server) {
  return Json::parse(server.ready_line()).value("webhook", "");
}

std::shared_ptr<grpc::Channel> Environment::Dial(const testing::ServerProcess& server) {
  grpc::ChannelArguments arguments;
  arguments.SetInt("grpc.use_local_subchannel_pool", 1);
  return grpc::CreateCustomChannel(server.address(), grpc::InsecureChannelCredentials(), arguments);
}

std::string Environment::Create(const std::string& order_id, const std::string& notify) const {
  v1::CreateOrderRequest request = testing::CardOrder(order_id);
  request.mutable_gateway_info()->set_card_number("5555555555554444");
  if (!notify.empty())
    request.mutable_payment_options()->set_notification_url("http://" + notify + "/webhook");
  return v1::PaymentState_Name(Create(request).payment_state());
}

v1::Order Environment::CreateAtTerminal(const std::string& order_id,
                                        const std::string& terminal) const {
  v1::CreateOrderRequest request = testing::CardOrder(order_id);
  request.set_type("redirect");
  request.clear_gateway();
  request.clear_gateway_info();
  request.mutable_gateway_info()->set_terminal_id(terminal);
  return Create(request);
}

v1::Order Environment::Create(const v1::CreateOrderRequest& request) const {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  v1::CreateOrderResponse response;
  const grpc::Status status =
      v1::OrderService::NewStub(channel_)->CreateOrder(&context, request, &response);
  if (!status.ok()) GiveUp("CreateOrder: " + status.error_message());
  return response.order();
}

Json Environment::Control(const std::string& path, const Json& body) const {
  return testing::AskSandbox(*sandbox_, path, body);
}

void Environment::Finish3ds(const std::string& order_id, const std::string& result) const {
  Control("orders/" + order_id + "/3ds", {{"result", result}});
}

Json Environment::Stats() const { return testing::AskSandbox(*sandbox_, "stats"); }

double Environment::Gets(const Json& stats) { return stats.at("requests").value("get_order", 0.0); }

int Environment::Post(const std::string& path, const std::string& body,
                      const std::string& auth) const {
  httplib::Client client("http://" + webhook());
  httplib::Headers headers;
  if (!auth.empty()) headers.emplace("Auth", auth);
  const auto answer = client.Post(path, headers, body, "application/json");
  return answer ? answer->status : -1;
}

int Environment::Connect(const std::string& bytes) const {
  const int fd = testing::DialLoopback(testing::PortOf(webhook()));
  if (fd < 0) GiveUp("cannot connect to " + webhook());
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t now = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (now <= 0) break;  // The other side has had enough.
    sent += static_cast<std::size_t>(now);
  }
  return fd;
}

std::string Environment::Raw(const std::string& bytes) const {
  const int fd = Connect(bytes);
  timeval timeout{.tv_sec = 30, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  std::string answer;
  char buffer[4'096];
  for (ssize_t got = 0; (got = recv(fd, buffer, sizeof buffer, 0)) > 0;)
    answer.append(buffer, static_cast<std::size_t>(got));
  close(fd);
  return answer;
}

double Environment::Metric(const std::string& series) const {
  return testing::MetricOf(server_->ops(), series);
}

}  // namespace msp::webhooks
