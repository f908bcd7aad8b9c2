// SPDX-License-Identifier: Apache-2.0

// Attacks on a gRPC port with plain sockets, HTTP/2 written by hand: what a well-behaved library
// would never send. Each runs on the thread that calls it, until `stop` is set.
#pragma once

#include <atomic>
#include <string>
#include <vector>

namespace msp::load {

// What is attacked, and when to stop.
struct Target {
  int port = 0;
  const std::atomic<bool>* stop = nullptr;
};

// What an attacker got done.
struct Effort {
  long connections = 0;
  long bytes = 0;
  long cut = 0;  // Connections that the server ended.
};

struct AbuseCase {
  const char* name;
  Effort (*run)(const Target& target);
  // False: gRPC 1.51 has no effective bound; only the figures are reported.
  bool bounded = true;
};

const std::vector<AbuseCase>& AbuseCases();

}  // namespace msp::load
