#include "service/server/health.h"

#include <map>
#include <unordered_set>

#include "absl/algorithm/container.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace msp::server {
namespace {

namespace v1 = grpc::health::v1;
using Service = v1::Health::AsyncService;
using Request = v1::HealthCheckRequest;
using Response = v1::HealthCheckResponse;

// OK, or why the request is refused.
grpc::Status Validate(const Request& request) {
  if (request.service().size() <= 200) return grpc::Status::OK;  // gRPC's own bound.
  return {grpc::StatusCode::INVALID_ARGUMENT, "service: at most 200 bytes"};
}

}  // namespace

struct Health::State {
  Response::ServingStatus StatusOf(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const auto found = serving.find(name);
    if (found == serving.end()) return Response::SERVICE_UNKNOWN;
    return found->second ? Response::SERVING : Response::NOT_SERVING;
  }

  Service service;
  Mutex mutex;  // Held while changes are told: each watch gets them in their order.
  std::map<std::string, bool> serving ABSL_GUARDED_BY(mutex){{"", true}};
  std::unordered_set<Watch*> watches ABSL_GUARDED_BY(mutex);
};

class Health::Check final : public UnaryCall<Request, Response> {
 public:
  Check(State& state, CallQueue& queue) : UnaryCall(queue), state_(state) {
    Wait(state.service, &Service::RequestCheck);
  }

 private:
  void OnArrival() override {
    new Check(state_, queue());
    if (const grpc::Status valid = Validate(request_); !valid.ok()) return Reply(valid);
    {
      MutexLock lock(state_.mutex);
      response_.set_status(state_.StatusOf(request_.service()));
    }
    const bool known = response_.status() != Response::SERVICE_UNKNOWN;
    Reply(known ? grpc::Status::OK : grpc::Status(grpc::StatusCode::NOT_FOUND, ""));
  }

  State& state_;
};

class Health::Watch final : public StreamCall<Request, Response> {
 public:
  Watch(State& state, CallQueue& queue) : StreamCall(queue), state_(state) {
    Wait(state.service, &Service::RequestWatch);
  }
  // These two with the state's lock held.
  const std::string& name() const { return request_.service(); }
  void Tell(Response::ServingStatus status) {
    MutexLock lock(mutex_);
    current_ = status;
    WriteNext();
  }

 private:
  void OnArrival() override {
    new Watch(state_, queue());
    if (grpc::Status valid = Validate(request_); !valid.ok()) {
      MutexLock lock(mutex_);
      return Finish(std::move(valid));
    }
    MutexLock lock(state_.mutex);
    state_.watches.insert(this);
    Tell(state_.StatusOf(name()));
  }
  void OnEnd() override {
    MutexLock lock(state_.mutex);
    state_.watches.erase(this);
  }
  // A slow reader may have missed that the status changed and came back.
  bool Next(Response& message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) override {
    message.set_status(current_);
    return std::exchange(told_, current_) != current_;
  }

  State& state_;
  Response::ServingStatus current_ ABSL_GUARDED_BY(mutex_) = Response::UNKNOWN;
  Response::ServingStatus told_ ABSL_GUARDED_BY(mutex_) = Response::UNKNOWN;
};

Health::Health() : state_(std::make_unique<State>()) {}
Health::~Health() = default;

void Health::Register(grpc::ServerBuilder& builder) { builder.RegisterService(&state_->service); }

void Health::Serve(CallQueue& queue) {
  new Check(*state_, queue);
  new Watch(*state_, queue);
}

void Health::Set(const std::vector<std::string>& names, bool serving) {
  MutexLock lock(state_->mutex);
  for (const std::string& name : names) state_->serving[name] = serving;
  for (Watch* watch : state_->watches) {
    if (absl::c_linear_search(names, watch->name())) watch->Tell(state_->StatusOf(watch->name()));
  }
}

}  // namespace msp::server
