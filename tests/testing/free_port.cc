// SPDX-License-Identifier: Apache-2.0

#include "tests/testing/free_port.h"

#include "tests/testing/loopback.h"

namespace msp::testing {

int FreePort() {
  int port = 0;
  close(BindLoopback(port));
  return port;
}

}  // namespace msp::testing
