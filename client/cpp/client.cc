// SPDX-License-Identifier: Apache-2.0

#include "client/cpp/client.h"

#include <grpcpp/generic/generic_stub.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <future>

#include "client/cpp/retries.h"
#include "multisafepay/v1/order_service.grpc.pb.h"

namespace msp::client {
namespace {

namespace pb = google::protobuf;

constexpr char kSiteKey[] = "x-msp-site";
// The time for gRPC to report why it is not connected.
constexpr std::chrono::milliseconds kReasonMax{200};

// A reply without an outcome is inconclusive: an empty one, or one of a service that violates the
// schema.
std::optional<Error> Inconclusive(const pb::Message& response) {
  const pb::FieldDescriptor* field = response.GetDescriptor()->FindFieldByName("result");
  if (field == nullptr || field->message_type() != v1::CallResult::descriptor()) return {};
  const auto& result =
      static_cast<const v1::CallResult&>(response.GetReflection()->GetMessage(response, field));
  if (result.outcome() != v1::OUTCOME_UNSPECIFIED && result.outcome() != v1::OUTCOME_UNKNOWN)
    return {};
  return Error{.code = grpc::StatusCode::UNKNOWN,
               .message = "the reply does not state the outcome",
               .reason = "OUTCOME_UNKNOWN",
               .outcome = v1::OUTCOME_UNKNOWN};
}

grpc::Status Invoke(const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext& context,
                    const pb::MethodDescriptor& method, const pb::Message& request,
                    pb::Message& response) {
  grpc::TemplatedGenericStub<pb::Message, pb::Message> stub(channel);
  const std::string path = "/" + method.service()->full_name() + "/" + method.name();
  // Shared with the callback, which still touches it after this thread has woken up.
  auto ended = std::make_shared<std::promise<grpc::Status>>();
  stub.UnaryCall(&context, path, {}, &request, &response,
                 [ended](grpc::Status status) { ended->set_value(std::move(status)); });
  return ended->get_future().get();
}

// gRPC's reason for having no connection, which only a call returns: it fails at once. This call
// does nothing.
std::string ReasonOf(const std::shared_ptr<grpc::Channel>& channel) {
  using grpc::health::v1::HealthCheckRequest;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kReasonMax);
  grpc::health::v1::HealthCheckResponse response;
  const grpc::Status status =
      Invoke(channel, context, *HealthCheckRequest::descriptor()->file()->service(0)->method(0),
             HealthCheckRequest(), response);
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ? ": " + status.error_message() : "";
}

// No connection was made, so the call may be repeated at once.
Error NotConnected(std::string reason) {
  return Error{.code = grpc::StatusCode::UNAVAILABLE,
               .message = std::move(reason),
               .reason = std::string(kNotConnected),
               .outcome = v1::OUTCOME_NOT_SENT,
               .retry_after_ms = 0};
}

}  // namespace

Watch::~Watch() {
  if (finished_) return;
  Cancel();
  Finish();
}

bool Watch::Next(v1::WatchOrderResponse& message) { return !finished_ && reader_->Read(&message); }

std::optional<Error> Watch::Finish() {
  if (finished_) return {};
  finished_ = true;
  const grpc::Status status = reader_->Finish();
  if (status.ok()) return {};
  return ReadError(status, /*moves_money=*/false);
}

absl::StatusOr<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  if (std::min({options.write_timeout_ms, options.read_timeout_ms, options.watch_timeout_ms}) < 1)
    return absl::InvalidArgumentError("a timeout is below 1 ms");
  absl::StatusOr<Channels> channels = MakeChannels(options.channel);
  if (!channels.ok()) return channels.status();
  return std::unique_ptr<Client>(new Client(std::move(options), *std::move(channels)));
}

void Client::Prepare(grpc::ClientContext& context, const CallOptions& call,
                     std::int64_t timeout_ms) const {
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::milliseconds(call.timeout_ms.value_or(timeout_ms)));
  if (!options_.site.empty()) context.AddMetadata(kSiteKey, options_.site);
  for (const auto& [key, value] : call.metadata) context.AddMetadata(key, value);
}

std::optional<Error> Client::Call(const pb::MethodDescriptor& method, const pb::Message& request,
                                  pb::Message& response, const CallOptions& call) const {
  const Repeat repeat = RepeatOf(method);
  const bool reads = repeat == Repeat::kFreely;
  grpc::ClientContext context;
  Prepare(context, call, reads ? options_.read_timeout_ms : options_.write_timeout_ms);
  const bool moves_money = repeat == Repeat::kByPolicy;
  if (moves_money) {
    const auto tried = Connect(options_.channel, channels_.writes, context.deadline());
    if (tried) return NotConnected(*tried + ReasonOf(channels_.writes));
  }
  const grpc::Status status =
      Invoke(reads ? channels_.reads : channels_.writes, context, method, request, response);
  if (!status.ok()) return ReadError(status, moves_money);
  return moves_money ? Inconclusive(response) : std::nullopt;
}

const pb::MethodDescriptor& Client::MethodOf(const pb::Descriptor& request) {
  // Every file of the schema has one service, and a request belongs to it.
  const pb::ServiceDescriptor& service = *request.file()->service(0);
  for (int i = 0; i < service.method_count(); ++i) {
    const pb::MethodDescriptor& method = *service.method(i);
    if (method.input_type() == &request && !method.server_streaming()) return method;
  }
  std::abort();  // A message that no method takes: ./run derive writes no such call.
}

std::unique_ptr<Watch> Client::WatchOrder(const v1::WatchOrderRequest& request,
                                          const CallOptions& call) const {
  std::unique_ptr<Watch> watch(new Watch);
  Prepare(*watch->context_, call, options_.watch_timeout_ms);
  watch->reader_ =
      v1::OrderService::NewStub(channels_.reads)->WatchOrder(watch->context_.get(), request);
  return watch;
}

}  // namespace msp::client
