#include "service/server/reflection.h"

#include <grpcpp/grpcpp.h>

#include <set>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"

namespace msp::server {
namespace {

namespace pb = google::protobuf;
namespace v1 = grpc::reflection::v1;

void NotFound(std::string_view what, v1::ServerReflectionResponse& response) {
  response.mutable_error_response()->set_error_code(grpc::StatusCode::NOT_FOUND);
  response.mutable_error_response()->set_error_message(std::string(what) + " not found");
}

// The file and everything that it imports, each once.
void AddFile(const pb::FileDescriptor& file, std::set<std::string>& sent,
             v1::FileDescriptorResponse& response) {
  if (!sent.insert(file.name()).second) return;
  pb::FileDescriptorProto proto;
  file.CopyTo(&proto);
  response.add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), sent, response);
}

// One stream: requests are answered one after the other.
class Stream final
    : public grpc::ServerBidiReactor<v1::ServerReflectionRequest, v1::ServerReflectionResponse> {
 public:
  explicit Stream(const std::vector<std::string>& services) : services_(services) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    response_.Clear();
    Answer();
    response_.set_valid_host(request_.host());
    *response_.mutable_original_request() = request_;
    StartWrite(&response_);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    StartRead(&request_);
  }
  void OnDone() override { delete this; }

 private:
  void Answer() {
    switch (request_.message_request_case()) {
      case v1::ServerReflectionRequest::kFileByFilename:
        return AnswerFile(pool().FindFileByName(request_.file_by_filename()),
                          request_.file_by_filename());
      case v1::ServerReflectionRequest::kFileContainingSymbol:
        return AnswerFile(pool().FindFileContainingSymbol(request_.file_containing_symbol()),
                          request_.file_containing_symbol());
      case v1::ServerReflectionRequest::kFileContainingExtension:
        return AnswerExtension();
      case v1::ServerReflectionRequest::kAllExtensionNumbersOfType:
        return AnswerExtensionNumbers();
      case v1::ServerReflectionRequest::kListServices:
        for (const std::string& name : services_)
          response_.mutable_list_services_response()->add_service()->set_name(name);
        return;
      default:
        response_.mutable_error_response()->set_error_code(grpc::StatusCode::INVALID_ARGUMENT);
        response_.mutable_error_response()->set_error_message("no request in the message");
    }
  }

  void AnswerFile(const pb::FileDescriptor* file, std::string_view name) {
    if (file == nullptr) return NotFound(name, response_);
    std::set<std::string> sent;
    AddFile(*file, sent, *response_.mutable_file_descriptor_response());
  }

  void AnswerExtension() {
    const auto& asked = request_.file_containing_extension();
    const pb::Descriptor* type = pool().FindMessageTypeByName(asked.containing_type());
    const pb::FieldDescriptor* extension =
        type == nullptr ? nullptr : pool().FindExtensionByNumber(type, asked.extension_number());
    AnswerFile(extension == nullptr ? nullptr : extension->file(), asked.containing_type());
  }

  void AnswerExtensionNumbers() {
    const pb::Descriptor* type =
        pool().FindMessageTypeByName(request_.all_extension_numbers_of_type());
    if (type == nullptr) return NotFound(request_.all_extension_numbers_of_type(), response_);
    auto& numbers = *response_.mutable_all_extension_numbers_response();
    numbers.set_base_type_name(type->full_name());
    std::vector<const pb::FieldDescriptor*> extensions;
    pool().FindAllExtensions(type, &extensions);
    for (const pb::FieldDescriptor* extension : extensions)
      numbers.add_extension_number(extension->number());
  }

  static const pb::DescriptorPool& pool() { return *pb::DescriptorPool::generated_pool(); }

  const std::vector<std::string>& services_;
  v1::ServerReflectionRequest request_;
  v1::ServerReflectionResponse response_;
};

class Reflection final : public v1::ServerReflection::CallbackService {
 public:
  explicit Reflection(std::vector<std::string> services) : services_(std::move(services)) {
    services_.emplace_back(v1::ServerReflection::service_full_name());
  }
  grpc::ServerBidiReactor<v1::ServerReflectionRequest, v1::ServerReflectionResponse>*
  ServerReflectionInfo(grpc::CallbackServerContext* /*context*/) override {
    return new Stream(services_);
  }

 private:
  std::vector<std::string> services_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeReflectionV1(std::vector<std::string> services) {
  return std::make_unique<Reflection>(std::move(services));
}

}  // namespace msp::server
