// SPDX-License-Identifier: Apache-2.0

// Ctrl-C during a payment leaves its outcome unknown, which the program reports.
#pragma once

#include <unistd.h>

#include <csignal>
#include <string_view>

#include "client/cli/report.h"

namespace msp::cli {

// For the time of its life; one at a time.
class OpenPayment {
 public:
  explicit OpenPayment(bool moves_money) {
    if (moves_money) before_ = std::signal(SIGINT, Interrupted);
  }
  ~OpenPayment() {
    if (before_ != SIG_ERR) std::signal(SIGINT, before_);
  }
  OpenPayment(const OpenPayment&) = delete;
  OpenPayment& operator=(const OpenPayment&) = delete;

 private:
  static void Interrupted(int /*signal*/) {
    constexpr std::string_view kText =
        "\nerror: INTERRUPTED outcome=UNKNOWN: the call was in flight\nhint: the money may have "
        "moved. First read the order, then repeat the same command with --repeat\n";
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kText.data(), kText.size());
    _exit(kExitUnknown);
  }

  void (*before_)(int) = SIG_ERR;
};

}  // namespace msp::cli
