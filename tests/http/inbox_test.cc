#include "service/http/inbox.h"

#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace msp::http {
namespace {

Job Named(std::string target) {
  Job job;
  job.request.target = std::move(target);
  return job;
}

TEST(Inbox, HandsJobsOverInOrder) {
  Inbox inbox;
  for (const char* name : {"a", "b", "c"}) {
    Job job = Named(name);
    EXPECT_TRUE(inbox.Push(job));
  }
  std::vector<Job> jobs;
  EXPECT_TRUE(inbox.Drain(jobs));
  ASSERT_EQ(jobs.size(), 3U);
  EXPECT_EQ(jobs[0].request.target, "a");
  EXPECT_EQ(jobs[2].request.target, "c");
}

TEST(Inbox, HasNewsUntilTheyAreDrained) {
  Inbox inbox;
  EXPECT_FALSE(inbox.HasNews());
  Job job = Named("a");
  inbox.Push(job);
  EXPECT_TRUE(inbox.HasNews());
  std::vector<Job> jobs;
  inbox.Drain(jobs);
  EXPECT_FALSE(inbox.HasNews());
}

TEST(Inbox, ClosedTakesNothingAndStillHandsOverWhatItHas) {
  Inbox inbox;
  Job job = Named("a");
  inbox.Push(job);
  inbox.Close();
  job = Named("b");
  EXPECT_FALSE(inbox.Push(job));
  EXPECT_EQ(job.request.target, "b") << "a refused job stays with its owner";
  EXPECT_TRUE(inbox.HasNews()) << "nobody has seen the end yet";
  std::vector<Job> jobs;
  EXPECT_FALSE(inbox.Drain(jobs));
  EXPECT_EQ(jobs.size(), 1U);
  EXPECT_FALSE(inbox.HasNews());
}

TEST(Inbox, LosesNothingWhenManyThreadsPush) {
  constexpr int kThreads = 4;
  constexpr int kJobs = 2000;
  Inbox inbox;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&inbox] {
      for (int i = 0; i < kJobs; ++i) {
        Job job = Named("x");
        inbox.Push(job);
      }
    });
  }
  int taken = 0;
  std::vector<Job> jobs;
  while (taken < kThreads * kJobs) {
    inbox.Drain(jobs);
    taken += static_cast<int>(jobs.size());
    jobs.clear();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, kThreads * kJobs);
}

}  // namespace
}  // namespace msp::http
