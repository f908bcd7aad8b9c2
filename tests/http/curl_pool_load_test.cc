// SPDX-License-Identifier: Apache-2.0

// What the pool does with many requests: bounds, queues, shares, stopping, threads.
#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tests/http/pool_test.h"

namespace msp::http {
namespace {

class CurlPoolLoadTest : public PoolTest {
 protected:
  // One write and one read in flight, three writes and one read waiting.
  PoolOptions Small() const {
    PoolOptions options = Options();
    options.connections_max = 2;
    options.queue_max = 4;
    options.read_percent = 25;
    return options;
  }
};
INSTANTIATE_TEST_SUITE_P(Addresses, CurlPoolLoadTest, kAddresses, AddressName);

TEST_P(CurlPoolLoadTest, AFullQueueRefusesOnTheSpotAndReadsStillWork) {
  HoldWrites();
  auto pool = Pool(Small());
  std::vector<Pending> accepted;
  for (int i = 0; i < 4; ++i) accepted.emplace_back(*pool, Post());
  const std::thread::id here = std::this_thread::get_id();
  Response refused;
  std::thread::id ran_on;
  pool->Start(Post(), [&](Response response) {
    ran_on = std::this_thread::get_id();
    refused = std::move(response);
  });
  EXPECT_EQ(ran_on, here);
  EXPECT_THAT(refused, Ended(CallOutcome::kNotSent, TransferError::kQueueFull));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(RestCall(*pool, Get()).status, 200);
  upstream_.WaitForRequests(4);
  PoolStats stats = pool->Stats();
  EXPECT_EQ(stats.writes.in_flight, 1);
  EXPECT_EQ(stats.writes.queued, 3);
  EXPECT_EQ(stats.writes.refused_full, 1);
  EXPECT_EQ(upstream_.Count("POST"), 1) << "the bound of transfers in flight was not kept";
  gate_.Open();
  for (Pending& pending : accepted) EXPECT_EQ(pending.Wait().outcome, CallOutcome::kConfirmed);
  EXPECT_EQ(RestCall(*pool, Post()).outcome, CallOutcome::kConfirmed);
  EXPECT_EQ(upstream_.Count("POST"), 5);
}

TEST_P(CurlPoolLoadTest, DeadlineInTheQueueIsNotSentAndCountsTheWaitingTime) {
  HoldWrites();
  auto pool = Pool(Small());
  Pending first(*pool, Post());
  upstream_.WaitForRequests(1);
  Pending patient(*pool, Post());
  Pending late(*pool, Within(std::chrono::milliseconds(100)));
  const Response response = late.Wait();
  EXPECT_THAT(response, Ended(CallOutcome::kNotSent, TransferError::kDeadline));
  EXPECT_GE(response.timings.queue_us, 90'000);
  EXPECT_FALSE(patient.HasEnded());
  gate_.Open();
  EXPECT_EQ(first.Wait().outcome, CallOutcome::kConfirmed);
  EXPECT_EQ(patient.Wait().outcome, CallOutcome::kConfirmed);
  EXPECT_EQ(upstream_.Count("POST"), 2);
}

// Its caller may have asked another replica for the same payment meanwhile.
TEST_P(CurlPoolLoadTest, WhatNobodyWaitsForAnyMoreIsNotSentFromTheQueue) {
  HoldWrites();
  auto pool = Pool(Small());
  Pending first(*pool, Post());
  upstream_.WaitForRequests(1);
  std::atomic<bool> abandoned = false;
  Request request = Post();
  request.abandoned = &abandoned;
  Pending queued(*pool, std::move(request));
  abandoned = true;
  gate_.Open();
  EXPECT_THAT(queued.Wait(), Ended(CallOutcome::kNotSent, TransferError::kAbandoned));
  EXPECT_EQ(first.Wait().outcome, CallOutcome::kConfirmed);
  EXPECT_EQ(RestCall(*pool, Post()).outcome, CallOutcome::kConfirmed);
  EXPECT_EQ(upstream_.Count("POST"), 2);
}

TEST_P(CurlPoolLoadTest, WhatNobodyWaitsForAnyMoreIsNotSentOnceItsConnectionIsThere) {
  auto pool = Pool();
  std::atomic<bool> abandoned = false;
  std::promise<Response> ended;
  // On the loop's thread, which goes on to connect when the callback has returned.
  upstream_.Script(
      [](const RecordedRequest&) { return Reply::Json(200, "{}").Header("Connection", "close"); });
  pool->Start(Get(), [&](Response) {
    Request request = Post();
    request.abandoned = &abandoned;
    pool->Start(std::move(request), [&](Response response) { ended.set_value(response); });
    abandoned = true;
  });
  EXPECT_THAT(ended.get_future().get(), Ended(CallOutcome::kNotSent, TransferError::kAbandoned));
  EXPECT_EQ(upstream_.Count("POST"), 0);
  EXPECT_EQ(RestCall(*pool, Post()).outcome, CallOutcome::kConfirmed);
}

TEST_P(CurlPoolLoadTest, StopEndsTheWaitingUnsentAndTheFlyingWithTheirAnswer) {
  HoldWrites();
  auto pool = Pool(Small());
  std::vector<Pending> pending;
  for (int i = 0; i < 3; ++i) pending.emplace_back(*pool, Post());
  upstream_.WaitForRequests(1);
  std::thread stopper([&pool] { pool->Stop(); });
  EXPECT_EQ(pending[1].Wait().failure, TransferError::kStopped);
  EXPECT_EQ(pending[2].Wait().failure, TransferError::kStopped);
  EXPECT_FALSE(pending[0].HasEnded());
  EXPECT_THAT(RestCall(*pool, Get()), Ended(CallOutcome::kNotSent, TransferError::kStopped));
  gate_.Open();
  stopper.join();
  ASSERT_TRUE(pending[0].HasEnded());
  EXPECT_EQ(pending[0].Wait().outcome, CallOutcome::kConfirmed);
  pool->Stop();
  EXPECT_EQ(upstream_.Count("POST"), 1);
}

TEST_P(CurlPoolLoadTest, StopIsBoundedByTheDeadlinesOfWhatIsInFlight) {
  HoldWrites();
  auto pool = Pool();
  Pending pending(*pool, Within(std::chrono::milliseconds(200)));
  upstream_.WaitForRequests(1);
  pool.reset();
  ASSERT_TRUE(pending.HasEnded());
  EXPECT_EQ(pending.Wait().outcome, CallOutcome::kUnknown);
  gate_.Open();
}

TEST_P(CurlPoolLoadTest, ACallbackMayStartTheNextRequest) {
  auto pool = Pool();
  std::promise<Response> last;
  pool->Start(Post(), [&](Response) {
    pool->Start(Get(), [&](Response response) { last.set_value(std::move(response)); });
  });
  EXPECT_EQ(last.get_future().get().status, 200);
}

TEST_P(CurlPoolLoadTest, ConcurrentRequestsEachGetTheirOwnAnswer) {
  upstream_.Script([](const RecordedRequest& request) { return Reply::Json(200, request.body); });
  auto pool = Pool();
  std::vector<Pending> pending;
  for (int i = 0; i < 200; ++i) pending.emplace_back(*pool, Post("body " + std::to_string(i)));
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(pending[static_cast<std::size_t>(i)].Wait().body, "body " + std::to_string(i));
  }
  EXPECT_LE(upstream_.connections(), 200);
}

TEST_P(CurlPoolLoadTest, TenThousandRequestsAreAnsweredOnAHandfulOfConnections) {
  constexpr int kRequests = 10'000;
  constexpr int kInFlight = 16;
  auto pool = Pool();
  std::atomic<int> started{0};
  std::atomic<int> answered{0};
  Gate finished;
  std::function<void()> next = [&] {
    if (started.fetch_add(1) >= kRequests) return;
    pool->Start(Post(), [&](Response response) {
      EXPECT_EQ(response.outcome, CallOutcome::kConfirmed);
      const bool last = answered.fetch_add(1) + 1 == kRequests;
      next();
      if (last) finished.Open();
    });
  };
  for (int i = 0; i < kInFlight; ++i) next();
  finished.Wait();
  pool->Stop();
  EXPECT_EQ(upstream_.Count("POST"), kRequests);
  EXPECT_LE(upstream_.connections(), kInFlight);
  EXPECT_EQ(pool->Stats().answered, kRequests);
}

// Threads start, workers answer, connections die, deadlines pass, the pool stops: each callback
// runs exactly once, and no POST arrives twice.
TEST_P(CurlPoolLoadTest, EveryCallbackRunsExactlyOnceInTheMidstOfTrouble) {
  constexpr int kThreads = 4;
  constexpr int kEach = 150;
  upstream_.Script([](const RecordedRequest& request) {
    const int kind = (request.connection * 7 + request.on_connection) % 11;
    if (kind == 3) return Reply::Close(CloseMode::kRst);
    if (kind == 5) return Reply::Close(CloseMode::kFin);
    if (kind == 7) return Reply::Json(200, "{").DeclaredLength(10).Then(CloseMode::kFin);
    return Reply::Json(200, "{}");
  });
  auto pool = Pool([&](PoolOptions& options) {
    options.loops = 3;
    options.connections_max = 30;
    options.queue_max = 200;
  });
  std::vector<std::atomic<int>> calls(kThreads * kEach);
  std::atomic<int> ended{0};
  Gate half;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const auto id = static_cast<std::size_t>(t) * kEach + static_cast<std::size_t>(i);
        Request request = i % 3 == 0 ? Get() : Post("id " + std::to_string(id));
        if (i % 10 == 9) request.deadline = Clock::now() + std::chrono::milliseconds(i % 7);
        pool->Start(std::move(request), [&, id](Response response) {
          EXPECT_EQ(response.outcome == CallOutcome::kConfirmed,
                    response.failure == TransferError::kNone);
          ++calls[id];
          if (ended.fetch_add(1) + 1 == kThreads * kEach / 2) half.Open();
        });
      }
    });
  }
  half.Wait();
  pool->Stop();
  for (std::thread& thread : threads) thread.join();
  for (const auto& count : calls) EXPECT_EQ(count, 1);
  std::map<std::string, int> arrivals;
  for (const RecordedRequest& request : upstream_.requests()) {
    if (request.method == "POST") ++arrivals[request.body];
  }
  for (const auto& [body, count] : arrivals) EXPECT_EQ(count, 1) << body;
}

}  // namespace
}  // namespace msp::http
