// SPDX-License-Identifier: Apache-2.0

// Server reflection in both of its versions, as tools use it.
#include <csignal>
#include <set>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "tests/e2e/end_to_end.h"

namespace msp::e2e {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

struct V1 {
  using Service = grpc::reflection::v1::ServerReflection;
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;
};
struct V1Alpha {
  using Service = grpc::reflection::v1alpha::ServerReflection;
  using Request = grpc::reflection::v1alpha::ServerReflectionRequest;
  using Response = grpc::reflection::v1alpha::ServerReflectionResponse;
};

std::string ExtensionOf(const std::string& type, int number) {
  return "file_containing_extension { containing_type: '" + type +
         "' extension_number: " + std::to_string(number) + " }";
}

// One stream; every message of it has one answer.
template <class Version>
class Reflected {
 public:
  using Request = typename Version::Request;
  using Response = typename Version::Response;

  explicit Reflected(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(Version::Service::NewStub(channel)) {
    context_.set_deadline(Later());
    stream_ = stub_->ServerReflectionInfo(&context_);
  }

  // `text` is a request in text format.
  Response Ask(const std::string& text) {
    const auto request = msp::testing::FromText<Request>(text);
    Response response;
    EXPECT_TRUE(stream_->Write(request));
    EXPECT_TRUE(stream_->Read(&response));
    EXPECT_EQ(response.original_request().SerializeAsString(), request.SerializeAsString());
    EXPECT_EQ(response.valid_host(), request.host());
    return response;
  }
  std::vector<std::string> Services() {
    std::vector<std::string> names;
    const Response response = Ask("list_services: ''");
    for (const auto& service : response.list_services_response().service())
      names.push_back(service.name());
    return names;
  }
  // The names of the files in an answer.
  std::set<std::string> Files(const std::string& request) {
    std::set<std::string> names;
    const Response response = Ask(request);
    for (const auto& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      google::protobuf::FileDescriptorProto file;
      EXPECT_TRUE(file.ParseFromString(bytes));
      EXPECT_TRUE(names.insert(file.name()).second) << file.name() << " came twice";
    }
    return names;
  }
  std::set<std::string> FilesOf(const std::string& symbol) {
    return Files("file_containing_symbol: '" + symbol + "'");
  }
  std::vector<int> ExtensionsOf(const std::string& type) {
    const Response response = Ask("all_extension_numbers_of_type: '" + type + "'");
    EXPECT_EQ(response.all_extension_numbers_response().base_type_name(), type);
    const auto& numbers = response.all_extension_numbers_response().extension_number();
    return {numbers.begin(), numbers.end()};
  }
  grpc::StatusCode ErrorOf(const std::string& request) {
    const Response response = Ask(request);
    return static_cast<grpc::StatusCode>(response.error_response().error_code());
  }
  // Says that nothing follows.
  grpc::Status Finish() {
    stream_->WritesDone();
    return WaitForTheEnd();
  }
  grpc::Status WaitForTheEnd() {
    Response response;
    EXPECT_FALSE(stream_->Read(&response));
    return stream_->Finish();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<typename Version::Service::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<Request, Response>> stream_;
};

template <class Version>
class Reflection : public EndToEnd {};
using Versions = ::testing::Types<V1, V1Alpha>;
TYPED_TEST_SUITE(Reflection, Versions);

TYPED_TEST(Reflection, ListsEveryServiceOnce) {
  Reflected<TypeParam> reflection(this->channel());
  EXPECT_THAT(reflection.Services(),
              UnorderedElementsAre(
                  "multisafepay.v1.OrderService", "multisafepay.v1.TokenService",
                  "multisafepay.v1.PaymentMethodService", "multisafepay.v1.TransactionService",
                  "multisafepay.v1.CheckoutService", "multisafepay.v1.TerminalService",
                  "multisafepay.v1.AccountService", "multisafepay.v1.NotificationService",
                  "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                  "grpc.reflection.v1alpha.ServerReflection"));
  EXPECT_TRUE(reflection.Finish().ok());
}

TYPED_TEST(Reflection, DescribesWhatItLists) {
  Reflected<TypeParam> reflection(this->channel());
  for (const std::string& service : reflection.Services())
    EXPECT_THAT(reflection.FilesOf(service), ::testing::Not(IsEmpty())) << service;
  EXPECT_THAT(reflection.FilesOf("multisafepay.v1.OrderService.CreateOrder"),
              Contains("multisafepay/v1/order_service.proto"));
  EXPECT_THAT(reflection.FilesOf("multisafepay.v1.Order"), Contains("multisafepay/v1/order.proto"));
  EXPECT_THAT(reflection.Files("file_by_filename: 'multisafepay/v1/control.proto'"),
              Contains("multisafepay/v1/control.proto"));
  // Whole: a tool can build the pool from this one answer.
  EXPECT_THAT(reflection.FilesOf("multisafepay.v1.OrderService"),
              Contains("google/protobuf/timestamp.proto"));
  EXPECT_TRUE(reflection.Finish().ok());
}

TYPED_TEST(Reflection, FindsExtensionsByTheirNumbers) {
  constexpr char kOptions[] = "google.protobuf.FieldOptions";
  Reflected<TypeParam> reflection(this->channel());
  const std::vector<int> numbers = reflection.ExtensionsOf(kOptions);
  ASSERT_THAT(numbers, ::testing::Not(IsEmpty()));
  for (const int number : numbers)
    EXPECT_THAT(reflection.Files(ExtensionOf(kOptions, number)),
                Contains("google/protobuf/descriptor.proto"));
  EXPECT_THAT(reflection.ExtensionsOf("multisafepay.v1.Order"), IsEmpty());
  EXPECT_TRUE(reflection.Finish().ok());
}

// A question that has no answer is no end of the stream.
TYPED_TEST(Reflection, AnswersWhatIsNotThereWithAnErrorAndGoesOn) {
  Reflected<TypeParam> reflection(this->channel());
  EXPECT_EQ(reflection.ErrorOf(""), grpc::StatusCode::INVALID_ARGUMENT);
  std::vector<std::string> unknown;
  for (const std::string name : {"", "multisafepay.v1.NoSuchThing", "..", "multisafepay.v1."}) {
    unknown.push_back("file_containing_symbol: '" + name + "'");
    unknown.push_back("file_by_filename: '" + name + "'");
    unknown.push_back("all_extension_numbers_of_type: '" + name + "'");
    unknown.push_back(ExtensionOf(name, 1));
  }
  for (const int number : {0, -1, 19'000, 2'147'483'647})
    unknown.push_back(ExtensionOf("multisafepay.v1.Order", number));
  for (const std::string& request : unknown)
    EXPECT_EQ(reflection.ErrorOf("host: 'a host' " + request), grpc::StatusCode::NOT_FOUND)
        << request;
  EXPECT_THAT(reflection.Services(), Contains("multisafepay.v1.OrderService"));
  EXPECT_TRUE(reflection.Finish().ok());
}

TYPED_TEST(Reflection, AStreamThatIsLeftOpenDoesNotHoldUpTheEnd) {
  this->StartServer({"--drain_timeout_ms=10000", "--call_max_ms=5000"});
  Reflected<TypeParam> reflection(this->channel());
  EXPECT_THAT(reflection.Services(), Contains("grpc.health.v1.Health"));
  this->server().process().Signal(SIGTERM);
  EXPECT_FALSE(reflection.WaitForTheEnd().ok());
  EXPECT_EQ(this->server().process().Wait(), 0);
}

}  // namespace
}  // namespace msp::e2e
