#include "service/server/sockets.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "absl/strings/str_cat.h"

namespace msp::server {
namespace {

constexpr int kBacklog = 4096;
// Of a connection that gRPC does not read yet: enough to tell a flood (kUnheardBytesMax of the
// acceptor) from a greeting. No more is granted without privileges (net.core.rmem_max).
constexpr int kReceiveBufferBytes = 212'992;
constexpr int kReceiveBufferMax = 4 << 20;
// More than a receive buffer may grow to.
constexpr std::size_t kDiscardMax = 64 << 20;

}  // namespace

void SetSocketOption(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);
}

int ListenOn(const addrinfo& address) {
  const int fd =
      socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol);
  if (fd < 0) return -1;
  // A port whose last connections are still being laid to rest is free.
  SetSocketOption(fd, SOL_SOCKET, SO_REUSEADDR);
  SetSocketOption(fd, SOL_SOCKET, SO_RCVBUF, kReceiveBufferBytes);
  if (bind(fd, address.ai_addr, address.ai_addrlen) == 0 && listen(fd, kBacklog) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

int PortOf(int listener) {
  Peer own;
  socklen_t size = sizeof own.address;
  getsockname(listener, reinterpret_cast<sockaddr*>(&own.address), &size);
  return own.port();
}

std::uint16_t Peer::port() const {
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

std::string Peer::text() const {
  std::array<char, INET6_ADDRSTRLEN> host{};
  if (address.ss_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, host.data(),
              host.size());
    return absl::StrCat("ipv6:[", host.data(), "]:", port());
  }
  inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, host.data(),
            host.size());
  return absl::StrCat("ipv4:", host.data(), ":", port());
}

Peer PeerOf(int fd) {
  Peer peer;
  socklen_t size = sizeof peer.address;
  getpeername(fd, reinterpret_cast<sockaddr*>(&peer.address), &size);
  return peer;
}

bool ReadBytes(int fd, std::uint64_t* received) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  *received = info.tcpi_bytes_received;
  return true;
}

std::uint64_t UnreadBytes(int fd) {
  int unread = 0;
  return ioctl(fd, FIONREAD, &unread) == 0 && unread > 0 ? static_cast<std::uint64_t>(unread) : 0;
}

void Discard(int fd) {
  std::array<char, 65'536> nowhere;  // Not even written to.
  std::size_t dropped = 0;
  ssize_t size = 0;
  while (dropped < kDiscardMax &&
         (size = recv(fd, nowhere.data(), nowhere.size(), MSG_DONTWAIT | MSG_TRUNC)) > 0)
    dropped += static_cast<std::size_t>(size);
}

void HoldNothing(int fd) {
  SetReceiveBuffer(fd, 1);
  Discard(fd);
}

void SetReceiveBuffer(int fd, int bytes) { SetSocketOption(fd, SOL_SOCKET, SO_RCVBUF, bytes); }

void LetReceiveBufferGrow(int fd) {
  constexpr int kUnlocked = 0;
  // Linux before 5.14 does not take its own reins again: as much as it grants, then.
  if (setsockopt(fd, SOL_SOCKET, SO_BUF_LOCK, &kUnlocked, sizeof kUnlocked) != 0)
    SetReceiveBuffer(fd, kReceiveBufferMax);
}

}  // namespace msp::server
