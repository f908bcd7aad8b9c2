// SPDX-License-Identifier: Apache-2.0

#include "service/curl/connection.h"

#include <openssl/x509.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace msp::curl {
namespace {

constexpr std::size_t kSendBytesMax = 16 << 10;
// The part of a body that the kernel buffers before the peer reads. The default is far larger: a
// long body would count as sent although the peer has read almost nothing.
constexpr int kSendBufferBytes = 64 << 10;

curl_socket_t OpenSocket(void*, curlsocktype, curl_sockaddr* address) {
  const int fd =
      socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes, sizeof kSendBufferBytes);
  return fd;
}

std::int64_t Number(CURL* easy, CURLINFO info) {
  curl_off_t value = 0;
  curl_easy_getinfo(easy, info, &value);
  return value;
}

bool SetOptions(CURL* easy, Connection* self, const ConnectionOptions& options) {
  const auto set = [easy](CURLoption option, auto value) {
    return curl_easy_setopt(easy, option, value) == CURLE_OK;
  };
  const char* const scheme = options.base_url.starts_with("https:") ? "https" : "http";
  return set(CURLOPT_PRIVATE, self) && set(CURLOPT_CONNECT_ONLY, 1L) &&
         set(CURLOPT_URL, options.base_url.c_str()) &&
         SetTransport(easy, options.transport, scheme) &&
         // Bounds what one curl_easy_recv returns; the buffer that libcurl allocates stays unused.
         set(CURLOPT_BUFFERSIZE, static_cast<long>(kReadBytes)) &&
         set(CURLOPT_OPENSOCKETFUNCTION, &OpenSocket);
}

}  // namespace

Connection::Connection(const ConnectionOptions& options)
    : easy_(curl_easy_init()), ready_(easy_ != nullptr && SetOptions(easy_, this, options)) {}

Connection::~Connection() {
  // Removing the handle from `multi_` closes its connection.
  if (multi_ != nullptr) curl_multi_remove_handle(multi_, easy_);
  if (easy_ != nullptr) curl_easy_cleanup(easy_);
}

Connection& Connection::Of(CURL* easy) {
  void* self = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
  return *static_cast<Connection*>(self);
}

bool Connection::Open(CURLM* multi) {
  if (!ready_ || curl_multi_add_handle(multi, easy_) != CURLM_OK) return false;
  multi_ = multi;
  return true;
}

bool Connection::SetEstablished(Clock::time_point now) {
  established_at_ = now;
  curl_socket_t fd = CURL_SOCKET_BAD;
  if (curl_easy_getinfo(easy_, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK) return false;
  fd_ = fd;
  return fd != CURL_SOCKET_BAD;
}

IoResult Connection::Send(std::string_view bytes) {
  std::size_t sent = 0;
  const CURLcode code =
      curl_easy_send(easy_, bytes.data(), std::min(bytes.size(), kSendBytesMax), &sent);
  if (code == CURLE_OK) return {.bytes = sent};
  if (code == CURLE_AGAIN) return {.kind = IoResult::Kind::kWouldBlock};
  return {.kind = IoResult::Kind::kFailed, .code = code};
}

IoResult Connection::Receive(char* buffer, std::size_t size) {
  std::size_t received = 0;
  const CURLcode code = curl_easy_recv(easy_, buffer, size, &received);
  if (code == CURLE_AGAIN) return {.kind = IoResult::Kind::kWouldBlock};
  if (code != CURLE_OK) return {.kind = IoResult::Kind::kFailed, .code = code};
  if (received == 0) return {.kind = IoResult::Kind::kClosed};
  return {.bytes = received};
}

bool Connection::HasInput() {
  char byte = 0;
  return Receive(&byte, 1).kind != IoResult::Kind::kWouldBlock;
}

// libcurl's error buffer is more precise, but may quote the URL.
std::string Connection::Detail(CURLcode code) const {
  std::string text = curl_easy_strerror(code);
  if (easy_ == nullptr) return text;
  long verify_error = 0;
  long os_error = 0;
  curl_easy_getinfo(easy_, CURLINFO_SSL_VERIFYRESULT, &verify_error);
  curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &os_error);
  if (code == CURLE_PEER_FAILED_VERIFICATION && verify_error != 0) {
    text.append(" (").append(X509_verify_cert_error_string(verify_error)).append(")");
  } else if (const char* const words = strerrordesc_np(static_cast<int>(os_error));
             os_error != 0 && words != nullptr) {
    text.append(" (").append(words).append(")");
  }
  return text;
}

std::int64_t Connection::connect_us() const { return Number(easy_, CURLINFO_CONNECT_TIME_T); }

std::int64_t Connection::tls_us() const {
  const std::int64_t done_us = Number(easy_, CURLINFO_APPCONNECT_TIME_T);
  return done_us > 0 ? done_us - connect_us() : 0;
}

}  // namespace msp::curl
