// SPDX-License-Identifier: Apache-2.0

// The audit log is appended to, reports when a line is on disk, and never holds a call for long.
#include "service/telemetry/audit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <future>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace msp::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class AuditFile : public ::testing::Test {
 protected:
  AuditFile() { std::signal(SIGPIPE, SIG_IGN); }  // As main does.
  ~AuditFile() override { unlink(path_.c_str()); }
  std::string Content() const {
    std::ifstream in(path_);
    std::ostringstream content;
    content << in.rdbuf();
    return content.str();
  }
  static void WriteAndWait(Audit& audit, std::string_view order_id) {
    std::promise<void> gone;
    audit.WriteThen({{"order_id", order_id}}, [&gone] { gone.set_value(); });
    gone.get_future().wait();
  }

  const std::string path_ = ::testing::TempDir() + "audit_" + std::to_string(getpid()) + "_" +
                            ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(AuditFile, IsAppendedToByOneServerAfterTheOther) {
  std::ofstream(path_) << "earlier\n";
  for (const std::string_view id : {"one", "two"}) {
    auto audit = Audit::Open({.file = path_});
    ASSERT_TRUE(audit.ok());
    (*audit)->Write({{"order_id", id}});
  }
  EXPECT_THAT(Content(), StartsWith("earlier\n{"));
  EXPECT_THAT(Content(), HasSubstr("\"order_id\":\"one\""));
  EXPECT_THAT(Content(), HasSubstr("\"order_id\":\"two\""));
}

TEST_F(AuditFile, IsReadableByItsOwnerOnly) {
  ASSERT_TRUE(Audit::Open({.file = path_}).ok());
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(AuditFile, LineIsInTheFileBeforeTheReplyIsLetGo) {
  auto audit = Audit::Open({.file = path_, .flush = true});
  ASSERT_TRUE(audit.ok());
  for (const std::string_view id : {"one", "two", "three"}) {
    WriteAndWait(**audit, id);
    EXPECT_THAT(Content(), HasSubstr(std::string("\"order_id\":\"") + std::string(id) + "\"}\n"));
  }
  EXPECT_EQ((*audit)->unflushed(), 0U);
}

TEST_F(AuditFile, FullDiskLetsTheReplyGoAndIsCounted) {
  auto audit = Audit::Open({.file = "/dev/full", .flush = true});
  ASSERT_TRUE(audit.ok());
  WriteAndWait(**audit, "one");
  EXPECT_EQ((*audit)->dropped(), 1U);
}

TEST_F(AuditFile, StuckSinkLetsTheReplyGoWhenThePatienceIsAtItsEnd) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const int reader = open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const int writer = open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  while (write(writer, "x", 1) == 1) {
  }
  auto audit = Audit::Open({.file = path_, .flush = true, .timeout_ms = 10});
  ASSERT_TRUE(audit.ok());
  WriteAndWait(**audit, "one");
  close(reader);  // Ends the wait of the writer's thread, by an error.
  close(writer);
}

TEST_F(AuditFile, PathThatCannotBeOpenedIsAnErrorThatNamesIt) {
  EXPECT_THAT(std::string(Audit::Open({.file = "/nonexistent/audit"}).status().message()),
              HasSubstr("/nonexistent/audit"));
  // Not a start that hangs until somebody reads.
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_FALSE(Audit::Open({.file = path_}).ok());
}

}  // namespace
}  // namespace msp::telemetry
