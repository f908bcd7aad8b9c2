// SPDX-License-Identifier: Apache-2.0

#include "tests/webhooks/environment.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "httplib.h"

namespace msp::webhooks {
namespace {

[[noreturn]] void GiveUp(const std::string& why) {
  std::fprintf(stderr, "environment: %s\n", why.c_str());
  std::abort();
}

}  // namespace

Environment::Environment(std::vector<std::string> arguments) {
  sandbox::Options options;
  options.settings.sites = {
      sandbox::Site{.key = testing::kServerKey, .site_id = 10001, .account_id = 7}};
  auto sandbox = sandbox::Server::Start(std::move(options));
  if (!sandbox.ok()) GiveUp(sandbox.status().ToString());
  sandbox_ = *std::move(sandbox);
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
  v1::CreateOrderRequest request;
  request.set_type("direct");
  request.set_order_id(order_id);
  request.set_currency("EUR");
  request.set_amount(1'000);
  request.set_gateway("CREDITCARD");
  request.set_description("a test");
  request.mutable_gateway_info()->set_card_number("5555555555554444");
  request.mutable_gateway_info()->set_card_holder_name("Holder");
  request.mutable_gateway_info()->set_card_expiry_date("3012");
  request.mutable_gateway_info()->set_card_cvc("123");
  if (!notify.empty())
    request.mutable_payment_options()->set_notification_url("http://" + notify + "/webhook");
  return v1::PaymentState_Name(Create(request).payment_state());
}

v1::Order Environment::CreateAtTerminal(const std::string& order_id,
                                        const std::string& terminal) const {
  v1::CreateOrderRequest request;
  request.set_type("redirect");
  request.set_order_id(order_id);
  request.set_currency("EUR");
  request.set_amount(1'000);
  request.set_description("a test");
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
  httplib::Client client(sandbox_->origin());
  const auto answer = client.Post("/_sandbox/" + path, body.dump(), "application/json");
  if (!answer || answer->status != 200)
    GiveUp("control " + path + ": " + (answer ? answer->body : std::string("no answer")));
  return Json::parse(answer->body)["data"];
}

void Environment::Finish3ds(const std::string& order_id, const std::string& result) const {
  Control("orders/" + order_id + "/3ds", {{"result", result}});
}

Json Environment::Stats() const {
  httplib::Client client(sandbox_->origin());
  const auto answer = client.Get("/_sandbox/stats");
  if (!answer || answer->status != 200) GiveUp("no stats");
  return Json::parse(answer->body)["data"];
}

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
  const std::string address = webhook();
  const std::size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    GiveUp("cannot connect to " + address);
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
  httplib::Client client("http://" + server_->ops());
  const auto answer = client.Get("/metrics");
  if (!answer) return -1;
  const std::size_t at = answer->body.find("\n" + series + " ");
  return at == std::string::npos ? -1 : std::stod(answer->body.substr(at + series.size() + 2));
}

}  // namespace msp::webhooks
