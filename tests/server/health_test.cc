// Health as those who ask and those who watch meet it, and what becomes of its slots.
#include "service/server/health.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "gtest/gtest.h"
#include "service/server/slot.h"

namespace msp::server {
namespace {

namespace v1 = grpc::health::v1;
using std::chrono::seconds;
using Response = v1::HealthCheckResponse;

constexpr seconds kWaitMax{30};
constexpr int kWatchesMax = 4096;
constexpr std::int64_t kArmed = 2;  // Check and Watch wait for their next calls.
// As many as the server has while somebody floods.
constexpr int kPollers = 2;

// One stream.
class Watching {
 public:
  Watching(v1::Health::Stub& stub, const std::string& name) {
    context_.set_deadline(std::chrono::system_clock::now() + kWaitMax);
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
    builder.RegisterService(&health_.service());
    queue_ = builder.AddCompletionQueue();
    server_ = builder.BuildAndStart();
    slots_ = std::make_unique<Slots>(*queue_, counts_);
    health_.Serve(*slots_);
    for (int i = 0; i < kPollers; ++i) {
      pollers_.emplace_back([this] {
        void* tag = nullptr;
        bool ok = false;
        while (queue_->Next(&tag, &ok)) static_cast<Tag*>(tag)->Proceed(ok);
      });
    }
    stub_ = v1::Health::NewStub(server_->InProcessChannel({}));
  }
  ~HealthTest() override {
    health_.End();
    server_->Shutdown();
    EXPECT_EQ(SlotsComeTo(0), 0);
    queue_->Shutdown();
    for (std::thread& poller : pollers_) poller.join();
  }

  // The number of slots once it is this one, or after a long time.
  std::int64_t SlotsComeTo(std::int64_t count) {
    const auto until = std::chrono::steady_clock::now() + kWaitMax;
    while (slots_->count() != count && std::chrono::steady_clock::now() < until)
      std::this_thread::yield();
    return slots_->count();
  }
  std::string Check(const std::string& name) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kWaitMax);
    v1::HealthCheckRequest request;
    request.set_service(name);
    Response response;
    const grpc::Status status = stub_->Check(&context, request, &response);
    if (status.error_code() == grpc::StatusCode::NOT_FOUND) return "NOT_FOUND";
    if (!status.ok()) return status.error_message();
    return Response::ServingStatus_Name(response.status());
  }

  Health health_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  CallCounts counts_;
  std::unique_ptr<Slots> slots_;
  std::vector<std::thread> pollers_;
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
  EXPECT_EQ(SlotsComeTo(kArmed), kArmed);
}

TEST_F(HealthTest, AWatchSeesTheStatusAtOnceAndEachChange) {
  health_.Set({"a.Service"}, true);
  Watching watch(*stub_, "a.Service");
  EXPECT_EQ(watch.Next(), "SERVING");
  health_.Set({"a.Service"}, true);  // No change, so nothing to tell.
  health_.Set({"another.Service"}, false);
  health_.Set({"a.Service"}, false);
  EXPECT_EQ(watch.Next(), "NOT_SERVING");
  health_.Set({"a.Service"}, true);
  EXPECT_EQ(watch.Next(), "SERVING");
}

TEST_F(HealthTest, WhoeverHeardOfOneNameFindsTheOthersSoToo) {
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

TEST_F(HealthTest, EndsEveryWatchAndEachNewOneWhenTheServerGoes) {
  Watching before(*stub_, "");
  EXPECT_EQ(before.Next(), "SERVING");
  health_.End();
  EXPECT_EQ(before.Next(), "");
  EXPECT_EQ(before.End().error_code(), grpc::StatusCode::UNAVAILABLE);
  Watching after(*stub_, "");
  EXPECT_EQ(after.Next(), "");
  EXPECT_EQ(after.End().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Check(""), "SERVING");  // Asking is still answered.
  EXPECT_EQ(SlotsComeTo(kArmed), kArmed);
}

TEST_F(HealthTest, AWatchThatIsCancelledIsForgotten) {
  Watching watch(*stub_, "");
  EXPECT_EQ(watch.Next(), "SERVING");
  EXPECT_EQ(SlotsComeTo(kArmed + 1), kArmed + 1);
  watch.Cancel();
  EXPECT_EQ(watch.End().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(SlotsComeTo(kArmed), kArmed);
  health_.Set({""}, false);
  EXPECT_EQ(Check(""), "NOT_SERVING");
}

TEST_F(HealthTest, RefusesANameThatIsTooLong) {
  EXPECT_EQ(Check(std::string(200, 'a')), "NOT_FOUND");
  EXPECT_EQ(Check(std::string(201, 'a')), "service: at most 200 bytes");
  Watching watch(*stub_, std::string(201, 'a'));
  EXPECT_EQ(watch.Next(), "");
  EXPECT_EQ(watch.End().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(HealthTest, TakesAsManyWatchesAsThereAreConnectionsAndNoMore) {
  std::vector<std::unique_ptr<Watching>> watches;
  for (int i = 0; i < kWatchesMax; ++i) {
    watches.push_back(std::make_unique<Watching>(*stub_, ""));
    ASSERT_EQ(watches.back()->Next(), "SERVING") << i;
  }
  Watching more(*stub_, "");
  EXPECT_EQ(more.Next(), "");
  EXPECT_EQ(more.End().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  // One that goes makes room.
  watches.back()->Cancel();
  watches.back()->End();
  EXPECT_EQ(SlotsComeTo(kArmed + kWatchesMax - 1), kArmed + kWatchesMax - 1);
  EXPECT_EQ(Watching(*stub_, "").Next(), "SERVING");
}

TEST_F(HealthTest, CallersWhoComeAndGoWhileTheStatusChangesLeaveNothingBehind) {
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
  EXPECT_EQ(SlotsComeTo(kArmed), kArmed);
}

}  // namespace
}  // namespace msp::server
