#include "service/server/health.h"

#include <utility>

#include "absl/algorithm/container.h"

namespace msp::server {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using Service = grpc::health::v1::Health::AsyncService;

class Health::Check final : public UnaryCall<HealthCheckRequest, HealthCheckResponse> {
 public:
  Check(Health& health, CallQueue& queue) : UnaryCall(queue), health_(health) {
    Wait(health.service_, &Service::RequestCheck);
  }

 private:
  void OnArrival() override {
    new Check(health_, queue());
    {
      MutexLock lock(health_.mutex_);
      response_.set_status(health_.StatusOf(request_.service()));
    }
    const bool known = response_.status() != HealthCheckResponse::SERVICE_UNKNOWN;
    Reply(known ? grpc::Status::OK : grpc::Status(grpc::StatusCode::NOT_FOUND, ""));
  }

  Health& health_;
};

class Health::Watch final : public StreamCall<HealthCheckRequest, HealthCheckResponse> {
 public:
  Watch(Health& health, CallQueue& queue) : StreamCall(queue), health_(health) {
    Wait(health.service_, &Service::RequestWatch);
  }
  const std::string& name() const { return request_.service(); }
  // With Health's lock held.
  void Notify(Status status) {
    MutexLock lock(mutex_);
    current_ = status;
    WriteNext();
  }

 private:
  void OnArrival() override {
    new Watch(health_, queue());
    MutexLock lock(health_.mutex_);
    health_.watches_.insert(this);
    Notify(health_.StatusOf(name()));
  }
  void OnEnd() override {
    MutexLock lock(health_.mutex_);
    health_.watches_.erase(this);
  }
  // A slow reader may have missed that the status changed and came back.
  bool Next(HealthCheckResponse& message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) override {
    message.set_status(current_);
    return std::exchange(sent_, current_) != current_;
  }

  Health& health_;
  Status current_ ABSL_GUARDED_BY(mutex_) = HealthCheckResponse::UNKNOWN;
  Status sent_ ABSL_GUARDED_BY(mutex_) = HealthCheckResponse::UNKNOWN;
};

Health::Status Health::StatusOf(const std::string& name) {
  const auto found = serving_.find(name);
  if (found == serving_.end()) return HealthCheckResponse::SERVICE_UNKNOWN;
  return found->second ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

void Health::Serve(CallQueue& queue) {
  new Check(*this, queue);
  new Watch(*this, queue);
}

void Health::Set(const std::vector<std::string>& names, bool serving) {
  MutexLock lock(mutex_);
  for (const std::string& name : names) serving_[name] = serving;
  for (Watch* watch : watches_) {
    if (absl::c_linear_search(names, watch->name())) watch->Notify(StatusOf(watch->name()));
  }
}

}  // namespace msp::server
