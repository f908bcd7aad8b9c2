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
#include <vector>

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "multisafepay/v1/order_service.grpc.pb.h"
#include "tests/testing/server_process.h"
#include "tests/testing/upstream.h"

namespace msp::e2e {

namespace v1 = multisafepay::v1;
using msp::testing::Ending;
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

template <class Response>
struct Called {
  grpc::Status status;
  Response response;

  bool ok() const { return status.ok(); }
  CallError error() const { return CallError(status); }
};

// The name of a status code, for messages that people read.
std::string NameOf(grpc::StatusCode code);

// What MultiSafepay answers to an order that is accepted and paid at once: the request's own id (a
// number when it is one), amount and currency.
std::string PaidAnswer(const std::string& body);
// Answers POST /orders with PaidAnswer, everything else with 404 and code 1006: no such order.
Reply AnswerAsMultiSafepay(const RecordedRequest& request);
// 404 with code 1006.
Reply NoSuchOrder();

// A direct card order that passes every check.
v1::CreateOrderRequest CardOrder(const std::string& order_id = "order-1");

class EndToEnd : public ::testing::Test {
 protected:
  EndToEnd() { upstream_.Script(AnswerAsMultiSafepay); }

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

 private:
  Gate gate_;  // Outlives the upstream's threads, which wait for it.
  msp::testing::Upstream upstream_;
  std::unique_ptr<msp::testing::ServerProcess> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

// Far enough away that no test meets it.
inline std::chrono::system_clock::time_point Later() {
  return std::chrono::system_clock::now() + msp::testing::kWaitMax;
}

}  // namespace msp::e2e
