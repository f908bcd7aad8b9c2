#include "service/server/reflection.h"

#include <set>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/descriptor_database.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"

namespace msp::server {
namespace {

namespace pb = google::protobuf;
namespace reflection = grpc::reflection;

struct V1 {
  using Service = reflection::v1::ServerReflection;
  using Request = reflection::v1::ServerReflectionRequest;
  using Response = reflection::v1::ServerReflectionResponse;
};
struct V1Alpha {
  using Service = reflection::v1alpha::ServerReflection;
  using Request = reflection::v1alpha::ServerReflectionRequest;
  using Response = reflection::v1alpha::ServerReflectionResponse;
};

// The file and everything that it imports, each once.
template <class Files>
void AddFile(pb::DescriptorDatabase& files, const pb::FileDescriptorProto& file,
             std::set<std::string>& sent, Files& reply) {
  if (!sent.insert(file.name()).second) return;
  reply.add_file_descriptor_proto(file.SerializeAsString());
  for (const std::string& name : file.dependency()) {
    pb::FileDescriptorProto imported;
    if (files.FindFileByName(name, &imported)) AddFile(files, imported, sent, reply);
  }
}

template <class Request, class Response>
void Answer(const Request& request, const std::vector<std::string>& services, Response& response) {
  pb::DescriptorPoolDatabase files(*pb::DescriptorPool::generated_pool());
  pb::FileDescriptorProto file;
  bool found = false;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case Request::kListServices:
      for (const std::string& name : services)
        response.mutable_list_services_response()->add_service()->set_name(name);
      return;
    case Request::kFileByFilename:
      found = files.FindFileByName(request.file_by_filename(), &file);
      break;
    case Request::kFileContainingSymbol:
      found = files.FindFileContainingSymbol(request.file_containing_symbol(), &file);
      break;
    case Request::kFileContainingExtension: {
      const auto& asked = request.file_containing_extension();
      found = files.FindFileContainingExtension(asked.containing_type(), asked.extension_number(),
                                                &file);
      break;
    }
    case Request::kAllExtensionNumbersOfType: {
      const std::string& type = request.all_extension_numbers_of_type();
      std::vector<int> numbers;
      if (!files.FindAllExtensionNumbers(type, &numbers)) break;
      auto& reply = *response.mutable_all_extension_numbers_response();
      reply.set_base_type_name(type);
      reply.mutable_extension_number()->Add(numbers.begin(), numbers.end());
      return;
    }
    default:
      break;
  }
  std::set<std::string> sent;
  if (found) return AddFile(files, file, sent, *response.mutable_file_descriptor_response());
  auto& error = *response.mutable_error_response();
  const bool asked = request.message_request_case() != Request::MESSAGE_REQUEST_NOT_SET;
  error.set_error_code(asked ? grpc::StatusCode::NOT_FOUND : grpc::StatusCode::INVALID_ARGUMENT);
  error.set_error_message(asked ? "not found" : "no request in the message");
}

// Requests are answered one after the other: one step is in progress at a time.
template <class Version>
class Stream final : public AsyncCall {
 public:
  using Service = typename Version::Service::AsyncService;

  Stream(Service& service, const std::vector<std::string>& services, CallQueue& calls)
      : AsyncCall(calls), service_(service), services_(services) {
    service.RequestServerReflectionInfo(&context(), &stream_, &calls.queue(), &calls.queue(),
                                        ArrivalTag());
  }

 private:
  void OnArrival() override {
    new Stream(service_, services_, queue());
    OnWritten(true);
  }
  void OnWritten(bool ok) override {
    if (!ok) return stream_.Finish(grpc::Status::OK, FinishTag());
    stream_.Read(&request_, ReadTag());
  }
  void OnRead(bool ok) override {
    if (!ok) return stream_.Finish(grpc::Status::OK, FinishTag());
    typename Version::Response response;
    Answer(request_, services_, response);
    stream_.Write(response, WriteTag());
  }

  Service& service_;
  const std::vector<std::string>& services_;
  typename Version::Request request_;
  grpc::ServerAsyncReaderWriter<typename Version::Response, typename Version::Request> stream_{
      &context()};
};

}  // namespace

struct Reflection::State {
  std::vector<std::string> services;
  V1::Service::AsyncService v1;
  V1Alpha::Service::AsyncService v1alpha;
};

Reflection::Reflection(std::vector<std::string> services) : state_(std::make_unique<State>()) {
  services.emplace_back(V1::Service::service_full_name());
  services.emplace_back(V1Alpha::Service::service_full_name());
  state_->services = std::move(services);
}
Reflection::~Reflection() = default;

void Reflection::Register(grpc::ServerBuilder& builder) {
  builder.RegisterService(&state_->v1);
  builder.RegisterService(&state_->v1alpha);
}

void Reflection::Serve(CallQueue& queue) {
  new Stream<V1>(state_->v1, state_->services, queue);
  new Stream<V1Alpha>(state_->v1alpha, state_->services, queue);
}

}  // namespace msp::server
