// SPDX-License-Identifier: Apache-2.0

#include "service/curl/connection_pool.h"

#include <sys/epoll.h>

#include <algorithm>
#include <utility>

namespace msp::curl {
namespace {

bool SetEpoll(int epoll_fd, int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  return epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0 ||
         epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

ConnectionPool::ConnectionPool(const ConnectionPoolOptions& options, int epoll_fd)
    : options_(options), epoll_fd_(epoll_fd), multi_(curl_multi_init()) {}

ConnectionPool::~ConnectionPool() {
  idle_.clear();
  established_.clear();
  curl_multi_cleanup(multi_);
}

bool ConnectionPool::SetUp() {
  const auto set = [this](CURLMoption option, auto value) {
    return curl_multi_setopt(multi_, option, value) == CURLM_OK;
  };
  return multi_ != nullptr && set(CURLMOPT_SOCKETFUNCTION, &OnSocket) &&
         set(CURLMOPT_SOCKETDATA, this) && set(CURLMOPT_TIMERFUNCTION, &OnTimer) &&
         set(CURLMOPT_TIMERDATA, this);
}

std::unique_ptr<Connection> ConnectionPool::Open() {
  auto connection = std::make_unique<Connection>(options_.connection);
  return connection->Open(multi_) ? std::move(connection) : nullptr;
}

Connection* ConnectionPool::NextOpened(CURLcode& code) {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    code = message->data.result;
    return &Connection::Of(message->easy_handle);
  }
  return nullptr;
}

bool ConnectionPool::Adopt(std::unique_ptr<Connection>& established) {
  if (!established->SetEstablished(Clock::now())) return false;
  const int fd = established->fd();
  if (!SetEpoll(epoll_fd_, fd, EPOLLIN | EPOLLRDHUP)) return false;
  const auto index = static_cast<std::size_t>(fd);
  if (index >= established_.size()) established_.resize(index + 64);
  established_[index] = std::move(established);
  return true;
}

bool ConnectionPool::IsTooOld(const Connection& connection, Clock::time_point now) const {
  return now - connection.idle_since >= options_.idle_max ||
         now - connection.established_at() >= options_.age_max;
}

Connection* ConnectionPool::TakeIdle(Clock::time_point now) {
  // Closes one at a time from the other end, so that a shrunk pool releases its sockets.
  if (!idle_.empty() && IsTooOld(*idle_.front(), now)) Close(*idle_.front());
  while (!idle_.empty()) {
    Connection* const connection = idle_.back();
    idle_.pop_back();
    if (!IsTooOld(*connection, now) && !connection->HasInput()) return connection;
    Close(*connection);
  }
  return nullptr;
}

void ConnectionPool::KeepIdle(Connection& connection, Clock::time_point now) {
  connection.used = true;
  connection.transfer = nullptr;
  connection.idle_since = now;
  idle_.push_back(&connection);
}

void ConnectionPool::Close(Connection& connection) {
  // From the back, where most closed connections are.
  const auto found = std::find(idle_.rbegin(), idle_.rend(), &connection);
  if (found != idle_.rend()) idle_.erase(std::next(found).base());
  established_[static_cast<std::size_t>(connection.fd())].reset();
}

Connection* ConnectionPool::Find(int fd) const {
  const auto index = static_cast<std::size_t>(fd);
  return index < established_.size() ? established_[index].get() : nullptr;
}

void ConnectionPool::OnSocketEvent(int fd, std::uint32_t events) {
  // An error is reported as both, and libcurl finds it when it reads or writes.
  constexpr std::uint32_t kEnd = EPOLLERR | EPOLLHUP;
  const int bits = ((events & (EPOLLIN | kEnd)) != 0 ? CURL_CSELECT_IN : 0) |
                   ((events & (EPOLLOUT | kEnd)) != 0 ? CURL_CSELECT_OUT : 0);
  int running = 0;
  curl_multi_socket_action(multi_, fd, bits, &running);
}

void ConnectionPool::RunTimers() {
  if (timer_at_ == Clock::time_point::max() || Clock::now() < timer_at_) return;
  timer_at_ = Clock::time_point::max();
  int running = 0;
  curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  // libcurl sets a timer once. Where it finds the time not quite reached it does not set it again,
  // and the timer would be lost.
  if (timer_at_ == Clock::time_point::max()) {
    long timeout_ms = -1;
    curl_multi_timeout(multi_, &timeout_ms);
    OnTimer(multi_, timeout_ms, this);
  }
}

void ConnectionPool::WatchOutput(Connection& connection, bool wanted) {
  if (connection.watches_output == wanted) return;
  connection.watches_output = wanted;
  SetEpoll(epoll_fd_, connection.fd(), EPOLLIN | EPOLLRDHUP | (wanted ? EPOLLOUT : 0U));
}

int ConnectionPool::OnSocket(CURL*, curl_socket_t fd, int what, void* self, void*) {
  const int epoll_fd = static_cast<ConnectionPool*>(self)->epoll_fd_;
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, nullptr);
  } else {
    SetEpoll(epoll_fd, fd,
             ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0U) |
                 ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0U));
  }
  return 0;
}

int ConnectionPool::OnTimer(CURLM*, long timeout_ms, void* self) {
  // libcurl rounds down to whole milliseconds: add one, or each call would be too early.
  static_cast<ConnectionPool*>(self)->timer_at_ =
      timeout_ms < 0
          ? Clock::time_point::max()
          : Clock::now() + std::chrono::milliseconds(timeout_ms > 0 ? timeout_ms + 1 : 0);
  return 0;
}

}  // namespace msp::curl
