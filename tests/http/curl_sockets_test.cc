#include "service/http/curl_sockets.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "gtest/gtest.h"

namespace msp::http {
namespace {

// A socket pair whose one end is watched, with control over its descriptor number.
class SocketTableTest : public ::testing::Test {
 protected:
  SocketTableTest() { Pair(); }
  ~SocketTableTest() override {
    close(watched_);
    if (other_ >= 0) close(other_);
    close(epoll_);
  }

  void Pair() {
    int pair[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    watched_ = pair[0];
    other_ = pair[1];
  }
  // What libcurl's resolver does: closes without a word, and the number comes back as something
  // else.
  void ReplaceBehindTheTablesBack() {
    const int number = watched_;
    close(other_);
    close(watched_);
    Pair();
    if (watched_ != number) {
      ASSERT_EQ(dup2(watched_, number), number);
      close(watched_);
      if (other_ == watched_) FAIL();
      watched_ = number;
    }
  }
  void Send() { ASSERT_EQ(write(other_, "x", 1), 1); }
  // The events that epoll reports for the watched end now, 0 for none.
  std::uint32_t Reported() {
    epoll_event event{};
    return epoll_wait(epoll_, &event, 1, 0) == 1 ? event.events : 0;
  }

  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  int watched_ = -1;
  int other_ = -1;
  SocketTable table_{epoll_, true};
};

TEST_F(SocketTableTest, WatchesWhatIsWanted) {
  table_.Opened(watched_);
  table_.Want(watched_, CURL_POLL_OUT);
  EXPECT_EQ(Reported(), EPOLLOUT);
  table_.Want(watched_, CURL_POLL_IN);
  EXPECT_EQ(Reported(), 0U);
  Send();
  EXPECT_EQ(Reported(), EPOLLIN);
  table_.Want(watched_, CURL_POLL_INOUT);
  EXPECT_EQ(Reported(), std::uint32_t{EPOLLIN | EPOLLOUT});
  EXPECT_TRUE(table_.TakeEvent(watched_, EPOLLIN));
}

TEST_F(SocketTableTest, KeepsAnEstablishedConnectionBetweenTransfers) {
  table_.Opened(watched_);
  table_.Want(watched_, CURL_POLL_IN);
  table_.Want(watched_, CURL_POLL_REMOVE);
  table_.Established(watched_);
  Send();
  EXPECT_EQ(Reported(), EPOLLIN) << "is not watched while idle";
  table_.Want(watched_, CURL_POLL_IN);
  EXPECT_EQ(Reported(), EPOLLIN);
  table_.Want(watched_, CURL_POLL_REMOVE);
  EXPECT_EQ(Reported(), EPOLLIN) << "was not kept";
}

TEST_F(SocketTableTest, AByteOnAnIdleConnectionIsItsEndWhereTheProtocolDemandsSilence) {
  table_.Opened(watched_);
  table_.Established(watched_);
  Send();
  EXPECT_FALSE(table_.TakeEvent(watched_, Reported()));
  char byte = 0;
  EXPECT_EQ(recv(watched_, &byte, 1, MSG_PEEK | MSG_DONTWAIT), 0)
      << "libcurl would take it for alive";
  EXPECT_EQ(send(watched_, "x", 1, MSG_NOSIGNAL), -1) << "something could still be sent";
  EXPECT_EQ(Reported(), 0U) << "is reported again and again";
}

TEST_F(SocketTableTest, AByteOnAnIdleConnectionIsNotItsEndElsewhere) {
  SocketTable table(epoll_, false);
  table.Opened(watched_);
  table.Established(watched_);
  Send();
  EXPECT_FALSE(table.TakeEvent(watched_, Reported()));
  EXPECT_EQ(Reported(), 0U) << "is reported again and again";
  EXPECT_EQ(send(watched_, "x", 1, MSG_NOSIGNAL), 1);
  table.Established(watched_);
  close(std::exchange(other_, -1));
  EXPECT_FALSE(table.TakeEvent(watched_, Reported()));
  EXPECT_EQ(send(watched_, "x", 1, MSG_NOSIGNAL), -1);
}

TEST_F(SocketTableTest, WritabilityOfAnIdleConnectionIsNotItsEnd) {
  table_.Opened(watched_);
  table_.Established(watched_);
  table_.Want(watched_, CURL_POLL_INOUT);
  table_.Want(watched_, CURL_POLL_REMOVE);
  EXPECT_FALSE(table_.TakeEvent(watched_, Reported()));
  EXPECT_EQ(Reported(), 0U) << "is reported again and again";
  EXPECT_EQ(send(watched_, "x", 1, MSG_NOSIGNAL), 1);
  Send();
  EXPECT_EQ(Reported(), EPOLLIN) << "is no longer watched";
}

TEST_F(SocketTableTest, DropsWhatIsNotKnownAsAConnection) {
  table_.Want(watched_, CURL_POLL_IN);
  table_.Want(watched_, CURL_POLL_REMOVE);
  Send();
  EXPECT_EQ(Reported(), 0U);
}

TEST_F(SocketTableTest, FindsANumberThatCameBackWithoutACloseBetween) {
  table_.Want(watched_, CURL_POLL_IN);
  ReplaceBehindTheTablesBack();
  table_.Want(watched_, CURL_POLL_IN);
  Send();
  EXPECT_EQ(Reported(), EPOLLIN);
}

TEST_F(SocketTableTest, WatchesANewSocketWhoseNumberLibcurlBelievesToBeWatched) {
  table_.Opened(watched_);
  table_.Want(watched_, CURL_POLL_OUT);
  ReplaceBehindTheTablesBack();
  table_.Opened(watched_);  // libcurl wants the same as before and does not ask again.
  EXPECT_EQ(Reported(), EPOLLOUT);
}

TEST_F(SocketTableTest, ForgetsAClosedConnection) {
  table_.Opened(watched_);
  table_.Want(watched_, CURL_POLL_IN);
  table_.Established(watched_);
  table_.Closed(watched_);
  ReplaceBehindTheTablesBack();
  table_.Want(watched_, CURL_POLL_REMOVE);
  table_.Want(watched_, CURL_POLL_IN);
  Send();
  EXPECT_EQ(Reported(), EPOLLIN);
}

}  // namespace
}  // namespace msp::http
