// Connections that wait before gRPC gets them: watched when their turn has come, closed when they
// have waited too long.
#include "service/server/waiting_room.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "gtest/gtest.h"

namespace msp::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = WaitingRoom::Clock;
using Stay = WaitingRoom::Stay;

const Clock::time_point kNow{seconds(1'000)};

// Two ends of a connection; the room closes the first, the test the second.
class Pair {
 public:
  Pair() { socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()); }
  ~Pair() { close(ends_[1]); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  int fd() const { return ends_[0]; }
  void Speak() const { EXPECT_EQ(write(ends_[1], "P", 1), 1); }
  bool open() const { return fcntl(ends_[0], F_GETFD) != -1; }

 private:
  std::array<int, 2> ends_{};
};

class WaitingRoomTest : public ::testing::Test {
 protected:
  ~WaitingRoomTest() override { close(epoll_fd_); }
  // Whether the room's epoll tells of it.
  bool Told(const Pair& pair) const {
    epoll_event event{};
    return epoll_wait(epoll_fd_, &event, 1, 0) == 1 && event.data.fd == pair.fd();
  }

  int epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  WaitingRoom room_{epoll_fd_, 2};
};

TEST_F(WaitingRoomTest, WhoSpeaksLeaves) {
  const Pair pair;
  room_.Enter(pair.fd(), Stay::kToSpeak, kNow, kNow);
  EXPECT_FALSE(Told(pair));
  pair.Speak();
  EXPECT_TRUE(Told(pair));
  EXPECT_EQ(room_.Leave(pair.fd()), Stay::kToSpeak);
  EXPECT_EQ(room_.Leave(pair.fd()), Stay::kNone);
  EXPECT_EQ(room_.Tidy(kNow), -1);
  close(pair.fd());
}

TEST_F(WaitingRoomTest, NobodyIsHeardBeforeHisTurn) {
  const Pair pair;
  pair.Speak();
  room_.Enter(pair.fd(), Stay::kForTurn, kNow, kNow + milliseconds(300));
  EXPECT_EQ(room_.Tidy(kNow), 300);
  EXPECT_FALSE(Told(pair));
  EXPECT_EQ(room_.Tidy(kNow + milliseconds(300)), 1'000);
  EXPECT_TRUE(Told(pair));
  EXPECT_EQ(room_.Leave(pair.fd()), Stay::kForTurn);
  close(pair.fd());
}

TEST_F(WaitingRoomTest, TheTurnOfOneThatWasClosedIsNobodyElses) {
  const Pair first;
  const Pair second;
  const Pair third;
  room_.Enter(first.fd(), Stay::kForTurn, kNow, kNow + milliseconds(300));
  room_.Enter(second.fd(), Stay::kToSpeak, kNow, kNow);
  room_.Enter(third.fd(), Stay::kToSpeak, kNow, kNow);  // The first one goes.
  EXPECT_FALSE(first.open());
  EXPECT_EQ(room_.turned_away(), 1);
  // Its descriptor becomes another connection's, which has not been given that turn.
  ASSERT_EQ(dup2(second.fd(), first.fd()), first.fd());
  room_.Leave(second.fd());
  room_.Enter(first.fd(), Stay::kForTurn, kNow, kNow + seconds(2));
  second.Speak();
  room_.Tidy(kNow + milliseconds(300));
  EXPECT_EQ(room_.Leave(third.fd()), Stay::kToSpeak);
  epoll_event event{};
  EXPECT_EQ(epoll_wait(epoll_fd_, &event, 1, 0), 0);
  close(second.fd());
  close(third.fd());
}

TEST_F(WaitingRoomTest, WhoWaitsForItsEndComesToItInSilence) {
  const Pair pair;
  room_.Enter(pair.fd(), Stay::kForEnd, kNow, kNow + milliseconds(300));
  EXPECT_EQ(room_.Tidy(kNow + milliseconds(299)), 1);
  EXPECT_TRUE(pair.open());
  EXPECT_EQ(room_.Tidy(kNow + milliseconds(300)), -1);
  EXPECT_FALSE(pair.open());
  EXPECT_EQ(room_.turned_away(), 0);
}

TEST_F(WaitingRoomTest, AtTheEndOnlyThoseLeaveWhoDidNotWaitForTheirs) {
  const Pair one;
  const Pair other;
  room_.Enter(one.fd(), Stay::kForTurn, kNow, kNow + seconds(1));
  room_.Enter(other.fd(), Stay::kForEnd, kNow, kNow + seconds(1));
  EXPECT_EQ(room_.Empty(), std::vector<int>{one.fd()});
  EXPECT_FALSE(other.open());
  close(one.fd());
}

TEST_F(WaitingRoomTest, WhoSaysNothingGoes) {
  const Pair pair;
  room_.Enter(pair.fd(), Stay::kToSpeak, kNow, kNow);
  EXPECT_EQ(room_.Tidy(kNow + seconds(10)), 1'000);
  EXPECT_TRUE(pair.open());
  EXPECT_EQ(room_.Tidy(kNow + seconds(11)), -1);
  EXPECT_FALSE(pair.open());
  EXPECT_EQ(room_.turned_away(), 1);
}

}  // namespace
}  // namespace msp::server
