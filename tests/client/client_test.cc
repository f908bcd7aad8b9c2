// SPDX-License-Identifier: Apache-2.0

#include "client/cpp/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "client/cpp/retries.h"
#include "multisafepay/v1/options.pb.h"
#include "tests/client/fake_service.h"
#include "tests/client/tls_service.h"
#include "tests/golden/schema.h"
#include "tests/testing/words.h"

namespace msp::client {
namespace {

namespace pb = google::protobuf;
using ::testing::AllOf;
using testing::ConfirmedOrder;
using ::testing::Contains;
using testing::FakeAnswer;
using testing::FakeService;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Pair;
using testing::ReplyOf;
using testing::SeenCall;

std::unique_ptr<Client> Connect(const FakeService& service, ClientOptions options = {}) {
  options.channel.server = service.address();
  return *Client::Create(std::move(options));
}

const FakeAnswer kEmpty{.messages = {""}};
const FakeAnswer kUnavailable{.status = {grpc::StatusCode::UNAVAILABLE, "gone"}};

// Every unary method of the schema.
std::vector<const pb::MethodDescriptor*> UnaryMethods() {
  std::vector<const pb::MethodDescriptor*> methods = Methods();
  std::erase_if(methods, [](const auto* method) { return method->server_streaming(); });
  return methods;
}

std::unique_ptr<pb::Message> New(const pb::Descriptor* descriptor) {
  return std::unique_ptr<pb::Message>(
      pb::MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
}

std::optional<Error> CallAny(const Client& client, const pb::MethodDescriptor& method) {
  const auto reply = New(method.output_type());
  return client.Call(method, *New(method.input_type()), *reply);
}

TEST(Client, OnlyReadsAreRepeatedWhenTheServiceIsUnavailable) {
  const FakeService service(kUnavailable);
  const auto client = Connect(service, {.channel = {.read_attempts_max = 2}});
  for (const pb::MethodDescriptor* method : UnaryMethods()) {
    const std::size_t before = service.calls().size();
    const bool reads = method->options().GetExtension(v1::retry) == v1::RETRY_READ;
    const auto error = CallAny(*client, *method);
    ASSERT_TRUE(error.has_value()) << method->name();
    EXPECT_EQ(error->code, grpc::StatusCode::UNAVAILABLE) << method->name();
    EXPECT_EQ(service.calls().size() - before, reads ? 2U : 1U) << method->name();
  }
}

TEST(Client, ALostConnectionIsUnknownForWhatMustNotBeRepeated) {
  const FakeService service(kUnavailable);
  const auto client = Connect(service, {.channel = {.read_attempts_max = 1}});
  for (const pb::MethodDescriptor* method : UnaryMethods()) {
    const v1::Retry retry = method->options().GetExtension(v1::retry);
    const bool once = retry == v1::RETRY_KEYED || retry == v1::RETRY_NEVER;
    const auto error = CallAny(*client, *method);
    ASSERT_TRUE(error.has_value()) << method->name();
    EXPECT_EQ(error->outcome, once ? v1::OUTCOME_UNKNOWN : v1::OUTCOME_UNSPECIFIED)
        << method->name();
  }
}

TEST(Client, AMethodWhoseRepetitionIsNotStatedCountsAsPayment) {
  pb::FileDescriptorProto file;
  file.set_name("unstated.proto");
  file.add_message_type()->set_name("Nothing");
  auto& service = *file.add_service();
  service.set_name("Unstated");
  auto& method = *service.add_method();
  method.set_name("Do");
  method.set_input_type("Nothing");
  method.set_output_type("Nothing");
  pb::DescriptorPool pool;
  EXPECT_TRUE(MovesMoney(*pool.BuildFile(file)->service(0)->method(0)));
}

TEST(Client, EveryCallHasADeadline) {
  const FakeService service(kEmpty);
  const auto client = Connect(service, {.write_timeout_ms = 300'000, .read_timeout_ms = 100'000});
  // On its way gRPC rounds a deadline up, to three digits.
  for (const pb::MethodDescriptor* method : UnaryMethods()) {
    const bool reads = method->options().GetExtension(v1::retry) == v1::RETRY_READ;
    (void)CallAny(*client, *method);
    EXPECT_THAT(service.calls().back().time_left.count(),
                reads ? AllOf(Ge(50'000), Le(110'000)) : AllOf(Ge(200'000), Le(310'000)))
        << method->name();
  }
}

TEST(Client, TheCallsOwnTimeoutAndMetadataAndTheSiteTravel) {
  const FakeService service(kEmpty);
  const auto client = Connect(service, {.site = "second"});
  (void)client->GetOrder({}, {.timeout_ms = 3'000'000, .metadata = {{"traceparent", "00-1"}}});
  const SeenCall call = service.calls().at(0);
  EXPECT_THAT(call.time_left.count(), AllOf(Ge(2'000'000), Le(3'100'000)));
  EXPECT_THAT(call.metadata, Contains(Pair("x-msp-site", "second")));
  EXPECT_THAT(call.metadata, Contains(Pair("traceparent", "00-1")));
}

TEST(Client, ACallThatIsNotAnsweredEndsAtItsDeadline) {
  const FakeService service(FakeAnswer{.hangs = true});
  const auto client = Connect(service);
  const auto result = client->CreateOrder({}, {.timeout_ms = 400});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(result.error().outcome, v1::OUTCOME_UNKNOWN);
}

TEST(Client, RequestAndReplyTravelWhole) {
  FakeService service([](const SeenCall& call, int) {
    v1::CreateOrderRequest request;
    request.ParseFromString(call.body);
    v1::CreateOrderResponse reply;
    reply.mutable_order()->set_order_id(request.order_id());
    reply.mutable_result()->set_outcome(v1::OUTCOME_CONFIRMED);
    return ReplyOf(reply);
  });
  v1::CreateOrderRequest request;
  request.set_order_id("tulip-1");
  const auto result = Connect(service)->CreateOrder(request);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->order().order_id(), "tulip-1");
}

// The methods are written from the schema, and find theirs by the type of the request.
TEST(Client, EachMethodCallsItsOwn) {
  const FakeService service(kEmpty);
  const auto client = Connect(service);
  (void)client->CreateOrder({});
  (void)client->HandleNotification({});
  (void)client->DeleteToken({});
  (void)client->GetGateway({});
  (void)client->ListCategories({});
  (void)client->CheckHealth();
  std::vector<std::string> seen;
  for (const SeenCall& call : service.calls()) seen.push_back(call.method);
  EXPECT_THAT(seen, ::testing::ElementsAre("CreateOrder", "HandleNotification", "DeleteToken",
                                           "GetGateway", "ListCategories", "Check"));
}

TEST(Client, NoTwoMethodsTakeTheSameRequest) {
  std::set<const pb::Descriptor*> requests;
  for (const pb::MethodDescriptor* method : UnaryMethods()) {
    EXPECT_TRUE(requests.insert(method->input_type()).second) << method->full_name();
    EXPECT_EQ(method->input_type()->file(), method->file()) << method->full_name();
  }
}

TEST(Client, AReplyThatDoesNotSayWhatBecameOfTheMoneyIsUnknown) {
  const FakeService service(kEmpty);
  const auto result = Connect(service)->RefundOrder({});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().outcome, v1::OUTCOME_UNKNOWN);
}

TEST(Client, PlainTextToAnotherMachineWantsToBeAllowed) {
  const auto refused = Client::Create({.channel = {.server = "payments.example:50051"}});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("payments.example:50051"));
  EXPECT_TRUE(
      Client::Create({.channel = {.server = "payments.example:50051", .allow_plaintext = true}})
          .ok());
  EXPECT_TRUE(
      Client::Create({.channel = {.server = "payments.example:50051", .tls = {.enabled = true}}})
          .ok());
}

TEST(Client, PlainTextIsForAddressesThatStayOnThisMachine) {
  for (const std::string& address : testing::Words(
           "127.0.0.1:1 localhost:1 localhost [::1]:1 [::1] dns:localhost:1 dns:///localhost:1 "
           "dns:///127.0.0.1:1 ipv4:127.0.0.1:1 ipv6:%5B::1%5D:1 unix:/tmp/msp unix:///tmp/msp")) {
    EXPECT_TRUE(Client::Create({.channel = {.server = address}}).ok()) << address;
  }
  for (const std::string& address : testing::Words(
           "127.0.0.1.example:1 dns:127.0.0.1.example:1 localhost.example:1 dns:///unix:1 "
           "[::1].example:1 10.0.0.1:1")) {
    EXPECT_FALSE(Client::Create({.channel = {.server = address}}).ok()) << address;
  }
}

TEST(Client, TimeoutsThatCannotWorkAreRefused) {
  EXPECT_FALSE(Client::Create({.write_timeout_ms = 0}).ok());
  EXPECT_FALSE(Client::Create({.read_timeout_ms = -1}).ok());
  EXPECT_FALSE(Client::Create({.watch_timeout_ms = 0}).ok());
}

TEST(Client, TlsSettingsThatCannotWorkAreNamed) {
  const std::pair<TlsOptions, const char*> cases[] = {
      {{.ca_file = "/nonexistent/ca.pem"}, "/nonexistent/ca.pem"},
      {{.ca_file = "/dev/null"}, "/dev/null"},
      {{.cert_file = "a.pem"}, "require each other"},
      {{.key_file = "a.pem"}, "require each other"}};
  for (const auto& [tls, complaint] : cases) {
    const auto client = Client::Create({.channel = {.tls = tls}});
    ASSERT_FALSE(client.ok()) << complaint;
    EXPECT_THAT(std::string(client.status().message()), HasSubstr(complaint));
  }
}

TEST(Client, TlsWithTheRightRootsReachesTheService) {
  const testing::TlsService service(ConfirmedOrder);
  const auto client = Client::Create(
      {.channel = {.server = service.address(), .tls = {.ca_file = service.ca_file()}}});
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_TRUE((*client)->CreateOrder({}).ok());
}

TEST(Client, TlsWithOtherRootsSendsNothing) {
  const testing::TlsService service(ConfirmedOrder);
  const auto client =
      Client::Create({.channel = {.server = service.address(), .tls = {.enabled = true}}});
  ASSERT_TRUE(client.ok()) << client.status();
  const auto result = (*client)->CreateOrder({});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, grpc::StatusCode::UNAVAILABLE);
}

TEST(Client, AListOf16MiBIsTaken) {
  v1::ListTransactionsResponse reply;
  reply.add_transactions()->set_order_id(std::string(17 << 20, 'x'));
  const FakeService service(ReplyOf(reply));
  EXPECT_TRUE(Connect(service)->ListTransactions({}).ok());
}

std::string Seen(const std::string& token) {
  v1::WatchOrderResponse message;
  message.set_resume_token(token);
  return message.SerializeAsString();
}

TEST(Watch, HandsOutEveryMessageAndThenEnds) {
  const FakeService service(FakeAnswer{.messages = {Seen("a"), Seen("b")}});
  const auto client = Connect(service);
  const auto watch = client->WatchOrder({});
  v1::WatchOrderResponse message;
  ASSERT_TRUE(watch->Next(message));
  EXPECT_EQ(message.resume_token(), "a");
  ASSERT_TRUE(watch->Next(message));
  EXPECT_EQ(message.resume_token(), "b");
  EXPECT_FALSE(watch->Next(message));
  EXPECT_FALSE(watch->Finish().has_value());
  EXPECT_GT(service.calls().at(0).time_left.count(), 3'000'000);
}

TEST(Watch, SaysWhyTheStreamBroke) {
  const FakeService service(
      FakeAnswer{.messages = {Seen("a")}, .status = {grpc::StatusCode::UNAVAILABLE, "going down"}});
  const auto client = Connect(service);
  const auto watch = client->WatchOrder({});
  v1::WatchOrderResponse message;
  ASSERT_TRUE(watch->Next(message));
  EXPECT_FALSE(watch->Next(message));
  const auto error = watch->Finish();
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(error->outcome, v1::OUTCOME_UNSPECIFIED);
}

TEST(Watch, MayBeDroppedWhileItRuns) {
  const FakeService service(FakeAnswer{.messages = {Seen("a")}, .hangs = true});
  const auto client = Connect(service);
  auto watch = client->WatchOrder({});
  v1::WatchOrderResponse message;
  ASSERT_TRUE(watch->Next(message));
  watch.reset();
  EXPECT_EQ(service.calls().size(), 1U);
}

}  // namespace
}  // namespace msp::client
