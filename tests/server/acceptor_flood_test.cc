// What the listener of the gRPC port does about clients that flood: who is let in, by which door,
// after which wait. The clients are sockets of the test's own.
#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/server/acceptor.h"
#include "tests/testing/gate.h"

namespace msp::server {
namespace {

constexpr const char* kHere = "127.0.0.1";
constexpr const char* kElsewhere = "127.0.0.2";
constexpr int kDoors = 3;
constexpr int kBackDoor = kDoors - 1;
constexpr std::size_t kGreeting = 24;
constexpr std::size_t kMuch = 32 << 10;
constexpr std::size_t kFlood = 160 << 10;

bool Soon(const std::function<bool()>& true_now) {
  const auto until = std::chrono::steady_clock::now() + testing::kWaitMax;
  while (!true_now()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

// A connection to the port, from one of this machine's addresses.
class Client {
 public:
  explicit Client(int port, const char* from = kHere) {
    sockaddr_in own{};
    own.sin_family = AF_INET;
    inet_pton(AF_INET, from, &own.sin_addr);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&own), sizeof own), 0);
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(static_cast<std::uint16_t>(port));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&server), sizeof server), 0);
    socklen_t size = sizeof own;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&own), &size);
    peer_ = std::string("ipv4:") + from + ":" + std::to_string(ntohs(own.sin_port));
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // False when the other side has ended the connection.
  bool Send(std::size_t bytes) const {
    const std::string text(bytes, 'P');
    return send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes);
  }
  // Sends, and returns when the other side's kernel has all of it.
  void Bring(std::size_t bytes) const {
    ASSERT_TRUE(Send(bytes));
    ASSERT_TRUE(Soon([this] {
      int unsent = 0;
      return ioctl(fd_, SIOCOUTQ, &unsent) == 0 && unsent == 0;
    }));
  }
  bool Ended() const {
    char byte = 0;
    const ssize_t size = recv(fd_, &byte, 1, MSG_DONTWAIT);
    return size == 0 || (size < 0 && errno != EAGAIN);
  }
  void ExpectEnd() const {
    EXPECT_TRUE(Soon([this] { return Ended(); }));
  }
  const std::string& peer() const { return peer_; }

 private:
  const int fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string peer_;
};

// What came through, in order.
class Hall {
 public:
  struct Guest {
    int door = -1;
    int fd = -1;
  };

  void Enter(Guest guest) {
    MutexLock lock(mutex_);
    guests_.push_back(guest);
  }
  // The next one; door -1 when nobody comes.
  Guest Next() {
    Guest guest;
    Soon([&] {
      MutexLock lock(mutex_);
      if (guests_.empty()) return false;
      guest = guests_.front();
      guests_.pop_front();
      return true;
    });
    return guest;
  }

 private:
  Mutex mutex_;
  std::deque<Guest> guests_ ABSL_GUARDED_BY(mutex_);
};

class Door : public Acceptor::Connections {
 public:
  Door(Hall& hall, int number) : hall_(hall), number_(number) {}
  void HandleNewConnection(NewConnectionParameters* connection) override {
    hall_.Enter({number_, connection->fd});
  }

 private:
  Hall& hall_;
  const int number_;
};

class AcceptorFloodTest : public ::testing::Test {
 protected:
  void Serve() {
    std::vector<std::unique_ptr<Acceptor::Connections>> doors;
    for (int i = 0; i < kDoors; ++i) doors.push_back(std::make_unique<Door>(hall_, i));
    acceptor_->Serve(std::move(doors), {.flooded = [this](const Flood& flood) {
                       MutexLock lock(mutex_);
                       floods_.push_back(flood);
                     }});
  }
  // Of those that were cut, the first.
  Flood Cut() {
    EXPECT_TRUE(Soon([this] { return acceptor_->cut() > 0; }));
    MutexLock lock(mutex_);
    return floods_.empty() ? Flood() : floods_.front();
  }
  int port() const { return acceptor_->port(); }

  CallCounts calls_;
  Hall hall_;
  Mutex mutex_;
  std::vector<Flood> floods_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Acceptor> acceptor_ = *Acceptor::Bind("127.0.0.1:0", 4096, &calls_);
};

TEST_F(AcceptorFloodTest, WhoBringsMuchBeforeAnAnswerIsCutAndNamed) {
  const Client flooder(port());
  flooder.Bring(kFlood);
  Serve();
  const Flood flood = Cut();
  EXPECT_EQ(flood.peer, flooder.peer());
  EXPECT_EQ(flood.bytes, kFlood);
  EXPECT_EQ(flood.calls, 0U);
  flooder.ExpectEnd();
  EXPECT_EQ(acceptor_->open(), 0U);
}

TEST_F(AcceptorFloodTest, OthersOfItsAddressComeInByTheBackDoor) {
  const Client before(port());
  before.Bring(kGreeting);
  const Client flooder(port());
  flooder.Bring(kFlood);
  Serve();
  EXPECT_NE(hall_.Next().door, kBackDoor);
  Cut();
  const Client calm(port());
  calm.Bring(kGreeting);
  EXPECT_EQ(hall_.Next().door, kBackDoor);
  const Client elsewhere(port(), kElsewhere);
  elsewhere.Bring(kGreeting);
  EXPECT_NE(hall_.Next().door, kBackDoor);
}

TEST_F(AcceptorFloodTest, OneOfItsAddressThatBringsMuchWaitsForItsTurn) {
  const Client flooder(port());
  flooder.Bring(kFlood);
  const Client doubtful(port());
  doubtful.Bring(kMuch);
  const Client elsewhere(port(), kElsewhere);
  elsewhere.Bring(kMuch);
  Serve();
  EXPECT_NE(hall_.Next().door, kBackDoor);
  EXPECT_EQ(hall_.Next().door, kBackDoor);
  EXPECT_EQ(acceptor_->delayed(), 1);
  EXPECT_EQ(acceptor_->cut(), 1);
}

TEST_F(AcceptorFloodTest, WhoFloodsLaterIsCutAndItsCallsAreTold) {
  const Client client(port());
  Serve();
  client.Bring(kGreeting);
  const int fd = hall_.Next().fd;
  calls_.Begin(client.peer());
  calls_.Begin(client.peer());
  std::string nowhere(kFlood, ' ');
  EXPECT_TRUE(Soon([&] {
    client.Send(kMuch);
    return read(fd, nowhere.data(), nowhere.size()) <= 0 && acceptor_->cut() > 0;
  }));
  const Flood flood = Cut();
  EXPECT_EQ(flood.peer, client.peer());
  EXPECT_EQ(flood.calls, 2U);
  EXPECT_GT(flood.bytes, 1U << 20);
}

TEST_F(AcceptorFloodTest, ForNewcomersOneGoesThatNeverCalled) {
  acceptor_ = *Acceptor::Bind("127.0.0.1:0", 2, &calls_);
  const Client caller(port());  // The older one, and the quieter.
  caller.Bring(kGreeting);
  const Client silent(port());
  silent.Bring(2 * kGreeting);
  Serve();
  hall_.Next();
  hall_.Next();
  calls_.Begin(caller.peer());
  // For a second it is too young to tell, and newcomers are refused.
  EXPECT_TRUE(Soon([&] {
    const Client newcomer(port());
    newcomer.Send(kGreeting);
    return silent.Ended();
  }));
  EXPECT_FALSE(caller.Ended());
}

TEST_F(AcceptorFloodTest, ShortOfMemoryThoseGoThatOnlyBeginCalls) {
  constexpr std::int64_t kAlwaysShort = 1;
  acceptor_ = *Acceptor::Bind("127.0.0.1:0", 4096, &calls_, kAlwaysShort);
  const Client waits(port());
  const Client calls(port());
  const Client begins(port());
  calls_.Begin(calls.peer());
  waits.Bring(kGreeting);
  calls.Bring(100 * kGreeting);
  begins.Bring(100 * kGreeting);
  Serve();
  begins.ExpectEnd();
  EXPECT_EQ(Cut().peer, begins.peer());
  // The next look finds the others as they were.
  const Client another(port(), kElsewhere);
  another.Bring(100 * kGreeting);
  another.ExpectEnd();
  EXPECT_FALSE(waits.Ended());
  EXPECT_FALSE(calls.Ended());
}

TEST(MemoryWatch, IsShortAboveTwoThirds) {
  EXPECT_GT(MemoryLimit(), 1 << 20);
  EXPECT_TRUE(MemoryWatch(1 << 20).Short());
  EXPECT_FALSE(MemoryWatch(std::int64_t{1} << 40).Short());
}

TEST_F(AcceptorFloodTest, TheReceiveBufferIsNarrowUntilTheFirstCall) {
  const Client client(port());
  Serve();
  client.Bring(kGreeting);
  const int fd = hall_.Next().fd;
  const auto option = [fd](int name) {
    int value = 0;
    socklen_t size = sizeof value;
    getsockopt(fd, SOL_SOCKET, name, &value, &size);
    return value;
  };
  EXPECT_EQ(option(SO_RCVBUF), 2 * (64 << 10));  // The kernel doubles it.
  EXPECT_NE(option(SO_BUF_LOCK), 0);
  calls_.Begin(client.peer());
  EXPECT_TRUE(Soon([&] { return option(SO_BUF_LOCK) == 0; }));
}

}  // namespace
}  // namespace msp::server
