// SPDX-License-Identifier: Apache-2.0

// A stream of WatchOrder as a caller reads it.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "multisafepay/v1/order_service.grpc.pb.h"

namespace msp::webhooks {

namespace v1 = multisafepay::v1;

// One stream.
class Watching {
 public:
  // Where `first` is given, the stream begins with it: "PENDING/SNAPSHOT".
  Watching(const std::shared_ptr<grpc::Channel>& channel, const v1::WatchOrderRequest& request,
           const std::string& first = {})
      : stub_(v1::OrderService::NewStub(channel)) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    reader_ = stub_->WatchOrder(&context_, request);
    if (!first.empty()) {
      EXPECT_EQ(Next(), first);
    }
  }
  // "PAID/NOTIFICATION"; "" at the end.
  std::string Next() {
    if (!reader_->Read(&last)) return "";
    return v1::PaymentState_Name(last.order().payment_state()).substr(14) + "/" +
           v1::WatchOrderResponse::Cause_Name(last.cause()).substr(6);
  }
  // "OK" where the stream ends well and with no further event; else that event, or the error.
  std::string End() {
    const std::string next = Next();
    if (!next.empty()) return next;
    const grpc::Status status = Finish();
    return status.ok() ? "OK" : status.error_message();
  }
  grpc::Status Finish() { return reader_->Finish(); }
  void Cancel() { context_.TryCancel(); }

  v1::WatchOrderResponse last;

 private:
  std::unique_ptr<v1::OrderService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchOrderResponse>> reader_;
};

inline v1::WatchOrderRequest Ask(const std::string& order_id, bool follow = false,
                                 const std::string& resume_token = {}) {
  v1::WatchOrderRequest request;
  request.set_order_id(order_id);
  request.set_follow(follow);
  request.set_resume_token(resume_token);
  return request;
}

// With a heartbeat each second.
inline v1::WatchOrderRequest AskWithBeats(const std::string& order_id, bool follow = false) {
  v1::WatchOrderRequest request = Ask(order_id, follow);
  request.set_heartbeat_s(1);
  return request;
}

}  // namespace msp::webhooks
