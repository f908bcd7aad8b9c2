// The acceptor's second thread: looks at the connections that gRPC has, and cuts those that flood.
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "service/server/acceptor.h"
#include "service/server/sockets.h"

namespace msp::server {
namespace {

using Clock = FloodGuard::Clock;

// Between two looks at what a connection brought.
constexpr std::chrono::milliseconds kLookAgain{250};
// After this long a client has greeted; one that never called has brought no more than this.
constexpr std::chrono::milliseconds kGreetingMax{1'000};
constexpr std::uint64_t kQuietBytesMax = 4'096;
// Of a connection without calls: the greeting, pings.
constexpr std::uint64_t kSaidInWaitingMax = 1'024;
// To be sent whole, while memory is short.
constexpr std::chrono::milliseconds kFirstCallMayTake{50};
constexpr std::chrono::milliseconds kCallMayTake{1'000};
// Trust is whole again after a minute.
constexpr double kTrustPerSecond = 1.0 / 60;

}  // namespace

// Whoever only holds a place gives it to whoever comes: the connection that has brought least goes,
// of those old enough to have said something.
bool Acceptor::MakeRoom(Clock::time_point now) {
  const auto full = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return std::cmp_greater_equal(handed_over_.size(), connections_max_ + leaving_);
  };
  if (!full()) return true;
  ForgetClosed();
  if (!full()) return true;
  Connection* quietest = nullptr;
  for (Connection& connection : handed_over_) {
    if (connection.leaving || HasCalled(connection) || now - connection.since < kGreetingMax)
      continue;
    if (quietest == nullptr || connection.guard.last().received < quietest->guard.last().received)
      quietest = &connection;
  }
  if (quietest == nullptr || quietest->guard.last().received > kQuietBytesMax) return false;
  cut_.fetch_add(1, std::memory_order_relaxed);
  Cut(*quietest);
  return true;
}

void Acceptor::Blame(Turnstile::Network network, const Flood& flood, Clock::time_point now) {
  trust_ /= 2;
  flooded_ = now;
  turnstile_.Flooded(network, now);
  if (hooks_.flooded) hooks_.flooded(flood);
  cut_.fetch_add(1, std::memory_order_release);
}

void Acceptor::CutAsFlood(Connection& connection, Clock::time_point now) {
  const FloodGuard::Reading& reading = connection.guard.last();
  Blame(connection.network,
        {.peer = PeerOf(connection.fd).text(),
         .bytes = reading.received,
         .calls = reading.calls - connection.calls_before},
        now);
  Cut(connection);
}

void Acceptor::Cut(Connection& connection) {
  // gRPC sees the end of the connection, and closes it; but first it would read what the kernel
  // holds for it, several MiB, and of a flood that is a second's work.
  shutdown(connection.fd, SHUT_RDWR);
  Discard(connection.fd);
  connection.leaving = true;
  ++leaving_;
}

bool Acceptor::HasCalled(const Connection& connection) const {
  return calls_ != nullptr && calls_->of(connection.client_port) != connection.calls_before;
}

// It has brought more since its last call, for a while, than a client says that only waits: what of
// it is calls, was not sent whole. One that has called before may just be slow.
bool Acceptor::OnlyBegins(const Connection& connection, Clock::time_point now) const {
  return !connection.leaving && connection.begins &&
         now - *connection.begins >= (HasCalled(connection) ? kCallMayTake : kFirstCallMayTake);
}

bool Acceptor::Connection::open() const {
  struct stat facts {};
  return fstat(fd, &facts) == 0 && facts.st_ino == inode;
}

void Acceptor::ForgetClosed() {
  std::erase_if(handed_over_, [this](const Connection& connection) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (connection.open()) return false;
    if (connection.leaving) --leaving_;
    return true;
  });
}

void Acceptor::Guard() {
  MutexLock lock(mutex_);
  while (!stop_) {
    if (handed_over_.empty()) {
      changed_.Wait(mutex_);
    } else if (Clock::now() < next_look_) {
      changed_.WaitUntil(mutex_, next_look_);
    } else {
      CutFloods();
    }
  }
}

void Acceptor::CutFloods() {
  const Clock::time_point now = Clock::now();
  if (now >= next_tidy_) {
    ForgetClosed();
    next_tidy_ = now + kLookAgain;
  }
  const std::chrono::duration<double> passed = now - trusted_;
  trust_ = std::min(1.0, trust_ + kTrustPerSecond * passed.count());
  trusted_ = now;
  const bool memory_short = memory_.Short();
  bool rush = false;
  next_look_ = now + (memory_short ? kLookSoon : kLookAgain);
  for (Connection& connection : handed_over_) {
    if (connection.next_look <= now || memory_short) Look(connection, now);
    if (memory_short && OnlyBegins(connection, now)) CutAsFlood(connection, now);
    rush = rush || connection.guard.Rushes();
    next_look_ = std::min(next_look_, connection.next_look);
  }
  if (rush && hooks_.rush) hooks_.rush();
}

void Acceptor::Look(Connection& connection, Clock::time_point now) {
  connection.next_look = now + kLookAgain;
  FloodGuard::Reading reading;
  if (calls_ == nullptr || connection.leaving || !connection.open() ||
      !ReadBytes(connection.fd, &reading.received))
    return;
  reading.unread = UnreadBytes(connection.fd);
  reading.calls = calls_->of(connection.client_port);
  reading.beyond_kib = calls_->beyond_kib(connection.client_port);
  if (connection.narrow && HasCalled(connection)) {
    LetReceiveBufferGrow(connection.fd);
    connection.narrow = false;
  }
  const bool calls =
      calls_->in_hand(connection.client_port) > 0 || reading.calls != connection.guard.last().calls;
  if (calls) connection.settled = reading.received;
  if (reading.received <= connection.settled + kSaidInWaitingMax) {
    connection.begins.reset();
  } else if (!connection.begins) {
    connection.begins = now;
  }
  if (connection.guard.Floods(reading, now)) {
    CutAsFlood(connection, now);
  } else if (connection.guard.Rushes() || now - connection.since < kGreetingMax) {
    connection.next_look = now + kLookSoon;
  }
}

}  // namespace msp::server
