// SPDX-License-Identifier: Apache-2.0

#include "sandbox/http/connection.h"

#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace msp::sandbox {
namespace {

constexpr std::size_t kReadBytes = std::size_t{16} * 1024;

int RemainingMs(Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                        deadline - std::chrono::steady_clock::now())
                        .count();
  return static_cast<int>(std::clamp<std::int64_t>(left + 1, 0, INT_MAX));
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsContext>> TlsContext::Load(const std::string& cert_file,
                                                             const std::string& key_file) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (context == nullptr) return absl::InternalError("TLS is not available");
  auto owner = std::unique_ptr<TlsContext>(new TlsContext(context));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  if (SSL_CTX_use_certificate_chain_file(context, cert_file.c_str()) != 1) {
    return absl::InvalidArgumentError("tls-cert: cannot read a certificate from " + cert_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return absl::InvalidArgumentError("tls-key: not the certificate's private key: " + key_file);
  }
  return owner;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Connection::~Connection() {
  if (tls_ != nullptr) SSL_free(tls_);
  close(fd_);
}

bool Connection::Wait(short events, Deadline deadline) const {
  pollfd entry{fd_, events, 0};
  while (true) {
    const int ready = poll(&entry, 1, RemainingMs(deadline));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

bool Connection::StartTls(const TlsContext& context, Deadline deadline) {
  tls_ = SSL_new(context.get());
  if (tls_ == nullptr) return false;
  SSL_set_fd(tls_, fd_);
  SSL_set_accept_state(tls_);
  while (true) {
    const int result = SSL_do_handshake(tls_);
    if (result == 1) return true;
    const int reason = SSL_get_error(tls_, result);
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) return false;
    if (!Wait(reason == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline)) return false;
  }
}

bool Connection::ReadSome(std::string* buffer, Deadline deadline) {
  const std::size_t before = buffer->size();
  buffer->resize(before + kReadBytes);
  while (true) {
    ssize_t got;
    short wanted = POLLIN;
    if (tls_ != nullptr) {
      got = SSL_read(tls_, buffer->data() + before, static_cast<int>(kReadBytes));
      if (got <= 0) {
        const int reason = SSL_get_error(tls_, static_cast<int>(got));
        if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) break;
        if (reason == SSL_ERROR_WANT_WRITE) wanted = POLLOUT;
      }
    } else {
      got = recv(fd_, buffer->data() + before, kReadBytes, MSG_DONTWAIT);
      if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) break;
    }
    if (got > 0) {
      buffer->resize(before + static_cast<std::size_t>(got));
      return true;
    }
    if (!Wait(wanted, deadline)) break;
  }
  buffer->resize(before);
  return false;
}

bool Connection::WriteAll(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    ssize_t sent;
    short wanted = POLLOUT;
    if (tls_ != nullptr) {
      sent = SSL_write(tls_, bytes.data(),
                       static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX)));
      if (sent <= 0) {
        const int reason = SSL_get_error(tls_, static_cast<int>(sent));
        if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) return false;
        if (reason == SSL_ERROR_WANT_READ) wanted = POLLIN;
      }
    } else {
      sent = send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    }
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (!Wait(wanted, deadline)) {
      return false;
    }
  }
  return true;
}

bool Connection::PeerGone() const {
  pollfd entry{fd_, POLLRDHUP, 0};
  return poll(&entry, 1, 0) > 0 && (entry.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

void Connection::WaitForPeer(Deadline deadline) { Wait(POLLRDHUP, deadline); }

void Connection::ResetOnClose() {
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void Connection::FinishWriting() {
  if (tls_ != nullptr) SSL_shutdown(tls_);
  shutdown(fd_, SHUT_WR);
}

void Connection::Abort() { shutdown(fd_, SHUT_RDWR); }

}  // namespace msp::sandbox
