// SPDX-License-Identifier: Apache-2.0

// Health as those who ask and those who watch meet it, and what becomes of its calls.
#include "service/grpc/health.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "gtest/gtest.h"
#include "service/grpc/poller.h"
#include "tests/testing/wait.h"

namespace msp::server {
namespace {

namespace v1 = grpc::health::v1;
using Response = v1::HealthCheckResponse;

constexpr std::int64_t kArmed = 2;  // Check and Watch wait for their next calls.

// One stream.
class Watching {
 public:
  Watching(v1::Health::Stub& stub, const std::string& name) {
    context_.set_deadline(std::chrono::system_clock::now() + testing::kWaitMax);
    v1::HealthCheckRequest request;
    request.set_service(name);
    reader_ = stub.Watch(&context_, request);
  }
  // "" at the end.
  std::string Next() {
    Response response;
    return reader_->Read(&response) ? Response::ServingStatus_Name(response.status()) : "";
  }
  grpc::Status End() {
    Response response;
    while (reader_->Read(&response)) {
    }
    return reader_->Finish();
  }
  void Cancel() { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<Response>> reader_;
};

class HealthTest : public ::testing::Test {
 protected:
  HealthTest() {
    grpc::ServerBuilder builder;
    health_.Register(builder);
    completions_ = builder.AddCompletionQueue();
    server_ = builder.BuildAndStart();
    queue_ = std::make_unique<CallQueue>(*completions_);
    health_.Serve(*queue_);
    poller_ = std::make_unique<Poller>(*completions_, nullptr, 0);
    stub_ = v1::Health::NewStub(server_->InProcessChannel({}));
  }
  ~HealthTest() override {
    server_->Shutdown(std::chrono::system_clock::now());
    EXPECT_EQ(CallsComeTo(0), 0);
    completions_->Shutdown();
  }

  // The number of calls once it is this one, or after a long time.
  std::int64_t CallsComeTo(std::int64_t count) {
    testing::WaitUntil([&] { return queue_->calls() == count; });
    return queue_->calls();
  }
  std::string Check(const std::string& name) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + testing::kWaitMax);
    v1::HealthCheckRequest request;
    request.set_service(name);
    Response response;
    const grpc::Status status = stub_->Check(&context, request, &response);
    if (status.error_code() == grpc::StatusCode::NOT_FOUND) return "NOT_FOUND";
    if (!status.ok()) return status.error_message();
    return Response::ServingStatus_Name(response.status());
  }

  Health health_;
  std::unique_ptr<grpc::ServerCompletionQueue> completions_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<CallQueue> queue_;
  std::unique_ptr<Poller> poller_;
  std::unique_ptr<v1::Health::Stub> stub_;
};

TEST_F(HealthTest, AnswersForTheServerAndForEachNameThatWasSet) {
  EXPECT_EQ(Check(""), "SERVING");
  EXPECT_EQ(Check("a.Service"), "NOT_FOUND");
  health_.Set({"a.Service"}, true);
  EXPECT_EQ(Check("a.Service"), "SERVING");
  health_.Set({"a.Service"}, false);
  EXPECT_EQ(Check("a.Service"), "NOT_SERVING");
  EXPECT_EQ(Check(""), "SERVING");
  EXPECT_EQ(CallsComeTo(kArmed), kArmed);
}

TEST_F(HealthTest, AWatchSeesTheStatusAtOnceAndEachChange) {
  health_.Set({"a.Service"}, true);
  Watching watch(*stub_, "a.Service");
  EXPECT_EQ(watch.Next(), "SERVING");
  health_.Set({"a.Service"}, true);  // No change, so nothing to send.
  health_.Set({"another.Service"}, false);
  health_.Set({"a.Service"}, false);
  EXPECT_EQ(watch.Next(), "NOT_SERVING");
  health_.Set({"a.Service"}, true);
  EXPECT_EQ(watch.Next(), "SERVING");
}

TEST_F(HealthTest, AWatchOfOneNameSeesAllNamesChangeTogether) {
  for (int i = 0; i < 200; ++i) {
    health_.Set({"a.Service", ""}, true);
    Watching watch(*stub_, "a.Service");
    EXPECT_EQ(watch.Next(), "SERVING");
    std::thread draining([this] { health_.Set({"a.Service", ""}, false); });
    EXPECT_EQ(watch.Next(), "NOT_SERVING");
    EXPECT_EQ(Check(""), "NOT_SERVING");
    draining.join();
  }
}

// What is written is not taken back; what waits behind it is the latest only.
TEST_F(HealthTest, ASlowReaderSeesTheLatestNotEachChange) {
  Watching watch(*stub_, "");
  EXPECT_EQ(watch.Next(), "SERVING");
  for (const bool serving : {false, true, false, true}) health_.Set({""}, serving);
  EXPECT_EQ(watch.Next(), "NOT_SERVING");
  EXPECT_EQ(watch.Next(), "SERVING");
  health_.Set({""}, false);
  EXPECT_EQ(watch.Next(), "NOT_SERVING");
}

TEST_F(HealthTest, AWatchOfAnUnknownNameGoesOnUntilItIsKnown) {
  Watching watch(*stub_, "a.Service");
  EXPECT_EQ(watch.Next(), "SERVICE_UNKNOWN");
  health_.Set({"a.Service"}, true);
  EXPECT_EQ(watch.Next(), "SERVING");
}

TEST_F(HealthTest, AWatchThatIsCancelledIsForgotten) {
  Watching watch(*stub_, "");
  EXPECT_EQ(watch.Next(), "SERVING");
  EXPECT_EQ(CallsComeTo(kArmed + 1), kArmed + 1);
  watch.Cancel();
  EXPECT_EQ(watch.End().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(CallsComeTo(kArmed), kArmed);
  health_.Set({""}, false);
  EXPECT_EQ(Check(""), "NOT_SERVING");
}

TEST_F(HealthTest, WatchesCancelledWhileTheStatusChangesLeaveNothingBehind) {
  std::atomic<bool> stop{false};
  std::thread changing([&] {
    for (bool serving = false; !stop; serving = !serving) health_.Set({""}, serving);
  });
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller) {
    callers.emplace_back([this] {
      for (int i = 0; i < 200; ++i) {
        Watching watch(*stub_, "");
        for (int reads = 0; reads < i % 3; ++reads) EXPECT_NE(watch.Next(), "");
        watch.Cancel();
        watch.End();
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  stop = true;
  changing.join();
  EXPECT_EQ(CallsComeTo(kArmed), kArmed);
}

}  // namespace
}  // namespace msp::server
