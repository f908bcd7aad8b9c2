#include "tests/testing/tunnel.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace msp::testing {
namespace {

constexpr int kLookMs = 20;

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool Relay(int from, int to) {
  char bytes[4096];
  const ssize_t size = recv(from, bytes, sizeof bytes, 0);
  return size > 0 && send(to, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL) == size;
}

}  // namespace

Tunnel::Tunnel() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, generic, size) != 0 || listen(listener_, 8) != 0 ||
      getsockname(listener_, generic, &size) != 0)
    std::abort();
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

Tunnel::~Tunnel() {
  stops_ = true;
  thread_.join();
  close(listener_);
}

std::string Tunnel::url() const { return "http://127.0.0.1:" + std::to_string(port_); }

std::string Tunnel::request() const {
  MutexLock lock(mutex_);
  return request_;
}

void Tunnel::Run() {
  while (!stops_) {
    pollfd waits{listener_, POLLIN, 0};
    if (poll(&waits, 1, kLookMs) != 1) continue;
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    Serve(client);
    close(client);
  }
}

void Tunnel::Serve(int client) {
  std::string header;
  char byte = 0;
  while (!header.ends_with("\r\n\r\n") && recv(client, &byte, 1, 0) == 1) header.push_back(byte);
  {
    MutexLock lock(mutex_);
    request_ = header;
  }
  const std::size_t colon = header.find(':');
  if (!header.starts_with("CONNECT ") || colon == std::string::npos) return;
  const sockaddr_in address =
      Loopback(static_cast<int>(std::strtol(header.c_str() + colon + 1, nullptr, 10)));
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  constexpr std::string_view kEstablished = "HTTP/1.1 200 Connection established\r\n\r\n";
  if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      send(client, kEstablished.data(), kEstablished.size(), MSG_NOSIGNAL) > 0) {
    ++tunnels_;
    pollfd both[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    for (bool open = true; open && !stops_;) {
      if (poll(both, 2, kLookMs) < 1) continue;
      if (both[0].revents != 0) open = Relay(client, server);
      if (open && both[1].revents != 0) open = Relay(server, client);
    }
  }
  close(server);
}

}  // namespace msp::testing
