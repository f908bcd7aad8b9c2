// SPDX-License-Identifier: Apache-2.0

// A listening socket by its path: who may connect, whose path it takes, and when it goes.
#include "service/base/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace msp {
namespace {

using ::testing::HasSubstr;

class UnixSocketTest : public ::testing::Test {
 protected:
  UnixSocketTest() {
    char name[] = "/tmp/msp-unix-XXXXXX";
    folder_ = mkdtemp(name);
    path_ = folder_ + "/grpc.sock";
  }
  ~UnixSocketTest() override {
    unlink(path_.c_str());
    rmdir(folder_.c_str());
  }
  bool Connects() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool connected =
        connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    return connected;
  }
  mode_t Mode() const {
    struct stat file {};
    return stat(path_.c_str(), &file) == 0 ? file.st_mode & 07777 : 0;
  }

  std::string folder_;
  std::string path_;
};

TEST_F(UnixSocketTest, TakesConnectionsWithTheModeThatWasAsked) {
  for (const mode_t mode : {mode_t{0600}, mode_t{0660}, mode_t{0666}}) {
    auto made = UnixSocket::Listen({.path = path_, .mode = mode});
    ASSERT_TRUE(made.ok()) << made.status();
    EXPECT_EQ(Mode(), mode);
    EXPECT_TRUE(Connects());
    close(made->fd());
  }
  EXPECT_EQ(Mode(), 0U) << "the path goes with it";
}

TEST_F(UnixSocketTest, APathThatIsServedIsAnError) {
  auto first = UnixSocket::Listen({.path = path_});
  ASSERT_TRUE(first.ok());
  const auto second = UnixSocket::Listen({.path = path_});
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.status().message(), HasSubstr("another process"));
  EXPECT_TRUE(Connects());
  close(first->fd());
}

TEST_F(UnixSocketTest, APathThatADeadProcessLeftIsTakenOver) {
  auto first = UnixSocket::Listen({.path = path_});
  ASSERT_TRUE(first.ok());
  close(first->fd());
  auto second = UnixSocket::Listen({.path = path_});
  ASSERT_TRUE(second.ok()) << second.status();
  first->Remove();
  EXPECT_TRUE(Connects()) << "the first one leaves its successor's path alone";
  close(second->fd());
}

TEST_F(UnixSocketTest, AFileIsNotOverwritten) {
  std::ofstream(path_) << "keep me";
  const auto made = UnixSocket::Listen({.path = path_});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(access(path_.c_str(), F_OK), 0);
}

TEST_F(UnixSocketTest, BadPathsAndOwnersAreNamed) {
  for (const UnixSocketOptions& bad :
       {UnixSocketOptions{.path = ""}, UnixSocketOptions{.path = std::string(108, 'a')},
        UnixSocketOptions{.path = "/no/such/folder/s"},
        UnixSocketOptions{.path = path_, .owner = "nobody-of-this-name"},
        UnixSocketOptions{.path = path_, .owner = ":no-group-of-this-name"}}) {
    const auto made = UnixSocket::Listen(bad);
    ASSERT_FALSE(made.ok()) << bad.path;
    EXPECT_THAT(made.status().message(), HasSubstr("cannot listen on unix:"));
    EXPECT_EQ(Mode(), 0U) << "nothing is left behind";
  }
}

}  // namespace
}  // namespace msp
