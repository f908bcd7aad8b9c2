// SPDX-License-Identifier: Apache-2.0

#include "sandbox/http/listener.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>

namespace msp::sandbox {
namespace {

Deadline After(std::int64_t ms) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
}

std::string HeadOf(const HttpResponse& response, std::size_t stated_length, bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ';
  head += StatusPhrase(response.status);
  const bool dated = std::any_of(response.headers.begin(), response.headers.end(),
                                 [](const auto& header) { return header.first == "Date"; });
  if (!dated) head += "\r\nDate: " + HttpDate(std::time(nullptr) * 1000);
  if (!response.content_type.empty()) head += "\r\nContent-Type: " + response.content_type;
  if (!response.more) head += "\r\nContent-Length: " + std::to_string(stated_length);
  head += keep_alive ? "\r\nConnection: keep-alive" : "\r\nConnection: close";
  for (const auto& [name, value] : response.headers) head += "\r\n" + name + ": " + value;
  head += "\r\n\r\n";
  return head;
}

absl::StatusOr<int> BindSocket(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0 ||
      found == nullptr) {
    return absl::InvalidArgumentError("host: cannot resolve " + host);
  }
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool bound =
      fd >= 0 && bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0;
  freeaddrinfo(found);
  if (bound) return fd;
  const std::string why = std::generic_category().message(errno);
  if (fd >= 0) close(fd);
  return absl::UnavailableError("port: cannot listen on " + host + ":" + std::to_string(port) +
                                ": " + why);
}

int PortOf(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Bind(ListenerOptions options) {
  auto listener = std::unique_ptr<Listener>(new Listener(std::move(options)));
  if (!listener->options_.tls_cert_file.empty()) {
    auto tls = TlsContext::Load(listener->options_.tls_cert_file, listener->options_.tls_key_file);
    if (!tls.ok()) return tls.status();
    listener->tls_ = *std::move(tls);
  }
  const auto fd = BindSocket(listener->options_.host, listener->options_.port);
  if (!fd.ok()) return fd.status();
  listener->fd_ = *fd;
  listener->port_ = PortOf(*fd);
  return listener;
}

void Listener::Serve(Handlers handlers) {
  handlers_ = std::move(handlers);
  acceptor_ = std::thread([this] { AcceptLoop(); });
}

Listener::~Listener() {
  stopping_ = true;
  if (fd_ >= 0) shutdown(fd_, SHUT_RDWR);
  if (acceptor_.joinable()) acceptor_.join();
  if (fd_ >= 0) close(fd_);
  MutexLock lock(mutex_);
  for (Connection* connection : connections_) connection->Abort();
  changed_.NotifyAll();
  while (threads_ > 0) changed_.Wait(mutex_);
}

int Listener::connections() const {
  MutexLock lock(mutex_);
  return threads_;
}

void Listener::AcceptLoop() {
  while (!stopping()) {
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
      // Out of descriptors: wait until some are closed instead of spinning.
      if (errno == EMFILE || errno == ENFILE) Pause(10);
      if (errno == EINVAL || errno == EBADF) return;
      continue;
    }
    accepted_.fetch_add(1, std::memory_order_relaxed);
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    {
      MutexLock lock(mutex_);
      if (threads_ >= options_.connections_max) {
        close(fd);
        continue;
      }
      ++threads_;
    }
    std::thread([this, fd] {
      Connection connection(fd);
      {
        MutexLock lock(mutex_);
        connections_.insert(&connection);
        if (stopping()) connection.Abort();
      }
      ServeConnection(connection);
      MutexLock lock(mutex_);
      connections_.erase(&connection);
      --threads_;
      changed_.NotifyAll();
    }).detach();
  }
}

void Listener::ServeConnection(Connection& connection) {
  if (tls_ != nullptr && !connection.StartTls(*tls_, After(options_.request_ms))) return;
  std::string buffer;
  while (!stopping() && ServeOne(connection, &buffer)) {
  }
}

bool Listener::ServeOne(Connection& connection, std::string* buffer) {
  if (buffer->empty() && !connection.ReadSome(buffer, After(options_.keep_alive_ms))) return false;
  const Deadline deadline = After(options_.request_ms);
  HttpRequest request;
  HeadFacts facts;
  while (true) {
    request = HttpRequest();
    facts = HeadFacts();
    const ParseResult result = ParseHead(*buffer, &request, &facts);
    if (result == ParseResult::kComplete) break;
    if (result != ParseResult::kIncomplete) return Refuse(connection, result);
    if (!connection.ReadSome(buffer, deadline)) return false;
  }
  if (const auto early = handlers_.on_head(request)) {
    HttpResponse nothing;
    nothing.delivery = *early;
    return Send(connection, request, nothing);
  }
  buffer->erase(0, facts.head_bytes);
  if (!ReadBody(connection, facts, buffer, &request, deadline)) return false;
  const HttpResponse response = handlers_.on_request(request);
  return Send(connection, request, response);
}

bool Listener::ReadBody(Connection& connection, const HeadFacts& facts, std::string* buffer,
                        HttpRequest* request, Deadline deadline) {
  if (facts.expects_continue && buffer->empty() && (facts.chunked || facts.content_length > 0) &&
      !connection.WriteAll("HTTP/1.1 100 Continue\r\n\r\n", deadline)) {
    return false;
  }
  if (!facts.chunked) {
    while (buffer->size() < facts.content_length) {
      if (!connection.ReadSome(buffer, deadline)) return false;
    }
    request->body = buffer->substr(0, facts.content_length);
    buffer->erase(0, facts.content_length);
    return true;
  }
  while (true) {
    std::size_t consumed = 0;
    const ParseResult result = ParseChunked(*buffer, &request->body, &consumed);
    if (result == ParseResult::kComplete) {
      buffer->erase(0, consumed);
      return true;
    }
    // Chunks cost framing; twice the body's bound is enough for any honest client.
    if (result == ParseResult::kIncomplete && buffer->size() < 2 * kBodyBytesMax) {
      if (!connection.ReadSome(buffer, deadline)) return false;
      continue;
    }
    Refuse(connection, result == ParseResult::kBad ? result : ParseResult::kTooLarge);
    return false;
  }
}

bool Listener::Refuse(Connection& connection, ParseResult why) {
  HttpResponse response;
  response.content_type = "text/plain; charset=utf-8";
  response.status = why == ParseResult::kTooLarge      ? 413
                    : why == ParseResult::kUnsupported ? 501
                                                       : 400;
  response.body = why == ParseResult::kTooLarge ? "request too large\n" : "bad request\n";
  connection.WriteAll(HeadOf(response, response.body.size(), false) + response.body,
                      After(options_.write_ms));
  // Drain the peer's remaining bytes briefly: closing with unread bytes would reset the connection
  // and could discard the response.
  connection.FinishWriting();
  std::string rest;
  const Deadline deadline = After(1000);
  for (std::size_t seen = 0; seen < 8 * kBodyBytesMax && connection.ReadSome(&rest, deadline);) {
    seen += rest.size();
    rest.clear();
  }
  return false;
}

bool Listener::Send(Connection& connection, const HttpRequest& request,
                    const HttpResponse& response) {
  const bool keep =
      request.keep_alive && !response.close && response.delivery.kind == Delivery::Kind::kWhole;
  if (response.delivery.delay_ms > 0) Pause(response.delivery.delay_ms);
  if (response.delivery.kind != Delivery::Kind::kWhole) {
    const bool whole = response.delivery.states_whole_length;
    const std::size_t stated =
        whole ? response.body.size() : std::min(response.delivery.bytes, response.body.size());
    return SendFaulty(connection, response, HeadOf(response, stated, request.keep_alive));
  }
  if (response.more) {
    SendUnbounded(connection, response);
    return false;
  }
  std::string bytes = HeadOf(response, response.body.size(), keep);
  if (request.method != "HEAD") bytes += response.body;
  return connection.WriteAll(bytes, After(options_.write_ms)) && keep;
}

void Listener::SendUnbounded(Connection& connection, const HttpResponse& response) {
  // The end of the connection is the end of the body.
  std::string bytes = HeadOf(response, 0, false) + response.body;
  bool more = true;
  while (more && !stopping() && !connection.PeerGone()) {
    if (!bytes.empty() && !connection.WriteAll(bytes, After(options_.write_ms))) return;
    bytes.clear();
    more = response.more(&bytes);
  }
  if (!bytes.empty()) connection.WriteAll(bytes, After(options_.write_ms));
}

bool Listener::SendFaulty(Connection& connection, const HttpResponse& response,
                          const std::string& head) {
  const Delivery& how = response.delivery;
  const std::string_view part = std::string_view(response.body).substr(0, how.bytes);
  switch (how.kind) {
    case Delivery::Kind::kWhole:
      break;
    case Delivery::Kind::kReset:
      connection.ResetOnClose();
      break;
    case Delivery::Kind::kResetInBody:
      connection.WriteAll(head, After(options_.write_ms));
      connection.WriteAll(part, After(options_.write_ms));
      // RST drops queued bytes: give the peer a moment to read them.
      Pause(20);
      connection.ResetOnClose();
      break;
    case Delivery::Kind::kTruncate:
      connection.WriteAll(head, After(options_.write_ms));
      connection.WriteAll(part, After(options_.write_ms));
      connection.FinishWriting();
      break;
    case Delivery::Kind::kSilence:
      for (const Deadline end = After(how.hold_ms);
           !stopping() && !connection.PeerGone() && std::chrono::steady_clock::now() < end;) {
        connection.WaitForPeer(std::min(end, After(100)));
      }
      break;
    case Delivery::Kind::kSlow: {
      // Ten steps a second, one byte at least.
      const std::size_t step = std::max<std::size_t>(1, how.bytes / 10);
      const std::int64_t pause_ms =
          how.bytes >= 10 ? 100
                          : 1000 / static_cast<std::int64_t>(std::max<std::size_t>(1, how.bytes));
      if (!connection.WriteAll(head, After(options_.write_ms))) return false;
      for (std::size_t at = 0; at < response.body.size() && !stopping(); at += step) {
        if (!connection.WriteAll(std::string_view(response.body).substr(at, step),
                                 After(options_.write_ms)))
          return false;
        Pause(pause_ms);
      }
      break;
    }
  }
  return false;
}

void Listener::Pause(std::int64_t ms) {
  const auto deadline = After(ms);
  MutexLock lock(mutex_);
  while (!stopping() && std::chrono::steady_clock::now() < deadline)
    changed_.WaitUntil(mutex_, deadline);
}

}  // namespace msp::sandbox
