// SPDX-License-Identifier: Apache-2.0

#include "tests/testing/upstream.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "tests/testing/loopback.h"
#include "tests/testing/resolver.h"

namespace msp::testing {
namespace {

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "Upstream: %s\n", what);
  std::abort();
}

}  // namespace

// One accepted connection. The thread that serves it reads and writes; the thread that ends it
// takes the descriptor out under the upstream's mutex first.
struct Upstream::Connection {
  int number = 0;
  int fd = -1;        // -1 once closed.
  bool idle = false;  // Waits for the first byte of a request.
  SSL* tls = nullptr;
  std::thread thread;

  bool Read(std::string& buffer) {
    char bytes[16384];
    const ssize_t got =
        tls != nullptr ? SSL_read(tls, bytes, sizeof bytes) : recv(fd, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    buffer.append(bytes, static_cast<std::size_t>(got));
    return true;
  }
  bool Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t put = tls != nullptr
                              ? SSL_write(tls, bytes.data(), static_cast<int>(bytes.size()))
                              : send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }
};

Upstream::Upstream(Transport transport) {
  if (transport == Transport::kTls) {
    certificate_.emplace();
    tls_ = SSL_CTX_new(TLS_server_method());
    certificate_->Install(tls_);
  }
  Answer(200, "{}");
  listener_ = BindLoopback(port_);
  if (listen(listener_, 1024) != 0) Fail("cannot listen");
  acceptor_ = std::thread([this] { Accept(); });
}

Upstream::~Upstream() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    for (const auto& connection : connections_) {
      if (connection->fd >= 0) shutdown(connection->fd, SHUT_RDWR);
    }
  }
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  // No thread adds to the list any more.
  std::vector<std::unique_ptr<Connection>> all;
  {
    MutexLock lock(mutex_);
    all.swap(connections_);
  }
  for (const auto& connection : all) {
    if (connection->thread.joinable()) connection->thread.join();
  }
  close(listener_);
  if (tls_ != nullptr) SSL_CTX_free(tls_);
}

std::string Upstream::Url(std::string_view host) const {
  return std::string(tls_ != nullptr ? "https://" : "http://").append(host) + ":" +
         std::to_string(port_);
}

std::string Upstream::named_url() const { return Url(kUpstreamHost); }

void Upstream::Answer(int status, std::string body) {
  Script([reply = Reply::Json(status, std::move(body))](const RecordedRequest&) { return reply; });
}

void Upstream::Script(std::function<Reply(const RecordedRequest&)> script) {
  MutexLock lock(mutex_);
  script_ = std::move(script);
}

void Upstream::ScriptEarly(std::function<std::optional<Reply>(const RecordedRequest&)> script) {
  MutexLock lock(mutex_);
  early_ = std::move(script);
}

void Upstream::RefuseConnections(CloseMode mode) {
  MutexLock lock(mutex_);
  refuse_ = mode;
}

std::vector<RecordedRequest> Upstream::requests() const {
  MutexLock lock(mutex_);
  return requests_;
}

int Upstream::Count(std::string_view method) const {
  MutexLock lock(mutex_);
  return static_cast<int>(
      std::count_if(requests_.begin(), requests_.end(),
                    [method](const RecordedRequest& r) { return r.method == method; }));
}

int Upstream::connections() const {
  MutexLock lock(mutex_);
  return static_cast<int>(connections_.size());
}

void Upstream::WaitForRequests(std::size_t count) const {
  const auto until = std::chrono::steady_clock::now() + kWaitMax;
  MutexLock lock(mutex_);
  while (requests_.size() < count) {
    if (!changed_.WaitUntil(mutex_, until)) Fail("the requests waited for did not come");
  }
}

void Upstream::WaitForIdle(int count) const {
  const auto until = std::chrono::steady_clock::now() + kWaitMax;
  MutexLock lock(mutex_);
  const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return std::count_if(connections_.begin(), connections_.end(),
                         [](const auto& connection) { return connection->idle; });
  };
  while (idle() < count) {
    if (!changed_.WaitUntil(mutex_, until)) Fail("the connections waited for did not become idle");
  }
}

void Upstream::WaitForEnded(int count) const {
  const auto until = std::chrono::steady_clock::now() + kWaitMax;
  MutexLock lock(mutex_);
  const auto ended = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return std::count_if(connections_.begin(), connections_.end(),
                         [](const auto& connection) { return connection->fd < 0; });
  };
  while (ended() < count) {
    if (!changed_.WaitUntil(mutex_, until)) Fail("the connections waited for did not end");
  }
}

namespace {

// From now on closing sends a reset instead of an orderly end, and drops whatever is still under
// way.
void SetReset(int fd) {
  const linger reset{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

void CloseWith(int fd, CloseMode mode) {
  if (mode == CloseMode::kRst) SetReset(fd);
  close(fd);
}

// The descriptor of the client's side of a connection, when the client lives in this process; -1 if
// not.
int OwnDescriptorOf(int server_fd) {
  sockaddr_in wanted{};
  socklen_t size = sizeof wanted;
  if (getpeername(server_fd, reinterpret_cast<sockaddr*>(&wanted), &size) != 0) return -1;
  for (int fd = 0; fd < 4096; ++fd) {
    sockaddr_in local{};
    sockaddr_in remote{};
    size = sizeof local;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size) != 0) continue;
    size = sizeof remote;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&remote), &size) != 0) continue;
    if (local.sin_family == AF_INET && local.sin_port == wanted.sin_port &&
        local.sin_addr.s_addr == wanted.sin_addr.s_addr) {
      return fd;
    }
  }
  return -1;
}

}  // namespace

void Upstream::CloseIdle(CloseMode mode) {
  std::vector<int> clients;
  {
    MutexLock lock(mutex_);
    for (const auto& connection : connections_) {
      if (!connection->idle) continue;
      // The connection's thread sits in recv(), which keeps the socket alive beyond close(): it is
      // woken by shutdown for reading, which the peer does not see, and closes the descriptor
      // itself.
      clients.push_back(OwnDescriptorOf(connection->fd));
      connection->idle = false;
      changed_.NotifyAll();
      if (mode == CloseMode::kRst) SetReset(connection->fd);
      shutdown(connection->fd, SHUT_RD);
      while (connection->fd >= 0) changed_.Wait(mutex_);
    }
  }
  for (const int fd : clients) {
    pollfd poller{fd, POLLRDHUP, 0};
    if (fd >= 0 && poll(&poller, 1, kWaitMax.count() * 1000) != 1) Fail("an end did not arrive");
  }
}

void Upstream::SendToIdle(const std::string& bytes) {
  std::vector<int> clients;
  {
    MutexLock lock(mutex_);
    for (const auto& connection : connections_) {
      if (!connection->idle || !connection->Write(bytes)) continue;
      clients.push_back(OwnDescriptorOf(connection->fd));
    }
  }
  for (const int fd : clients) {
    // The client may be quick and have read them, and hung up, by now.
    pollfd poller{fd, POLLIN | POLLRDHUP, 0};
    if (fd >= 0 && poll(&poller, 1, kWaitMax.count() * 1000) != 1) Fail("bytes did not arrive");
  }
}

void Upstream::Accept() {
  for (;;) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    MutexLock lock(mutex_);
    if (stopping_) {
      if (fd >= 0) close(fd);
      return;
    }
    if (fd < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      Fail("accept failed");
    }
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connections_.push_back(std::make_unique<Connection>());
    Connection& connection = *connections_.back();
    connection.number = static_cast<int>(connections_.size()) - 1;
    if (refuse_ != CloseMode::kKeepAlive) {
      CloseWith(fd, refuse_);
      continue;
    }
    connection.fd = fd;
    connection.thread = std::thread([this, &connection] { Serve(connection); });
  }
}

bool Upstream::SetIdle(Connection& connection, bool idle) {
  MutexLock lock(mutex_);
  const bool was = connection.idle;
  connection.idle = idle;
  changed_.NotifyAll();
  return was;
}

void Upstream::Serve(Connection& connection) {
  // OpenSSL writes without MSG_NOSIGNAL.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  bool served = true;
  if (tls_ != nullptr) {
    connection.tls = SSL_new(tls_);
    SSL_set_fd(connection.tls, connection.fd);
    served = SSL_accept(connection.tls) == 1;
  }
  std::string buffer;
  for (int ordinal = 0; served; ++ordinal) served = ServeOne(connection, buffer, ordinal);
  if (connection.tls != nullptr) {
    SSL_free(connection.tls);
    ERR_clear_error();
  }
  MutexLock lock(mutex_);
  if (connection.fd >= 0) close(connection.fd);
  connection.fd = -1;
  connection.idle = false;
  changed_.NotifyAll();
}

bool Upstream::ServeOne(Connection& connection, std::string& buffer, int ordinal) {
  if (buffer.empty()) {
    SetIdle(connection, true);
    const bool more = connection.Read(buffer);
    SetIdle(connection, false);
    if (!more) return false;
  }
  std::size_t head_end = 0;
  while ((head_end = buffer.find("\r\n\r\n")) == std::string::npos) {
    if (!connection.Read(buffer)) return false;
  }
  RecordedRequest request = ParseHead(std::string_view(buffer).substr(0, head_end));
  request.connection = connection.number;
  request.on_connection = ordinal;
  buffer.erase(0, head_end + 4);

  std::function<Reply(const RecordedRequest&)> script;
  std::function<std::optional<Reply>(const RecordedRequest&)> early;
  {
    MutexLock lock(mutex_);
    script = script_;
    early = early_;
  }
  std::optional<Reply> early_reply;
  if (early) early_reply = early(request);
  if (early_reply && !Send(connection, *early_reply)) return false;

  std::size_t length = 0;
  const std::string declared = request.Header("Content-Length");
  std::from_chars(declared.data(), declared.data() + declared.size(), length);
  while (buffer.size() < length) {
    if (!connection.Read(buffer)) return false;
  }
  request.body = buffer.substr(0, length);
  buffer.erase(0, length);
  {
    MutexLock lock(mutex_);
    requests_.push_back(request);
    changed_.NotifyAll();
  }
  return early_reply ? true : Send(connection, script(request));
}

// False when the connection has come to its end.
bool Upstream::Send(Connection& connection, const Reply& reply) {
  const std::string bytes = BytesOf(reply);
  const std::size_t piece = reply.piece_bytes > 0 ? reply.piece_bytes : bytes.size() + 1;
  bool sent = true;
  for (std::size_t at = 0; sent && at < bytes.size(); at += piece)
    sent = connection.Write(std::string_view(bytes).substr(at, piece));
  if (reply.close_mode == CloseMode::kKeepAlive) return sent;
  if (reply.close_mode == CloseMode::kCloseNotify && connection.tls != nullptr)
    SSL_shutdown(connection.tls);
  MutexLock lock(mutex_);
  CloseWith(connection.fd, reply.close_mode);
  connection.fd = -1;
  return false;
}

}  // namespace msp::testing
