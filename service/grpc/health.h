// SPDX-License-Identifier: Apache-2.0

// grpc.health.v1.Health for the server ("") and for each name that was set. gRPC's own health
// service is a callback service, whose threads poll our connections, too: a fifth more CPU per
// call. Used and owned only by server.cc; any thread may set.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "service/grpc/async_call.h"

namespace msp::server {

class Health {
 public:
  void Register(grpc::ServerBuilder& builder) { builder.RegisterService(&service_); }
  // Arms both methods. Called once the server has started. `queue` outlives the calls.
  void Serve(CallQueue& queue) {
    new Check(*this, queue);
    new Watch(*this, queue);
  }
  // The names change together: a client that sees one change sees the others, too.
  void Set(const std::vector<std::string>& names, bool serving) {
    MutexLock lock(mutex_);
    for (const std::string& name : names) serving_[name] = serving;
    for (Watch* watch : watches_) {
      if (std::ranges::count(names, watch->name()) > 0) watch->SendStatus(StatusOf(watch->name()));
    }
  }

 private:
  using Request = grpc::health::v1::HealthCheckRequest;
  using Response = grpc::health::v1::HealthCheckResponse;
  using Service = grpc::health::v1::Health::AsyncService;

  class Check final : public UnaryCall<Request, Response> {
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
      if (response_.status() != Response::SERVICE_UNKNOWN) return Reply(grpc::Status::OK);
      Reply({grpc::StatusCode::NOT_FOUND, ""});
    }
    Health& health_;
  };

  class Watch final : public StreamCall<Request, Response> {
   public:
    Watch(Health& health, CallQueue& queue) : StreamCall(queue), health_(health) {
      Wait(health.service_, &Service::RequestWatch);
    }
    const std::string& name() const { return request_.service(); }
    // With Health's lock held.
    void SendStatus(Response::ServingStatus status) {
      MutexLock lock(mutex_);
      current_ = status;
      WriteNext();
    }

   private:
    void OnArrival() override {
      new Watch(health_, queue());
      MutexLock lock(health_.mutex_);
      health_.watches_.insert(this);
      SendStatus(health_.StatusOf(name()));
    }
    void OnEnd() override {
      MutexLock lock(health_.mutex_);
      health_.watches_.erase(this);
    }
    // A slow reader may have missed a change and its reversal.
    bool Next(Response& message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) override {
      message.set_status(current_);
      return std::exchange(sent_, current_) != current_;
    }
    Health& health_;
    Response::ServingStatus current_ ABSL_GUARDED_BY(mutex_) = Response::UNKNOWN;
    Response::ServingStatus sent_ ABSL_GUARDED_BY(mutex_) = Response::UNKNOWN;
  };

  Response::ServingStatus StatusOf(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto found = serving_.find(name);
    if (found == serving_.end()) return Response::SERVICE_UNKNOWN;
    return found->second ? Response::SERVING : Response::NOT_SERVING;
  }

  Service service_;
  Mutex mutex_;  // Held while watches get a status: each gets the changes in order.
  std::map<std::string, bool> serving_ ABSL_GUARDED_BY(mutex_){{"", true}};
  std::unordered_set<Watch*> watches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace msp::server
