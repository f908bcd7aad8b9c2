#include "tests/testing/upstream_h2.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tests/testing/resolver.h"

namespace msp::testing {
namespace {

// RFC 9113, sections 6 and 7.
enum FrameType : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kRstStream = 3,
  kSettings = 4,
  kPing = 6,
  kGoAwayFrame = 7,
  kWindowUpdate = 8,
};
constexpr std::uint8_t kEndStream = 0x1;
constexpr std::uint8_t kAck = 0x1;
constexpr std::uint8_t kEndHeaders = 0x4;
constexpr std::uint32_t kInternalError = 2;
constexpr std::uint32_t kRefusedStream = 7;
constexpr std::size_t kPrefaceBytes = 24;
constexpr std::size_t kFrameHeaderBytes = 9;
constexpr char kStatus200[] = "\x88";  // RFC 7541, appendix A: entry 8 of the static table.

std::string Number(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string Frame(FrameType type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload) {
  std::string frame = Number(static_cast<std::uint32_t>(payload.size())).substr(1);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  return frame.append(Number(stream)).append(payload);
}

int SelectH2(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
             unsigned int offered_size, void*) {
  static const unsigned char kH2[] = {2, 'h', '2'};
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, kH2, sizeof kH2, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

struct UpstreamH2::Connection {
  int number = 0;
  int served = 0;
  int fd = -1;  // -1 once closed; changed under the upstream's mutex.
  SSL* tls = nullptr;
  std::thread thread;

  bool Read(std::size_t size, std::string& bytes) {
    bytes.resize(size);
    std::size_t filled = 0;
    while (filled < size) {
      const int got = SSL_read(tls, bytes.data() + filled, static_cast<int>(size - filled));
      if (got <= 0) return false;
      filled += static_cast<std::size_t>(got);
    }
    return true;
  }
  bool Write(std::string_view bytes) {
    return SSL_write(tls, bytes.data(), static_cast<int>(bytes.size())) > 0;
  }
};

UpstreamH2::UpstreamH2() : tls_(SSL_CTX_new(TLS_server_method())) {
  certificate_.Install(tls_);
  SSL_CTX_set_alpn_select_cb(tls_, SelectH2, nullptr);
  Script([](int, int) { return Action::kAnswer; });
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 64) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::fputs("UpstreamH2: cannot listen\n", stderr);
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

UpstreamH2::~UpstreamH2() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    for (const auto& connection : connections_) {
      if (connection->fd >= 0) shutdown(connection->fd, SHUT_RDWR);
    }
  }
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  std::vector<std::unique_ptr<Connection>> all;
  {
    MutexLock lock(mutex_);
    all.swap(connections_);
  }
  for (const auto& connection : all) connection->thread.join();
  close(listener_);
  SSL_CTX_free(tls_);
}

std::string UpstreamH2::url() const { return "https://127.0.0.1:" + std::to_string(port_); }

std::string UpstreamH2::named_url() const {
  return std::string("https://") + kUpstreamHost + ":" + std::to_string(port_);
}

void UpstreamH2::Script(std::function<Action(int, int)> script) {
  MutexLock lock(mutex_);
  script_ = std::move(script);
}

int UpstreamH2::requests() const {
  MutexLock lock(mutex_);
  return requests_;
}

int UpstreamH2::connections() const {
  MutexLock lock(mutex_);
  return static_cast<int>(connections_.size());
}

void UpstreamH2::Accept() {
  for (;;) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    MutexLock lock(mutex_);
    if (stopping_ || fd < 0) {
      if (fd >= 0) close(fd);
      return;
    }
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connections_.push_back(std::make_unique<Connection>());
    Connection& connection = *connections_.back();
    connection.number = static_cast<int>(connections_.size()) - 1;
    connection.fd = fd;
    connection.thread = std::thread([this, &connection] { Serve(connection); });
  }
}

void UpstreamH2::Serve(Connection& connection) {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  connection.tls = SSL_new(tls_);
  SSL_set_fd(connection.tls, connection.fd);
  std::string preface;
  if (SSL_accept(connection.tls) == 1 && connection.Read(kPrefaceBytes, preface) &&
      connection.Write(Frame(kSettings, 0, 0, ""))) {
    while (ServeFrame(connection)) continue;
  }
  SSL_free(connection.tls);
  ERR_clear_error();
  MutexLock lock(mutex_);
  if (connection.fd >= 0) close(connection.fd);
  connection.fd = -1;
}

bool UpstreamH2::ServeFrame(Connection& connection) {
  std::string header;
  std::string payload;
  if (!connection.Read(kFrameHeaderBytes, header)) return false;
  const auto byte = [&header](std::size_t i) {
    return std::uint32_t{static_cast<unsigned char>(header[i])};
  };
  const std::size_t size = byte(0) << 16 | byte(1) << 8 | byte(2);
  const std::uint32_t type = byte(3);
  const std::uint32_t flags = byte(4);
  const std::uint32_t stream = byte(5) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8);
  if (!connection.Read(size, payload)) return false;
  if (type == kSettings)
    return (flags & kAck) != 0 || connection.Write(Frame(kSettings, kAck, 0, ""));
  if (type == kPing) return (flags & kAck) != 0 || connection.Write(Frame(kPing, kAck, 0, payload));
  if (type != kHeaders && type != kData) return true;
  if (type == kData && size > 0 &&
      !connection.Write(Frame(kWindowUpdate, 0, 0, Number(static_cast<std::uint32_t>(size))))) {
    return false;
  }
  return (flags & kEndStream) == 0 || Act(connection, stream);
}

// False when the connection has come to its end.
bool UpstreamH2::Act(Connection& connection, std::uint32_t stream) {
  Action action{};
  {
    MutexLock lock(mutex_);
    ++requests_;
    action = script_(connection.number, connection.served++);
  }
  switch (action) {
    case Action::kAnswer:
      return connection.Write(Frame(kHeaders, kEndHeaders, stream, kStatus200) +
                              Frame(kData, kEndStream, stream, "{}"));
    case Action::kRefuseStream:
      return connection.Write(Frame(kRstStream, 0, stream, Number(kRefusedStream)));
    case Action::kFailStream:
      return connection.Write(Frame(kRstStream, 0, stream, Number(kInternalError)));
    case Action::kGoAway:
      return connection.Write(Frame(kGoAwayFrame, 0, 0, Number(0) + Number(0)));
    case Action::kClose:
      return false;
    case Action::kReset: {
      const linger reset{1, 0};
      setsockopt(connection.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
      return false;
    }
  }
  return false;
}

}  // namespace msp::testing
