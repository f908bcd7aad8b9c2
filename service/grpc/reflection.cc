// SPDX-License-Identifier: Apache-2.0

#include "service/grpc/reflection.h"

#include <set>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/descriptor_database.h"

namespace msp::server {
namespace {

namespace pb = google::protobuf;
namespace reflection = grpc::reflection;

// The file and everything that it imports, each once.
void AddFile(pb::DescriptorDatabase& files, const pb::FileDescriptorProto& file,
             std::set<std::string>& sent, auto& reply) {
  if (!sent.insert(file.name()).second) return;
  reply.add_file_descriptor_proto(file.SerializeAsString());
  for (const std::string& name : file.dependency()) {
    pb::FileDescriptorProto imported;
    if (files.FindFileByName(name, &imported)) AddFile(files, imported, sent, reply);
  }
}

template <class Request, class Response>
void SetResponse(const Request& request, const std::vector<std::string>& services,
                 Response& response) {
  pb::DescriptorPoolDatabase files(*pb::DescriptorPool::generated_pool());
  pb::FileDescriptorProto file;
  const auto& extension = request.file_containing_extension();
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
    case Request::kFileContainingExtension:
      found = files.FindFileContainingExtension(extension.containing_type(),
                                                extension.extension_number(), &file);
      break;
    case Request::kAllExtensionNumbersOfType: {
      auto& reply = *response.mutable_all_extension_numbers_response();
      reply.set_base_type_name(request.all_extension_numbers_of_type());
      std::vector<int> numbers;
      if (!files.FindAllExtensionNumbers(reply.base_type_name(), &numbers)) break;
      reply.mutable_extension_number()->Add(numbers.begin(), numbers.end());
      return;
    }
    default:
      break;
  }
  if (std::set<std::string> sent; found)
    return AddFile(files, file, sent, *response.mutable_file_descriptor_response());
  auto& error = *response.mutable_error_response();
  const bool asked = request.message_request_case() != Request::MESSAGE_REQUEST_NOT_SET;
  error.set_error_code(asked ? grpc::StatusCode::NOT_FOUND : grpc::StatusCode::INVALID_ARGUMENT);
  error.set_error_message(asked ? "not found" : "no request in the message");
}

// Requests are answered one after the other: one step is in progress at a time.
template <class Service, class Request, class Response>
class ReflectionStream final : public AsyncCall {
 public:
  ReflectionStream(Service& service, const std::vector<std::string>& services, CallQueue& calls)
      : AsyncCall(calls), service_(service), services_(services) {
    service.RequestServerReflectionInfo(&context(), &stream_, &calls.queue(), &calls.queue(),
                                        ArrivalTag());
  }

 private:
  void OnArrival() override {
    new ReflectionStream(service_, services_, queue());
    OnWritten(true);
  }
  void OnWritten(bool ok) override {
    if (!ok) return stream_.Finish(grpc::Status::OK, FinishTag());
    stream_.Read(&request_, ReadTag());
  }
  void OnRead(bool ok) override {
    if (!ok) return stream_.Finish(grpc::Status::OK, FinishTag());
    Response response;
    SetResponse(request_, services_, response);
    stream_.Write(response, WriteTag());
  }

  Service& service_;
  const std::vector<std::string>& services_;
  Request request_;
  grpc::ServerAsyncReaderWriter<Response, Request> stream_{&context()};
};

}  // namespace

Reflection::Reflection(std::vector<std::string> services) : services_(std::move(services)) {
  services_.emplace_back(reflection::v1::ServerReflection::service_full_name());
  services_.emplace_back(reflection::v1alpha::ServerReflection::service_full_name());
}

void Reflection::Serve(CallQueue& queue) {
  new ReflectionStream<decltype(v1_), reflection::v1::ServerReflectionRequest,
                       reflection::v1::ServerReflectionResponse>(v1_, services_, queue);
  new ReflectionStream<decltype(v1alpha_), reflection::v1alpha::ServerReflectionRequest,
                       reflection::v1alpha::ServerReflectionResponse>(v1alpha_, services_, queue);
}

}  // namespace msp::server
