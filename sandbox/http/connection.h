// SPDX-License-Identifier: Apache-2.0

// A connected socket, plain or with TLS. Owned and used by one connection thread; only `Abort` may
// come from another.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;

namespace msp::sandbox {

using Deadline = std::chrono::steady_clock::time_point;

// The server's certificate, shared by all connections.
class TlsContext {
 public:
  static absl::StatusOr<std::unique_ptr<TlsContext>> Load(const std::string& cert_file,
                                                          const std::string& key_file);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  SSL_CTX* get() const { return context_; }

 private:
  explicit TlsContext(SSL_CTX* context) : context_(context) {}
  SSL_CTX* context_;
};

class Connection {
 public:
  // Takes the descriptor.
  explicit Connection(int fd) : fd_(fd) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The server's side of a handshake; false when it failed.
  bool StartTls(const TlsContext& context, Deadline deadline);

  // Appends what has arrived, at least one byte. False on the end, an error or the deadline.
  bool ReadSome(std::string* buffer, Deadline deadline);
  bool WriteAll(std::string_view bytes, Deadline deadline);

  // True when the peer has closed or reset, as far as this side can know without reading.
  bool PeerGone() const;
  // Waits until the peer is gone or the deadline.
  void WaitForPeer(Deadline deadline);

  // The next close sends RST instead of FIN.
  void ResetOnClose();
  // Ends the writing side, so that the peer sees a clean end while bytes of it are still unread.
  void FinishWriting();
  // Makes every pending and later call fail. From any thread.
  void Abort();

 private:
  bool Wait(short events, Deadline deadline) const;

  int fd_;
  SSL* tls_ = nullptr;
};

}  // namespace msp::sandbox
