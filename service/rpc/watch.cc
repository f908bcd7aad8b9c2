// SPDX-License-Identifier: Apache-2.0

#include "service/rpc/watch.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "service/base/mutex.h"
#include "service/codec/check.h"
#include "service/codec/redact.h"
#include "service/rpc/caller.h"
#include "service/rpc/status.h"
#include "service/webhooks/token.h"

namespace msp::rpc {
namespace {

namespace v1 = multisafepay::v1;

// What a stream has still to send.
struct Waiting {
  webhooks::OrderState state;
  webhooks::Cause cause = v1::WatchOrderResponse::CAUSE_UNSPECIFIED;
};

using Service = v1::OrderService::AsyncService;
using Base = server::StreamCall<v1::WatchOrderRequest, v1::WatchOrderResponse>;

class WatchStream final : public Base, public webhooks::Watcher {
 public:
  WatchStream(Service& service, server::CallQueue& queue,
              const NotificationServices* notification_services)
      : Base(queue), service_(service), notification_services_(notification_services) {
    Wait(service, &Service::RequestWatchOrder);
  }

  // Called by the order watch registry, with its lock held.
  void SendState(const webhooks::OrderState& state, webhooks::Cause cause) override {
    MutexLock lock(mutex_);
    waiting_ = Waiting{state, cause};
    WriteNext();
  }
  void SendHeartbeat() override {
    MutexLock lock(mutex_);
    if (!idle()) return;  // The message that is being written replaces a heartbeat.
    heartbeat_due_ = true;
    WriteNext();
  }
  void End(std::optional<payments::Failure> failure) override {
    MutexLock lock(mutex_);
    Finish(failure ? StatusOf(*failure) : grpc::Status::OK);
    if (failure && reason_.empty()) reason_ = std::move(failure->reason);
  }

 private:
  void OnArrival() override {
    new WatchStream(service_, queue(), notification_services_);
    if (notification_services_ == nullptr) {
      MutexLock lock(mutex_);
      return Finish({grpc::StatusCode::UNIMPLEMENTED, ""});
    }
    if (auto failure = Begin()) End(std::move(failure));
  }
  void OnEnd() override {
    if (notification_services_ == nullptr) return;
    notification_services_->registry.Leave(this);
    MutexLock lock(mutex_);
    notification_services_->metrics.CountStream("WatchOrder", NameOf(code()));
    LogEnd();
  }

  void LogEnd() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    // An invalid order id is not logged.
    const std::string order_id = reason_ == payments::reason::kInvalidRequest
                                     ? std::string()
                                     : codec::RedactedIfCard(request_.order_id());
    const std::string peer = context().peer();
    const std::chrono::duration<double> open = std::chrono::steady_clock::now() - start_;
    notification_services_->log.Write(
        telemetry::Level::kInfo, "stream",
        {{"method", std::string_view("WatchOrder")},
         {"site", site_ == nullptr ? std::string_view() : site_->name()},
         {"order_id", std::string_view(order_id)},
         {"code", NameOf(code())},
         {"reason", std::string_view(reason_)},
         {"states", states_},
         {"seconds", open.count()},
         {"peer", std::string_view(peer)}});
  }

  // Joins the order's watchers, or returns a failure.
  std::optional<payments::Failure> Begin() {
    start_ = std::chrono::steady_clock::now();
    // Streams have their own limit: they count for the site's rate, not for its concurrent calls.
    auto admitted = Admit(notification_services_->sites, context(),
                          notification_services_->certificates, std::chrono::steady_clock::now());
    if (auto* failure = std::get_if<payments::Failure>(&admitted); failure != nullptr)
      return std::move(*failure);
    site_ = std::get<payments::Sites::Admitted>(admitted).site;
    auto violations = codec::Check(
        notification_services_->schemas.Of(v1::WatchOrderRequest::descriptor()), request_);
    webhooks::WatchRequest watch_request{
        .site = site_->name(),
        .order_id = request_.order_id(),
        .follow = request_.follow(),
        .heartbeat_ms = std::int64_t{request_.heartbeat_s()} * 1'000};
    if (violations.empty() && !request_.resume_token().empty()) {
      watch_request.last_sent = webhooks::ReadToken(request_.resume_token(), site_->name());
      if (!watch_request.last_sent) {
        violations.push_back({.field = "resume_token", .description = webhooks::kUnknownToken});
      }
    }
    if (!violations.empty()) return payments::InvalidRequest(std::move(violations));
    {
      // A heartbeat before the first state repeats the caller's own token.
      MutexLock lock(mutex_);
      token_ = request_.resume_token();
    }
    return notification_services_->registry.Watch(watch_request, this);
  }

  bool Next(v1::WatchOrderResponse& message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) override {
    if (!waiting_ && !heartbeat_due_) return false;
    if (waiting_) {
      const webhooks::OrderState& state = waiting_->state;
      *message.mutable_order() = *state.order;
      message.set_cause(waiting_->cause);
      ++states_;
      token_ = webhooks::MakeToken(site_->name(), webhooks::LastSentOf(state));
      message.mutable_observed_time()->set_seconds(state.observed_ms / 1'000);
      message.mutable_observed_time()->set_nanos(
          static_cast<std::int32_t>(state.observed_ms % 1'000 * 1'000'000));
    } else {
      message.set_cause(v1::WatchOrderResponse::CAUSE_HEARTBEAT);
    }
    message.set_resume_token(token_);
    waiting_.reset();
    heartbeat_due_ = false;
    return true;
  }

  Service& service_;
  const NotificationServices* const notification_services_;
  std::shared_ptr<const payments::Site> site_;  // Set before the registry knows the stream.
  std::optional<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  bool heartbeat_due_ ABSL_GUARDED_BY(mutex_) = false;
  std::chrono::steady_clock::time_point start_;
  std::string reason_ ABSL_GUARDED_BY(mutex_);
  std::int64_t states_ ABSL_GUARDED_BY(mutex_) = 0;  // Sent, without heartbeats.
  std::string token_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

void ServeWatch(v1::OrderService::AsyncService& service, server::CallQueue& queue,
                const NotificationServices* notification_services) {
  new WatchStream(service, queue, notification_services);
}

}  // namespace msp::rpc
