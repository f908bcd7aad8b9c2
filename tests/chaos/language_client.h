// SPDX-License-Identifier: Apache-2.0

// A client in another language that takes the place of the C++ caller for every call that moves
// money, by its own rule. Its driver is a program that prints a ready line and takes one HTTP POST
// for each call:
//
//   {"server": "HOST:PORT", "method": "RefundOrder", "request": "base64", "attempt_ms": N}
//   {"ok": true, "response": "base64"}
//   {"ok": false, "code", "message", "reason", "outcome", "error_code", "order_id", "from_service"}
//
// Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "client/cpp/error.h"
#include "google/protobuf/message.h"
#include "tests/testing/child_process.h"

namespace msp::chaos {

class LanguageClient {
 public:
  // `command` is a line for the shell that ends up as the driver itself.
  explicit LanguageClient(const std::string& command);

  // Makes the call that `request` belongs to through the client at the replica `server`, with
  // `attempt_ms` for each attempt. Fills `response`, or says what went wrong. A driver that fails
  // ends the run: it is no answer of the service.
  std::optional<client::Error> Call(const std::string& server,
                                    const google::protobuf::Message& request,
                                    std::int64_t attempt_ms,
                                    google::protobuf::Message& response) const;

 private:
  testing::ChildProcess driver_;
  std::string listen_;
};

}  // namespace msp::chaos
