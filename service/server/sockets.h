// What the acceptor asks of the kernel about its sockets. Functions of any thread.
#pragma once

#include <netdb.h>
#include <netinet/in.h>

#include <cstdint>
#include <string>

namespace msp::server {

void SetSocketOption(int fd, int level, int name, int value = 1);
// A listener, or -1 with errno.
int ListenOn(const addrinfo& address);
// The port that a listener was given.
int PortOf(int listener);

// The other end of a connection.
struct Peer {
  sockaddr_storage address{};

  std::uint16_t port() const;
  // As gRPC writes it: "ipv4:127.0.0.1:50432", "ipv6:[::1]:50432".
  std::string text() const;
};
// Nothing but zeros when it is gone already.
Peer PeerOf(int fd);

// The bytes that the kernel has received over a connection; false when there is no such connection
// any more.
bool ReadBytes(int fd, std::uint64_t* received);
// Those of them that wait to be read.
std::uint64_t UnreadBytes(int fd);
// Drops what has been received and not been read.
void Discard(int fd);
// Drops it, and takes hardly any more.
void HoldNothing(int fd);
// The connection's receive buffer: so many bytes, or what the kernel makes of what it brings.
void SetReceiveBuffer(int fd, int bytes);
void LetReceiveBufferGrow(int fd);

}  // namespace msp::server
