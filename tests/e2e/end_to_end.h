// SPDX-License-Identifier: Apache-2.0

// What the end-to-end tests share: a running msp-server before a scripted upstream, and a real
// client that keeps the whole error of a call.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "gtest/gtest.h"
#include "multisafepay/v1/order_service.grpc.pb.h"
#include "tests/testing/requests.h"
#include "tests/testing/server_process.h"
#include "tests/testing/upstream.h"

namespace msp::e2e {

namespace v1 = multisafepay::v1;
using msp::testing::CardOrder;
using msp::testing::CloseMode;
using msp::testing::Gate;
using msp::testing::RecordedRequest;
using msp::testing::Reply;

// What a caller can read of a failed call.
struct CallError {
  explicit CallError(const grpc::Status& status);

  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad;
  std::optional<google::rpc::RetryInfo> retry;

  // The value of one of ErrorInfo's metadata, "" when absent.
  std::string Metadata(const std::string& key) const;
  // The paths of the refused fields.
  std::vector<std::string> Fields() const;
};

// The name of a status code, for messages that people read.
std::string NameOf(grpc::StatusCode code);
// "CODE OUTCOME REASON"; no outcome where no money could move.
std::string SummaryOf(const grpc::Status& status);

template <class Response>
struct Called {
  grpc::Status status;
  Response response;

  bool ok() const { return status.ok(); }
  CallError error() const { return CallError(status); }
  std::string code() const { return NameOf(status.error_code()); }
  std::string reason() const { return error().info.reason(); }
  // "CONFIRMED", "CONFIRMED reconciled", or SummaryOf() an error.
  std::string Summary() const {
    if (!ok()) return SummaryOf(status);
    if constexpr (requires { response.result(); }) {
      return v1::Outcome_Name(response.result().outcome()).substr(8) +
             (response.result().reconciled() ? " reconciled" : "");
    }
    return "OK";
  }
};

// What MultiSafepay answers to an order that is accepted and paid at once: the request's own id (a
// number when it is one), amount and currency.
std::string PaidResponse(const std::string& body);
// Answers POST /orders with PaidResponse, everything else with 404 and code 1006: no such order.
Reply RespondAsMultiSafepay(const RecordedRequest& request);
// 404 with code 1006.
Reply NoSuchOrder();

// Far enough away that no test meets it.
inline std::chrono::system_clock::time_point Later() {
  return std::chrono::system_clock::now() + msp::testing::kWaitMax;
}

// A unary call of a stub's method; `site` goes into the metadata if it is not empty.
template <class Stub, class Request, class Response>
Called<Response> Call(const std::shared_ptr<grpc::Channel>& channel,
                      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                      const Request& request, const std::string& site = "",
                      std::chrono::system_clock::time_point deadline = Later()) {
  Called<Response> call;
  grpc::ClientContext context;
  context.set_deadline(deadline);
  if (!site.empty()) context.AddMetadata("x-msp-site", site);
  Stub stub(channel);
  call.status = (stub.*method)(&context, request, &call.response);
  return call;
}

// The same with the request in protobuf's text format.
template <class Stub, class Request, class Response>
Called<Response> Call(const std::shared_ptr<grpc::Channel>& channel,
                      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                      const char* text, const std::string& site = "") {
  return Call(channel, method, msp::testing::FromText<Request>(text), site);
}

Called<v1::GetOrderResponse> GetOrder(const std::shared_ptr<grpc::Channel>& channel,
                                      const std::string& order_id = "order-1");

// What health says of a service, such as "SERVING"; the code where it says nothing.
std::string HealthOf(const std::shared_ptr<grpc::Channel>& channel, const std::string& service);

// A watch of the health of a service.
class HealthWatch {
 public:
  HealthWatch(const std::shared_ptr<grpc::Channel>& channel, const std::string& service);
  ~HealthWatch() { context_.TryCancel(); }
  // What comes next; "" at the end.
  std::string Next();

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<grpc::health::v1::HealthCheckResponse>> stream_;
};

// A unary call by its path, such as "/multisafepay.v1.OrderService/GetOrder"; the message may be
// any bytes.
grpc::Status CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& path,
                     const std::string& message);

// A CreateOrder on a thread of its own, which its test can cancel.
class CallInFlight {
 public:
  CallInFlight(const std::shared_ptr<grpc::Channel>& channel, const v1::CreateOrderRequest& order)
      : thread_([this, channel, order] {
          context_.set_deadline(Later());
          status_ = v1::OrderService::NewStub(channel)->CreateOrder(&context_, order, &response_);
        }) {}
  ~CallInFlight() { Join(); }
  CallInFlight(const CallInFlight&) = delete;
  CallInFlight& operator=(const CallInFlight&) = delete;

  void Cancel() { context_.TryCancel(); }
  const grpc::Status& Join() {
    if (thread_.joinable()) thread_.join();
    return status_;
  }
  const v1::CreateOrderResponse& response() const { return response_; }

 private:
  grpc::ClientContext context_;
  v1::CreateOrderResponse response_;
  grpc::Status status_;
  std::thread thread_;
};

// A connection of its own: channels to the same address share one by default.
std::shared_ptr<grpc::Channel> DialAnew(const std::string& address,
                                        grpc::ChannelArguments arguments = {},
                                        const std::shared_ptr<grpc::ChannelCredentials>&
                                            credentials = grpc::InsecureChannelCredentials());

class EndToEnd : public ::testing::Test {
 protected:
  EndToEnd() { upstream_.Script(RespondAsMultiSafepay); }

  // The server starts with the first use. Later arguments beat these: no idempotency marker in the
  // body, and hardly any waiting after a lost answer.
  void StartServer(const std::vector<std::string>& arguments = {},
                   std::string api_url = std::string());
  msp::testing::Upstream& upstream() { return upstream_; }
  msp::testing::ServerProcess& server();
  std::shared_ptr<grpc::Channel> channel();
  // Hangs up and asks the server to end; the exit code. (A connection that nobody polls answers the
  // server's goodbye only after seconds.)
  int StopServer();

  Called<v1::CreateOrderResponse> Create(const v1::CreateOrderRequest& request);
  Called<v1::GetOrderResponse> Get(const std::string& order_id = "order-1");

  // The only POST that arrived.
  RecordedRequest OnlyPost();

  // Holds back what the upstream's script waits for.
  Gate& gate() { return gate_; }
  // RespondAsMultiSafepay once the gate is open.
  void HoldResponses();

 private:
  Gate gate_;  // Outlives the upstream's threads, which wait for it.
  msp::testing::Upstream upstream_;
  std::unique_ptr<msp::testing::ServerProcess> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace msp::e2e
