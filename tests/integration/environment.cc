// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/environment.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "httplib.h"
#include "tests/testing/requests.h"
#include "tests/testing/sandbox.h"

namespace msp::integration {
namespace {

// 2026-06-15T12:00:00 in Amsterdam: the same day in every run.
constexpr std::int64_t kNoonS = 1'781'517'600;

[[noreturn]] void GiveUp(const std::string& why) {
  std::fprintf(stderr, "environment: %s\n", why.c_str());
  std::abort();
}

std::unique_ptr<sandbox::Server> StartSandbox(sandbox::Settings settings) {
  sandbox::Options options;
  options.settings = std::move(settings);
  options.freeze_clock = true;
  options.start_time_s = kNoonS;
  return testing::StartSandbox(std::move(options));
}

std::unique_ptr<client::Client> Dial(const std::string& address) {
  client::ClientOptions options;
  options.channel.server = address;
  auto client = client::Client::Create(std::move(options));
  if (!client.ok()) GiveUp(client.status().ToString());
  return *std::move(client);
}

}  // namespace

const MethodDescriptor& MethodOf(const std::string& name) {
  for (const MethodDescriptor* method : Methods()) {
    if (method->name() == name) return *method;
  }
  GiveUp("no RPC " + name);
}

std::unique_ptr<Message> NewRequest(const MethodDescriptor& method) {
  auto& factory = *google::protobuf::MessageFactory::generated_factory();
  return std::unique_ptr<Message>(factory.GetPrototype(method.input_type())->New());
}

v1::CallResult Called::result() const {
  return static_cast<const v1::CallResult&>(response->GetReflection()->GetMessage(
      *response, response->GetDescriptor()->FindFieldByName("result")));
}

std::string Called::Text() const {
  if (ok()) return "OK";
  return absl::StrCat(std::string(client::NameOf(error->code)), " ", error->reason, " ",
                      std::string(client::NameOf(error->outcome)), ": ", error->message);
}

Environment::Environment(sandbox::Settings settings, std::vector<std::string> server_arguments,
                         Path path)
    : sandbox_(StartSandbox(std::move(settings))) {
  upstream_.Script([this](const testing::RecordedRequest& request) { return Forward(request); });
  server_ = std::make_unique<testing::ServerProcess>(
      path == Path::kDirect ? sandbox_->base_url() : upstream_.url() + "/v1/json",
      std::move(server_arguments),
      // No connection age: on a busy machine a call may begin just as its connection gets GOAWAY,
      // and the client reports the outcome of a call that moves money as unknown.
      std::map<std::string, std::string>{{"MSP_OPS_LISTEN", "127.0.0.1:0"},
                                         {"MSP_CONNECTION_AGE_MS", "0"}});
  client_ = Dial(server_->address());
}

testing::Reply Environment::Forward(const testing::RecordedRequest& request) const {
  httplib::Client client(sandbox_->origin());
  client.set_url_encode(false);  // The target is as the service wrote it.
  httplib::Request copy;
  copy.method = request.method;
  copy.path = request.target;
  copy.body = request.body;
  for (const char* name : {"api_key", "content-type", "accept"}) {
    if (const std::string value = request.Header(name); !value.empty())
      copy.set_header(name, value);
  }
  const httplib::Result result = client.send(copy);
  if (!result) return testing::Reply::Close(testing::CloseMode::kRst);
  return testing::Reply::Json(result->status, result->body);
}

Called Environment::Call(const MethodDescriptor& method, const Message& request) {
  auto& factory = *google::protobuf::MessageFactory::generated_factory();
  Called called;
  called.response.reset(factory.GetPrototype(method.output_type())->New());
  called.error = client_->Call(method, request, *called.response);
  return called;
}

std::unique_ptr<Message> Environment::Prepare(const std::string& method,
                                              const std::string& order_id, std::string text) {
  auto request = NewRequest(MethodOf(method));
  if (method == "CreateOrder") {
    request->CopyFrom(CardOrder(order_id, 1'000));
    return request;
  }
  const bool held = method == "CaptureOrder" || method == "VoidOrder";
  const Called made =
      Call("CreateOrder",
           method == "CancelOrder" ? PageOrder(order_id, 1'000) : CardOrder(order_id, 1'000, held));
  EXPECT_TRUE(made.ok()) << made.Text();
  const std::string id = absl::StrCat("order_id: '", order_id, "' ");
  if (method == "CancelRefund") {
    const Called refunded =
        Call("RefundOrder",
             testing::FromText<v1::RefundOrderRequest>(id + "amount: 400 currency: 'EUR'"));
    EXPECT_TRUE(refunded.ok()) << refunded.Text();
    const std::string refund = GetOrder(order_id).related_transactions(0).transaction_id();
    text = absl::StrReplaceAll(text, {{"REFUND", refund}});
  }
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(id + text, request.get())) << text;
  return request;
}

v1::Order Environment::GetOrder(const std::string& order_id) {
  v1::GetOrderRequest request;
  request.set_order_id(order_id);
  const Called called = Call("GetOrder", request);
  EXPECT_TRUE(called.ok()) << order_id << ": " << called.Text();
  return called.ok() ? called.As<v1::GetOrderResponse>().order() : v1::Order();
}

Json Environment::Control(const std::string& path, const Json& body) {
  return testing::AskSandbox<Json>(*sandbox_, path, body);
}

void Environment::ClearFaults() {
  const httplib::Result result = httplib::Client(sandbox_->origin()).Delete("/_sandbox/faults");
  EXPECT_TRUE(result && result->status == 200);
}

std::string Environment::State() {
  Json state = Control("snapshot");
  state.erase("stats");
  return state.dump();
}

std::vector<testing::RecordedRequest> Environment::Arrived() const {
  std::vector<testing::RecordedRequest> requests = upstream_.requests();
  requests.erase(requests.begin(), requests.begin() + static_cast<std::ptrdiff_t>(forgotten_));
  return requests;
}

std::vector<testing::RecordedRequest> Environment::Writes() const {
  std::vector<testing::RecordedRequest> writes;
  for (testing::RecordedRequest& request : Arrived()) {
    if (request.method != "GET") writes.push_back(std::move(request));
  }
  return writes;
}

v1::CreateOrderRequest CardOrder(const std::string& order_id, std::int64_t amount, bool manual) {
  v1::CreateOrderRequest order = testing::CardOrder(order_id);
  order.set_amount(amount);
  order.set_gateway("VISA");
  order.mutable_gateway_info()->set_card_number("4111 1111 1111 1111");
  order.mutable_gateway_info()->set_card_holder_name("N de Wit");
  if (manual) order.set_capture("manual");
  return order;
}

v1::CreateOrderRequest PageOrder(const std::string& order_id, std::int64_t amount) {
  v1::CreateOrderRequest order = testing::CardOrder(order_id);
  order.set_type("redirect");
  order.set_amount(amount);
  order.clear_gateway();
  order.clear_gateway_info();
  return order;
}

v1::CreateOrderRequest StoringOrder(const std::string& order_id, const std::string& reference) {
  v1::CreateOrderRequest order = CardOrder(order_id, 2500);
  order.set_recurring_model("subscription");
  order.mutable_customer()->set_reference(reference);
  return order;
}

}  // namespace msp::integration
