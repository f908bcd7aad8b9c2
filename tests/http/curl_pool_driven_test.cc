// SPDX-License-Identifier: Apache-2.0

// Event loops that other threads drive: which thread runs what, and that nothing is lost when a
// driver comes and goes.
#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "tests/http/pool_test.h"

namespace msp::http {
namespace {

class DrivenTest : public PoolTest {};
INSTANTIATE_TEST_SUITE_P(Addresses, DrivenTest, kAddresses, AddressName);

TEST_P(DrivenTest, TheDriverBeginsAndEndsRequests) {
  auto pool = Pool();
  pool->loops().front()->BeginDriving();
  std::atomic<bool> ended = false;
  int here = 0;
  for (int i = 0; i < 20; ++i) {
    ended = false;
    pool->Start(Post(), [&, thread = std::this_thread::get_id()](Response response) {
      EXPECT_EQ(response.outcome, CallOutcome::kConfirmed) << response.detail;
      here += std::this_thread::get_id() == thread ? 1 : 0;
      ended = true;
    });
    while (!ended) pool->loops().front()->Poll();
  }
  EXPECT_EQ(here, 20);
  EXPECT_EQ(upstream_.Count("POST"), 20);
  pool->loops().front()->EndDriving();
}

TEST_P(DrivenTest, TheLoopsThreadTakesOverWhatIsInFlight) {
  HoldWrites();
  auto pool = Pool();
  pool->loops().front()->BeginDriving();
  Pending pending(*pool, Post());
  pool->loops().front()->Poll();
  pool->loops().front()->EndDriving();
  gate_.Open();
  EXPECT_EQ(pending.Wait().outcome, CallOutcome::kConfirmed);
}

TEST_P(DrivenTest, ARequestOnAnIdleConnectionGoesOutAtOnce) {
  auto pool = Pool();
  ASSERT_EQ(RestCall(*pool, Get()).status, 200);
  pool->loops().front()->BeginDriving();
  Pending pending(*pool, Post());
  upstream_.WaitForRequests(2);  // Nobody polls.
  pool->loops().front()->EndDriving();
  EXPECT_EQ(pending.Wait().outcome, CallOutcome::kConfirmed);
}

// Nobody has polled since the bytes came: the poll before the request finds them.
TEST_P(DrivenTest, AConnectionWithInputIsNotUsed) {
  auto pool = Pool();
  ASSERT_EQ(RestCall(*pool, Get()).status, 200);
  upstream_.WaitForIdle(1);
  pool->loops().front()->BeginDriving();
  upstream_.SendToIdle("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale");
  Pending pending(*pool, Post());
  while (!pending.HasEnded()) pool->loops().front()->Poll();
  pool->loops().front()->EndDriving();
  const Response response = pending.Wait();
  EXPECT_EQ(response.body, "{}");
  EXPECT_FALSE(response.timings.reused_connection);
}

TEST_P(DrivenTest, NothingIsLostWhileThreadsComeAndGo) {
  constexpr int kCallers = 3;
  constexpr int kRequests = 300;
  auto pool = Pool();
  std::atomic<int> ended = 0;
  std::vector<std::thread> callers;
  for (int c = 0; c < kCallers; ++c) {
    callers.emplace_back([&] {
      for (int i = 0; i < kRequests; ++i) {
        const auto one = std::make_shared<std::promise<void>>();
        pool->Start(Get(), [&, one](Response response) {
          EXPECT_EQ(response.outcome, CallOutcome::kConfirmed) << response.detail;
          ++ended;
          one->set_value();
        });
        one->get_future().wait();
      }
    });
  }
  for (int round = 0; ended < kCallers * kRequests; ++round) {
    pool->loops().front()->BeginDriving();
    for (int i = 0; i < round % 7; ++i) pool->loops().front()->Poll();
    pool->loops().front()->EndDriving();
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(pool->Stats().answered, kCallers * kRequests);
}

TEST_P(DrivenTest, EachDrivingThreadSendsOnItsOwnLoop) {
  constexpr int kLoops = 2;
  constexpr int kRequests = 50;
  auto pool = Pool([&](PoolOptions& options) { options.loops = kLoops; });
  std::vector<std::thread> drivers;
  std::atomic<int> here = 0;
  for (int i = 0; i < kLoops; ++i) {
    drivers.emplace_back([&, i] {
      Drivable& loop = *pool->loops()[static_cast<std::size_t>(i)];
      loop.BeginDriving();
      for (int n = 0; n < kRequests; ++n) {
        bool ended = false;
        pool->Start(Post(), [&, thread = std::this_thread::get_id()](Response response) {
          EXPECT_EQ(response.outcome, CallOutcome::kConfirmed) << response.detail;
          here += std::this_thread::get_id() == thread ? 1 : 0;
          ended = true;
        });
        while (!ended) loop.Poll();
      }
      loop.EndDriving();
    });
  }
  for (std::thread& driver : drivers) driver.join();
  EXPECT_EQ(here, kLoops * kRequests);
  EXPECT_EQ(upstream_.connections(), kLoops);
  EXPECT_EQ(upstream_.Count("POST"), kLoops * kRequests);
}

}  // namespace
}  // namespace msp::http
