// SPDX-License-Identifier: Apache-2.0

// The service on a socket of the file system: its mode and owner, and a payment over it.
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/integration/environment.h"
#include "tests/testing/authority.h"

namespace msp::integration {
namespace {

TEST(UnixListen, APaymentIsMadeOverASocketOfItsModeAndOwner) {
  const testing::Folder folder;
  const std::string path = folder.path("grpc.sock");
  Environment environment({}, {"--listen=unix:" + path, "--listen_mode=0600",
                               absl::StrCat("--listen_owner=", geteuid(), ":", getegid())});
  struct stat file {};
  ASSERT_EQ(stat(path.c_str(), &file), 0);
  EXPECT_TRUE(S_ISSOCK(file.st_mode));
  EXPECT_EQ(file.st_mode & 07777, 0600U);
  EXPECT_EQ(file.st_uid, geteuid());
  EXPECT_EQ(file.st_gid, getegid());
  const Called created = environment.Call("CreateOrder", CardOrder("unix-1", 1'000));
  ASSERT_TRUE(created.ok()) << created.Text();
  EXPECT_EQ(created.result().outcome(), v1::OUTCOME_CONFIRMED);
  EXPECT_EQ(environment.GetOrder("unix-1").payment_state(), v1::PAYMENT_STATE_PAID);
}

}  // namespace
}  // namespace msp::integration
