#include "service/server/reflection.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <set>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"

namespace msp::server {
namespace {

namespace pb = google::protobuf;

// People and their tools, not programs that call by the thousand.
constexpr int kStreamsMax = 100;

// A version of the protocol; the messages are alike.
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

// What the streams of both versions share.
struct Shared {
  std::vector<std::string> services;
  std::atomic<int> open{0};
};

const pb::DescriptorPool& Pool() { return *pb::DescriptorPool::generated_pool(); }

// The file and everything that it imports, each once.
template <class Files>
void AddFile(const pb::FileDescriptor& file, std::set<std::string>& sent, Files& files) {
  if (!sent.insert(file.name()).second) return;
  pb::FileDescriptorProto proto;
  file.CopyTo(&proto);
  files.add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), sent, files);
}

// One request's answer.
template <class Version>
class Answer {
 public:
  using Request = typename Version::Request;
  using Response = typename Version::Response;

  Answer(const Request& request, Response& response) : request_(request), response_(response) {}

  void Fill(const std::vector<std::string>& services) {
    response_.set_valid_host(request_.host());
    *response_.mutable_original_request() = request_;
    switch (request_.message_request_case()) {
      case Request::kFileByFilename:
        return AddFiles(Pool().FindFileByName(request_.file_by_filename()),
                        request_.file_by_filename());
      case Request::kFileContainingSymbol:
        return AddFiles(Pool().FindFileContainingSymbol(request_.file_containing_symbol()),
                        request_.file_containing_symbol());
      case Request::kFileContainingExtension:
        return AddExtension();
      case Request::kAllExtensionNumbersOfType:
        return AddExtensionNumbers();
      case Request::kListServices:
        for (const std::string& name : services)
          response_.mutable_list_services_response()->add_service()->set_name(name);
        return;
      default:
        Fail(grpc::StatusCode::INVALID_ARGUMENT, "no request in the message");
    }
  }

 private:
  void Fail(grpc::StatusCode code, std::string message) {
    response_.mutable_error_response()->set_error_code(code);
    response_.mutable_error_response()->set_error_message(std::move(message));
  }
  void NotFound(const std::string& what) {
    Fail(grpc::StatusCode::NOT_FOUND, absl::StrCat(what, " not found"));
  }

  void AddFiles(const pb::FileDescriptor* file, const std::string& name) {
    if (file == nullptr) return NotFound(name);
    std::set<std::string> sent;
    AddFile(*file, sent, *response_.mutable_file_descriptor_response());
  }

  void AddExtension() {
    const auto& asked = request_.file_containing_extension();
    const pb::Descriptor* type = Pool().FindMessageTypeByName(asked.containing_type());
    const pb::FieldDescriptor* extension =
        type == nullptr ? nullptr : Pool().FindExtensionByNumber(type, asked.extension_number());
    AddFiles(extension == nullptr ? nullptr : extension->file(),
             absl::StrCat(asked.containing_type(), " with extension ", asked.extension_number()));
  }

  void AddExtensionNumbers() {
    const pb::Descriptor* type =
        Pool().FindMessageTypeByName(request_.all_extension_numbers_of_type());
    if (type == nullptr) return NotFound(request_.all_extension_numbers_of_type());
    auto& numbers = *response_.mutable_all_extension_numbers_response();
    numbers.set_base_type_name(type->full_name());
    std::vector<const pb::FieldDescriptor*> extensions;
    Pool().FindAllExtensions(type, &extensions);
    for (const pb::FieldDescriptor* extension : extensions)
      numbers.add_extension_number(extension->number());
  }

  const Request& request_;
  Response& response_;
};

// One stream: requests are answered one after the other, so that one step is under way at a time.
template <class Version>
class Stream final : public Slot {
 public:
  using Service = typename Version::Service::AsyncService;

  static void Serve(Service& service, Slots& slots, Shared& shared) {
    auto* stream = new Stream(service, slots, shared);
    service.RequestServerReflectionInfo(&stream->context(), &stream->stream_, &slots.queue(),
                                        &slots.queue(), stream->Arrival());
  }

 private:
  Stream(Service& service, Slots& slots, Shared& shared)
      : Slot(slots), service_(service), shared_(shared) {}

  void OnCall() override {
    Serve(service_, slots(), shared_);
    if (shared_.open.fetch_add(1) >= kStreamsMax)
      return Finish({grpc::StatusCode::RESOURCE_EXHAUSTED,
                     absl::StrCat("this server takes ", kStreamsMax, " reflection streams")});
    Read();
  }
  void OnRead(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    typename Version::Response response;
    Answer<Version>(request_, response).Fill(shared_.services);
    stream_.Write(response, Writing());
  }
  void OnWritten(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    Read();
  }
  void OnGone() override { shared_.open.fetch_sub(1); }

  void Read() { stream_.Read(&request_, Reading()); }
  void Finish(const grpc::Status& status) { stream_.Finish(status, Finishing()); }

  Service& service_;
  Shared& shared_;
  typename Version::Request request_;
  grpc::ServerAsyncReaderWriter<typename Version::Response, typename Version::Request> stream_{
      &context()};
};

}  // namespace

struct Reflection::Served {
  Shared shared;
  V1::Service::AsyncService v1;
  V1Alpha::Service::AsyncService v1alpha;
};

Reflection::Reflection(std::vector<std::string> services) : served_(std::make_unique<Served>()) {
  services.emplace_back(V1::Service::service_full_name());
  services.emplace_back(V1Alpha::Service::service_full_name());
  served_->shared.services = std::move(services);
}
Reflection::~Reflection() = default;

void Reflection::Register(grpc::ServerBuilder& builder) {
  builder.RegisterService(&served_->v1);
  builder.RegisterService(&served_->v1alpha);
}

void Reflection::Serve(Slots& slots) {
  Stream<V1>::Serve(served_->v1, slots, served_->shared);
  Stream<V1Alpha>::Serve(served_->v1alpha, slots, served_->shared);
}

}  // namespace msp::server
