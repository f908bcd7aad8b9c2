// SPDX-License-Identifier: Apache-2.0

// A gRPC server that answers every method by a script and remembers what it was asked: in-process,
// on a free port of the loopback, or a socket "unix:PATH". One for each test.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "service/base/mutex.h"

namespace msp::testing {

struct SeenCall {
  std::string method;  // "CreateOrder"
  std::multimap<std::string, std::string> metadata;
  std::chrono::milliseconds time_left{0};  // Until the caller's deadline.
  std::string body;                        // The request's bytes.
};

struct FakeAnswer {
  std::vector<std::string> messages;  // Replies' bytes; one for a unary call.
  grpc::Status status;
  bool hangs = false;  // After the messages: until the caller goes.
};

class FakeService {
 public:
  // `answer` gets the call and how many have come before it; runs on gRPC's threads.
  using Script = std::function<FakeAnswer(const SeenCall&, int before)>;
  explicit FakeService(Script script,
                       std::shared_ptr<grpc::ServerCredentials> credentials = nullptr,
                       const std::string& listen = "127.0.0.1:0");
  // The same answer to every call.
  explicit FakeService(const FakeAnswer& answer)
      : FakeService([answer](const SeenCall&, int) { return answer; }) {}
  ~FakeService();
  FakeService(const FakeService&) = delete;
  FakeService& operator=(const FakeService&) = delete;

  const std::string& address() const { return address_; }
  std::vector<SeenCall> calls() const;

 private:
  class RestCall;
  class Generic;
  FakeAnswer Answer(SeenCall call);

  const Script script_;
  mutable Mutex mutex_;
  std::vector<SeenCall> calls_ ABSL_GUARDED_BY(mutex_);
  std::string address_;
  std::unique_ptr<Generic> generic_;
  std::unique_ptr<grpc::Server> server_;
};

FakeAnswer ReplyOf(const google::protobuf::Message& message);
// A script: every order is created.
FakeAnswer ConfirmedOrder(const SeenCall& call, int before);

// A status as the service itself sends it, with its ErrorInfo.
struct Refusal {
  grpc::StatusCode code = grpc::StatusCode::UNKNOWN;
  std::string message;
  std::string reason;
  std::string domain = "multisafepay-grpc";
  std::string outcome;  // In the metadata, unless empty.
  std::map<std::string, std::string> metadata;
  std::vector<std::pair<std::string, std::string>> violations;
  int retry_after_ms = -1;
};
grpc::Status StatusOf(const Refusal& refusal);
FakeAnswer Refuse(const Refusal& refusal);
FakeAnswer Refuse(grpc::StatusCode code, const std::string& reason, const std::string& outcome,
                  const std::string& message = "");

}  // namespace msp::testing
