// SPDX-License-Identifier: Apache-2.0

#include "service/base/tcp_socket.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace msp {
namespace {

// False when the address is in use. The port picked for the first one serves all.
bool Listen(const addrinfo& address, TcpSockets& sockets) {
  sockaddr_storage name{};
  std::memcpy(&name, address.ai_addr, address.ai_addrlen);
  auto& port = reinterpret_cast<sockaddr_in&>(name).sin_port;  // Of both families.
  if (sockets.port != 0) port = htons(static_cast<std::uint16_t>(sockets.port));
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  socklen_t size = address.ai_addrlen;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // Accepted sockets inherit it.
  if (bind(fd, reinterpret_cast<sockaddr*>(&name), size) != 0 || listen(fd, SOMAXCONN) != 0) {
    const int error = errno;
    close(fd);
    // Skips an address family that this machine lacks.
    return error == EADDRNOTAVAIL || error == EAFNOSUPPORT || error == EBADF;
  }
  getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
  sockets.port = ntohs(port);
  sockets.fds.push_back(fd);
  return true;
}

}  // namespace

absl::StatusOr<TcpSockets> ListenTcp(const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  std::string host = listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* all = nullptr;
  TcpSockets sockets;
  bool bound = getaddrinfo(host.c_str(), listen.substr(colon + 1).c_str(), &hints, &all) == 0;
  for (const addrinfo* one = all; one != nullptr; one = one->ai_next)
    bound = Listen(*one, sockets) && bound;
  if (all != nullptr) freeaddrinfo(all);
  if (bound && !sockets.fds.empty()) return sockets;
  for (const int fd : sockets.fds) close(fd);
  return absl::UnavailableError(
      absl::StrCat("cannot listen on ", listen, ": in use, or not this machine's"));
}

}  // namespace msp
