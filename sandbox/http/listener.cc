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

std::string HeadOf(const HttpAnswer& answer, std::size_t stated_length, bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + ' ';
  head += StatusPhrase(answer.status);
  const bool dated = std::any_of(answer.headers.begin(), answer.headers.end(),
                                 [](const auto& header) { return header.first == "Date"; });
  if (!dated) head += "\r\nDate: " + HttpDate(std::time(nullptr) * 1000);
  if (!answer.content_type.empty()) head += "\r\nContent-Type: " + answer.content_type;
  if (!answer.more) head += "\r\nContent-Length: " + std::to_string(stated_length);
  head += keep_alive ? "\r\nConnection: keep-alive" : "\r\nConnection: close";
  for (const auto& [name, value] : answer.headers) head += "\r\n" + name + ": " + value;
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
  for (Stream* stream : streams_) stream->Abort();
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
      Stream stream(fd);
      {
        MutexLock lock(mutex_);
        streams_.insert(&stream);
        if (stopping()) stream.Abort();
      }
      ServeConnection(stream);
      MutexLock lock(mutex_);
      streams_.erase(&stream);
      --threads_;
      changed_.NotifyAll();
    }).detach();
  }
}

void Listener::ServeConnection(Stream& stream) {
  if (tls_ != nullptr && !stream.StartTls(*tls_, After(options_.request_ms))) return;
  std::string buffer;
  while (!stopping() && ServeOne(stream, &buffer)) {
  }
}

bool Listener::ServeOne(Stream& stream, std::string* buffer) {
  if (buffer->empty() && !stream.ReadSome(buffer, After(options_.keep_alive_ms))) return false;
  const Deadline deadline = After(options_.request_ms);
  HttpRequest request;
  HeadFacts facts;
  while (true) {
    request = HttpRequest();
    facts = HeadFacts();
    const ParseResult result = ParseHead(*buffer, &request, &facts);
    if (result == ParseResult::kComplete) break;
    if (result != ParseResult::kIncomplete) return Refuse(stream, result);
    if (!stream.ReadSome(buffer, deadline)) return false;
  }
  if (const auto early = handlers_.on_head(request)) {
    HttpAnswer nothing;
    nothing.delivery = *early;
    return Send(stream, request, nothing);
  }
  buffer->erase(0, facts.head_bytes);
  if (!ReadBody(stream, facts, buffer, &request, deadline)) return false;
  const HttpAnswer answer = handlers_.on_request(request);
  return Send(stream, request, answer);
}

bool Listener::ReadBody(Stream& stream, const HeadFacts& facts, std::string* buffer,
                        HttpRequest* request, Deadline deadline) {
  if (facts.expects_continue && buffer->empty() && (facts.chunked || facts.content_length > 0) &&
      !stream.WriteAll("HTTP/1.1 100 Continue\r\n\r\n", deadline)) {
    return false;
  }
  if (!facts.chunked) {
    while (buffer->size() < facts.content_length) {
      if (!stream.ReadSome(buffer, deadline)) return false;
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
      if (!stream.ReadSome(buffer, deadline)) return false;
      continue;
    }
    Refuse(stream, result == ParseResult::kBad ? result : ParseResult::kTooLarge);
    return false;
  }
}

bool Listener::Refuse(Stream& stream, ParseResult why) {
  HttpAnswer answer;
  answer.content_type = "text/plain; charset=utf-8";
  answer.status = why == ParseResult::kTooLarge      ? 413
                  : why == ParseResult::kUnsupported ? 501
                                                     : 400;
  answer.body = why == ParseResult::kTooLarge ? "request too large\n" : "bad request\n";
  stream.WriteAll(HeadOf(answer, answer.body.size(), false) + answer.body,
                  After(options_.write_ms));
  // Drain the peer's remaining bytes briefly: closing with unread bytes would reset the connection
  // and could discard the answer.
  stream.FinishWriting();
  std::string rest;
  const Deadline deadline = After(1000);
  for (std::size_t seen = 0; seen < 8 * kBodyBytesMax && stream.ReadSome(&rest, deadline);) {
    seen += rest.size();
    rest.clear();
  }
  return false;
}

bool Listener::Send(Stream& stream, const HttpRequest& request, const HttpAnswer& answer) {
  const bool keep =
      request.keep_alive && !answer.close && answer.delivery.kind == Delivery::Kind::kWhole;
  if (answer.delivery.delay_ms > 0) Pause(answer.delivery.delay_ms);
  if (answer.delivery.kind != Delivery::Kind::kWhole) {
    const bool whole = answer.delivery.states_whole_length;
    const std::size_t stated =
        whole ? answer.body.size() : std::min(answer.delivery.bytes, answer.body.size());
    return SendFaulty(stream, answer, HeadOf(answer, stated, request.keep_alive));
  }
  if (answer.more) {
    SendStream(stream, answer);
    return false;
  }
  std::string bytes = HeadOf(answer, answer.body.size(), keep);
  if (request.method != "HEAD") bytes += answer.body;
  return stream.WriteAll(bytes, After(options_.write_ms)) && keep;
}

void Listener::SendStream(Stream& stream, const HttpAnswer& answer) {
  // The end of the connection is the end of the body.
  std::string bytes = HeadOf(answer, 0, false) + answer.body;
  bool more = true;
  while (more && !stopping() && !stream.PeerGone()) {
    if (!bytes.empty() && !stream.WriteAll(bytes, After(options_.write_ms))) return;
    bytes.clear();
    more = answer.more(&bytes);
  }
  if (!bytes.empty()) stream.WriteAll(bytes, After(options_.write_ms));
}

bool Listener::SendFaulty(Stream& stream, const HttpAnswer& answer, const std::string& head) {
  const Delivery& how = answer.delivery;
  const std::string_view part = std::string_view(answer.body).substr(0, how.bytes);
  switch (how.kind) {
    case Delivery::Kind::kWhole:
      break;
    case Delivery::Kind::kReset:
      stream.ResetOnClose();
      break;
    case Delivery::Kind::kResetInBody:
      stream.WriteAll(head, After(options_.write_ms));
      stream.WriteAll(part, After(options_.write_ms));
      // RST drops queued bytes: give the peer a moment to read them.
      Pause(20);
      stream.ResetOnClose();
      break;
    case Delivery::Kind::kTruncate:
      stream.WriteAll(head, After(options_.write_ms));
      stream.WriteAll(part, After(options_.write_ms));
      stream.FinishWriting();
      break;
    case Delivery::Kind::kSilence:
      for (const Deadline end = After(how.hold_ms);
           !stopping() && !stream.PeerGone() && std::chrono::steady_clock::now() < end;) {
        stream.WaitForPeer(std::min(end, After(100)));
      }
      break;
    case Delivery::Kind::kSlow: {
      // Ten steps a second, one byte at least.
      const std::size_t step = std::max<std::size_t>(1, how.bytes / 10);
      const std::int64_t pause_ms =
          how.bytes >= 10 ? 100
                          : 1000 / static_cast<std::int64_t>(std::max<std::size_t>(1, how.bytes));
      if (!stream.WriteAll(head, After(options_.write_ms))) return false;
      for (std::size_t at = 0; at < answer.body.size() && !stopping(); at += step) {
        if (!stream.WriteAll(std::string_view(answer.body).substr(at, step),
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
