// SPDX-License-Identifier: Apache-2.0

// A sink that is slow, stuck, full or gone costs lines, which are counted, and never time.
#include "service/telemetry/batching_log_sink.h"

#include <csignal>
#include <future>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/telemetry/log.h"
#include "tests/telemetry/pipe.h"

namespace msp::telemetry {
namespace {

using ::testing::HasSubstr;

TEST(BatchingLogSink, LinesArriveWholeAndInOrder) {
  Pipe pipe;
  BatchingLogSink writer({.fd = pipe.writer()});
  for (int i = 0; i < 100; ++i) writer.Add("line " + std::to_string(i) + "\n");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(pipe.ReadLine(), "line " + std::to_string(i));
  EXPECT_EQ(writer.dropped(), 0U);
}

TEST(BatchingLogSink, DestructionWritesWhatWaits) {
  Pipe pipe;
  {
    BatchingLogSink(BatchingLogSinkOptions{.fd = pipe.writer(), .gather = std::chrono::hours(1)})
        .Add("a\n");
  }
  EXPECT_EQ(pipe.ReadLine(), "a");
}

TEST(BatchingLogSink, StuckSinkNeverHoldsACallerAndEveryLostLineIsCounted) {
  Pipe pipe;
  pipe.Fill();
  constexpr std::uint64_t kLines = 10'000;
  const std::string line = std::string(99, 'a') + "\n";
  std::uint64_t dropped = 0;
  {
    BatchingLogSink writer({.fd = pipe.writer(), .bytes_max = 100 * line.size()});
    // Would never come to its end if one of them waited for the pipe.
    for (std::uint64_t i = 0; i < kLines; ++i) writer.Add(line);
    dropped = writer.dropped();
  }
  // One batch of 100 may be on its way, and 100 lines wait for the next.
  EXPECT_GE(dropped, kLines - 200);
  EXPECT_LT(dropped, kLines);
}

TEST(BatchingLogSink, StuckSinkThatComesBackGetsTheLinesThatFitted) {
  Pipe pipe;
  const std::size_t filled = pipe.Fill();
  BatchingLogSink writer({.fd = pipe.writer(), .bytes_max = 20});
  for (int i = 0; i < 1000; ++i) writer.Add("0123456789\n");
  EXPECT_GT(writer.dropped(), 900U);
  pipe.Read(filled);
  EXPECT_EQ(pipe.ReadLine(), "0123456789");
}

TEST(BatchingLogSink, FullDiskCostsLinesThatAreCounted) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  {
    BatchingLogSink writer({.fd = full});
    for (int i = 0; i < 10; ++i) writer.Add("line\n");
    writer.Flush();
    EXPECT_EQ(writer.dropped(), 10U);
  }
  close(full);
}

TEST(BatchingLogSink, ReaderThatIsGoneCostsLinesThatAreCounted) {
  std::signal(SIGPIPE, SIG_IGN);  // As main does.
  Pipe pipe;
  pipe.CloseReader();
  BatchingLogSink writer({.fd = pipe.writer()});
  writer.Add("line\n");
  writer.Flush();
  EXPECT_EQ(writer.dropped(), 1U);
}

TEST(BatchingLogSink, UrgentLineReportsWhenItIsWritten) {
  Pipe pipe;
  BatchingLogSink writer({.fd = pipe.writer(), .gather = std::chrono::hours(1)});
  std::promise<bool> done;
  writer.Add("before\n");
  writer.AddUrgent("urgent\n", [&done](bool written) { done.set_value(written); });
  EXPECT_TRUE(done.get_future().get());
  EXPECT_EQ(pipe.ReadLine(), "before");
  EXPECT_EQ(pipe.ReadLine(), "urgent");
}

TEST(BatchingLogSink, UrgentLineWithoutRoomFailsAtOnce) {
  Pipe pipe;
  BatchingLogSink writer({.fd = pipe.writer(), .bytes_max = 3});
  bool written = true;
  writer.AddUrgent("too long\n", [&written](bool w) { written = w; });
  EXPECT_FALSE(written);
}

TEST(Log, WritesOnlyItsLevelAndAbove) {
  Pipe pipe;
  Log log({.level = Level::kWarning, .fd = pipe.writer()});
  log.Write(Level::kInfo, "quiet");
  log.Write(Level::kWarning, "loud");
  EXPECT_THAT(pipe.ReadLine(), HasSubstr("\"event\":\"loud\""));
}

}  // namespace
}  // namespace msp::telemetry
