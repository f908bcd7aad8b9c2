// SPDX-License-Identifier: Apache-2.0

#include "tests/client/fake_service.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/byte_buffer.h>

#include <utility>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "multisafepay/v1/order_service.pb.h"

namespace msp::testing {
namespace {

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

}  // namespace

// One call; deletes itself.
class FakeService::RestCall final : public grpc::ServerGenericBidiReactor {
 public:
  RestCall(FakeService& service, grpc::GenericCallbackServerContext& context)
      : service_(service), context_(context) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return FinishOnce(grpc::Status::CANCELLED);
    SeenCall call;
    call.method = context_.method().substr(context_.method().rfind('/') + 1);
    for (const auto& [key, value] : context_.client_metadata()) {
      call.metadata.emplace(std::string(key.data(), key.size()),
                            std::string(value.data(), value.size()));
    }
    call.time_left = std::chrono::duration_cast<std::chrono::milliseconds>(
        context_.deadline() - std::chrono::system_clock::now());
    call.body = BytesOf(request_);
    answer_ = service_.Answer(std::move(call));
    Next();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return FinishOnce(grpc::Status::CANCELLED);
    Next();
  }

  void OnCancel() override { FinishOnce(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }

 private:
  void Next() {
    if (written_ < answer_.messages.size()) {
      reply_ = BufferOf(answer_.messages[written_++]);
      StartWrite(&reply_);
    } else if (!answer_.hangs) {
      FinishOnce(answer_.status);
    }
  }

  // A cancellation may come beside a reply.
  void FinishOnce(const grpc::Status& status) {
    if (!finished_.exchange(true)) Finish(status);
  }

  FakeService& service_;
  grpc::GenericCallbackServerContext& context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer reply_;
  FakeAnswer answer_;
  std::size_t written_ = 0;
  std::atomic<bool> finished_{false};
};

class FakeService::Generic final : public grpc::CallbackGenericService {
 public:
  explicit Generic(FakeService& service) : service_(service) {}
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return new RestCall(service_, *context);
  }

 private:
  FakeService& service_;
};

FakeService::FakeService(Script script, std::shared_ptr<grpc::ServerCredentials> credentials,
                         const std::string& listen)
    : script_(std::move(script)), generic_(std::make_unique<Generic>(*this)) {
  if (credentials == nullptr) credentials = grpc::InsecureServerCredentials();
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(listen, credentials, &port);
  builder.RegisterCallbackGenericService(generic_.get());
  server_ = builder.BuildAndStart();
  address_ = listen.starts_with("unix:") ? listen : "127.0.0.1:" + std::to_string(port);
}

FakeService::~FakeService() {
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

std::vector<SeenCall> FakeService::calls() const {
  MutexLock lock(mutex_);
  return calls_;
}

FakeAnswer FakeService::Answer(SeenCall call) {
  int before = 0;
  {
    MutexLock lock(mutex_);
    before = static_cast<int>(calls_.size());
    calls_.push_back(call);
  }
  return script_(call, before);
}

FakeAnswer ReplyOf(const google::protobuf::Message& message) {
  return {.messages = {message.SerializeAsString()}};
}

FakeAnswer ConfirmedOrder(const SeenCall&, int) {
  multisafepay::v1::CreateOrderResponse reply;
  reply.mutable_result()->set_outcome(multisafepay::v1::OUTCOME_CONFIRMED);
  return ReplyOf(reply);
}

grpc::Status StatusOf(const Refusal& refusal) {
  google::rpc::Status status;
  status.set_code(refusal.code);
  status.set_message(refusal.message);
  google::rpc::ErrorInfo info;
  info.set_reason(refusal.reason);
  info.set_domain(refusal.domain);
  info.mutable_metadata()->insert(refusal.metadata.begin(), refusal.metadata.end());
  if (!refusal.outcome.empty()) (*info.mutable_metadata())["outcome"] = refusal.outcome;
  status.add_details()->PackFrom(info);
  google::rpc::BadRequest bad;
  for (const auto& [field, description] : refusal.violations) {
    bad.add_field_violations()->set_field(field);
    bad.mutable_field_violations()->rbegin()->set_description(description);
  }
  if (bad.field_violations_size() > 0) status.add_details()->PackFrom(bad);
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(refusal.retry_after_ms / 1000);
  retry.mutable_retry_delay()->set_nanos(refusal.retry_after_ms % 1000 * 1'000'000);
  if (refusal.retry_after_ms >= 0) status.add_details()->PackFrom(retry);
  return {refusal.code, refusal.message, status.SerializeAsString()};
}

FakeAnswer Refuse(const Refusal& refusal) { return {.status = StatusOf(refusal)}; }
FakeAnswer Refuse(grpc::StatusCode code, const std::string& reason, const std::string& outcome,
                  const std::string& message) {
  return Refuse({.code = code, .message = message, .reason = reason, .outcome = outcome});
}

}  // namespace msp::testing
