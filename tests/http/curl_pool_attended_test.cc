// A pool that another thread attends to: who runs what, and that nothing is left lying when the
// attending thread comes, goes, or is kept by something else.
#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "tests/http/pool_test.h"

namespace msp::http {
namespace {

class AttendedTest : public PoolTest {
 protected:
  auto AttendedWithWritesHeld() {
    HoldWrites();
    auto pool = Pool(Options());
    pool->Attend();
    return pool;
  }
  // Works until `done` says so.
  template <class Condition>
  static void WorkUntil(Attended& pool, Condition done) {
    while (!done()) pool.Work();
  }
};
INSTANTIATE_TEST_SUITE_P(Addresses, AttendedTest, ::testing::Values(Address::kIp, Address::kName),
                         AddressName);

TEST_P(AttendedTest, TheAttendingThreadBeginsAndEndsRequests) {
  auto pool = Pool(Options());
  pool->Attend();
  std::atomic<bool> ended = false;
  int here = 0;
  for (int i = 0; i < 20; ++i) {
    ended = false;
    pool->Start(Post(), [&, thread = std::this_thread::get_id()](Response response) {
      EXPECT_EQ(response.fate, Fate::kAnswered) << response.detail;
      here += std::this_thread::get_id() == thread ? 1 : 0;
      ended = true;
    });
    WorkUntil(*pool, [&] { return ended.load(); });
  }
  // On a busy machine this thread may be away for so long that the worker's steps in.
  EXPECT_GT(here, 10);
  EXPECT_EQ(upstream_.Count("POST"), 20);
  pool->Rest();
}

TEST_P(AttendedTest, TheWorkerTakesOverWhatIsUnderWayWhenTheOtherRests) {
  const auto pool = AttendedWithWritesHeld();
  Pending pending(*pool, Post());
  pool->Work();
  pool->Rest();
  gate_.Open();
  EXPECT_EQ(pending.Wait().fate, Fate::kAnswered);
}

// The attending thread may be kept by gRPC, which reads a flooding connection for as long as it
// has bytes.
TEST_P(AttendedTest, TheWorkerStepsInWhenTheOtherDoesNotComeBy) {
  auto pool = Pool(Options());
  pool->Attend();
  EXPECT_EQ(Exchange(*pool, Post()).fate, Fate::kAnswered);
  HoldWrites();
  Request late = Post();
  late.deadline = Clock::now() + std::chrono::milliseconds(50);
  const Response response = Exchange(*pool, std::move(late));
  EXPECT_EQ(response.fate, Fate::kUnknown);
  EXPECT_EQ(response.failure, Failure::kDeadline);
  gate_.Open();
  pool->Rest();
}

// Beside one in flight others wait for the attending thread's next look, to go together.
TEST_P(AttendedTest, RequestsBesideOneInFlightWaitToBeBegunTogether) {
  const auto pool = AttendedWithWritesHeld();
  constexpr int kRounds = 10;
  std::vector<std::unique_ptr<Pending>> pending;
  pending.push_back(std::make_unique<Pending>(*pool, Post()));
  int waited = 0;
  for (int i = 0; i < kRounds; ++i) {
    const std::int64_t begun = pool->Stats().writes.in_flight;
    for (int twice = 0; twice < 2; ++twice)
      pending.push_back(std::make_unique<Pending>(*pool, Post()));
    waited += pool->Stats().writes.in_flight == begun ? 1 : 0;
    pool->Work();
    EXPECT_EQ(pool->Stats().writes.in_flight, begun + 2);
  }
  // On a busy machine this thread may be away for so long that the worker's steps in.
  EXPECT_GT(waited, kRounds / 2);
  gate_.Open();
  for (const auto& one : pending) WorkUntil(*pool, [&] { return one->HasEnded(); });
  pool->Rest();
  EXPECT_EQ(upstream_.Count("POST"), 1 + 2 * kRounds);
}

TEST_P(AttendedTest, ARequestThatWaitsForTheOtherIsBegunThoughThatOneDoesNotComeBy) {
  const auto pool = AttendedWithWritesHeld();
  std::vector<std::unique_ptr<Pending>> pending;
  for (std::size_t i = 1; i <= 5; ++i) {
    pending.push_back(std::make_unique<Pending>(*pool, Post()));
    const Clock::time_point offered = Clock::now();
    upstream_.WaitForRequests(i);
    // Sooner than by any timer of the worker's own, even where a name is looked up.
    EXPECT_LT(Clock::now() - offered, std::chrono::milliseconds(150));
  }
  gate_.Open();
  for (const auto& one : pending) EXPECT_EQ(one->Wait().fate, Fate::kAnswered);
  pool->Rest();
}

TEST_P(AttendedTest, ARequestThatWaitsForTheOtherIsBegunWhenThatOneRests) {
  const auto pool = AttendedWithWritesHeld();
  Pending first(*pool, Post());
  upstream_.WaitForRequests(1);
  Pending second(*pool, Post());
  pool->Rest();
  upstream_.WaitForRequests(2);
  gate_.Open();
  EXPECT_EQ(second.Wait().fate, Fate::kAnswered);
}

TEST_P(AttendedTest, NothingIsLostWhileThreadsComeAndGo) {
  constexpr int kCallers = 3;
  constexpr int kRequests = 300;
  auto pool = Pool(Options());
  std::atomic<int> ended = 0;
  std::vector<std::thread> callers;
  for (int c = 0; c < kCallers; ++c) {
    callers.emplace_back([&] {
      for (int i = 0; i < kRequests; ++i) {
        const auto one = std::make_shared<std::promise<void>>();
        pool->Start(Get(), [&, one](Response response) {
          EXPECT_EQ(response.fate, Fate::kAnswered) << response.detail;
          ++ended;
          one->set_value();
        });
        one->get_future().wait();
      }
    });
  }
  for (int round = 0; ended < kCallers * kRequests; ++round) {
    pool->Attend();
    for (int i = 0; i < round % 7; ++i) pool->Work();
    pool->Rest();
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(pool->Stats().answered, kCallers * kRequests);
}

TEST_P(AttendedTest, APoolOfSeveralWorkersKeepsItsThreads) {
  PoolOptions options = Options();
  options.workers = 2;
  auto pool = Pool(std::move(options));
  pool->Attend();
  EXPECT_FALSE(pool->Work());
  EXPECT_EQ(Exchange(*pool, Post()).fate, Fate::kAnswered);
  EXPECT_FALSE(pool->Work());
  pool->Rest();
}

}  // namespace
}  // namespace msp::http
