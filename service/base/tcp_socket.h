// SPDX-License-Identifier: Apache-2.0

// Listening TCP sockets of one address. Used only by server.cc; a path is unix_socket.h.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace msp {

struct TcpSockets {
  std::vector<int> fds;  // One for each address of the host; the caller closes them.
  int port = 0;          // The same for all.
};

// Listens on "host:port", without blocking and without Nagle's delay; port 0 picks a free port. An
// address in use, or of another machine, is an error.
absl::StatusOr<TcpSockets> ListenTcp(const std::string& listen);

}  // namespace msp
