// SPDX-License-Identifier: Apache-2.0

// A listening Unix socket, by its path in the file system. Used only by server.cc.
#pragma once

#include <sys/stat.h>

#include <string>

#include "absl/status/statusor.h"

namespace msp {

struct UnixSocketOptions {
  std::string path;    // At most 107 bytes.
  mode_t mode = 0660;  // Write permission allows to connect.
  std::string owner;   // "user", "user:group" or ":group"; empty: the process's own.
};

// Owned by the server. The destructor removes the path, unless another process has taken it.
class UnixSocket {
 public:
  // Binds and listens. Takes over a stale socket's path; a path that is in use, or that is no
  // socket, is an error. Nobody else can connect before owner and mode are set.
  static absl::StatusOr<UnixSocket> Listen(const UnixSocketOptions& options);
  UnixSocket() = default;
  UnixSocket(UnixSocket&& other) noexcept { *this = std::move(other); }
  UnixSocket& operator=(UnixSocket&& other) noexcept;
  ~UnixSocket() { Remove(); }

  // The listening socket; the caller closes it.
  int fd() const { return fd_; }
  // Removes the path now.
  void Remove();

 private:
  int fd_ = -1;
  std::string path_;
  struct stat made_ {};  // The path as this process made it.
};

}  // namespace msp
