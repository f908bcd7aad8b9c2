// SPDX-License-Identifier: Apache-2.0

#include "service/rpc/notifications.h"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "service/rpc/caller.h"
#include "service/rpc/status.h"

namespace msp::rpc {
namespace {

namespace v1 = multisafepay::v1;
using webhooks::Received;
using Clock = std::chrono::steady_clock;

constexpr char kReply[] = "OK";

payments::Failure Refusal(const webhooks::NotificationReceiver::ReceiveResult& result) {
  const std::string_view name = webhooks::kReceivedNames[static_cast<std::size_t>(result.received)];
  switch (result.received) {
    case Received::kMalformed:
      return payments::InvalidRequest({{.field = "body", .description = result.detail}});
    case Received::kWrongOrder:
      return payments::InvalidRequest({{.field = "transactionid", .description = result.detail}});
    default:
      return {.code = absl::StatusCode::kUnauthenticated,
              .message = result.detail,
              .reason = absl::AsciiStrToUpper({name.data(), name.size()})};
  }
}

using Service = v1::NotificationService::AsyncService;
using Base = server::UnaryCall<v1::HandleNotificationRequest, v1::HandleNotificationResponse>;

// Replies at once, or when the event has been published.
class NotificationCall final : public Base {
 public:
  NotificationCall(Service& service, server::CallQueue& queue,
                   const NotificationServices* notification_services)
      : Base(queue), service_(service), notification_services_(notification_services) {
    Wait(service, &Service::RequestHandleNotification);
  }

 private:
  void OnArrival() override {
    new NotificationCall(service_, queue(), notification_services_);
    if (notification_services_ == nullptr) return Reply({grpc::StatusCode::UNIMPLEMENTED, ""});
    start_ = Clock::now();
    auto admitted = Admit(notification_services_->sites, context(),
                          notification_services_->certificates, start_);
    if (const auto* failure = std::get_if<payments::Failure>(&admitted); failure != nullptr)
      return End(StatusOf(*failure));
    site_ = std::get<payments::Sites::Admitted>(admitted).site;
    auto violations = codec::Check(
        notification_services_->schemas.Of(v1::HandleNotificationRequest::descriptor()), request_);
    if (!violations.empty()) return End(StatusOf(payments::InvalidRequest(std::move(violations))));
    notification_services_->receiver.Receive(
        *site_, {request_.auth(), request_.body(), request_.transactionid()},
        [this](webhooks::NotificationReceiver::ReceiveResult result) {
          OnReceived(std::move(result));
        });
  }

  void OnReceived(webhooks::NotificationReceiver::ReceiveResult result) {
    notification_services_->log.Write(
        result.genuine() ? telemetry::Level::kInfo : telemetry::Level::kWarning, "notification",
        {{"via", std::string_view("grpc")},
         {"site", site_->name()},
         {"result", webhooks::kReceivedNames[static_cast<std::size_t>(result.received)]}});
    if (!result.genuine()) return End(StatusOf(Refusal(result)));
    response_.set_duplicate(result.duplicate());
    *response_.mutable_order() = std::move(result.order);
    response_.set_reply_body(kReply);
    End(grpc::Status::OK);
  }

  void End(const grpc::Status& status) {
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start_);
    notification_services_->metrics.CountCall({.method = "HandleNotification",
                                               .code = NameOf(status.error_code()),
                                               .outcome = "",
                                               .total_us = took.count()});
    Reply(status);
  }

  Service& service_;
  const NotificationServices* const notification_services_;
  Clock::time_point start_;
  std::shared_ptr<const payments::Site> site_;
};

}  // namespace

void ServeNotifications(v1::NotificationService::AsyncService& service, server::CallQueue& queue,
                        const NotificationServices* notification_services) {
  new NotificationCall(service, queue, notification_services);
}

}  // namespace msp::rpc
