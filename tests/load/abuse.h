// SPDX-License-Identifier: Apache-2.0

// Attacks on a gRPC port with plain sockets, HTTP/2 written by hand: what a well-behaved library
// would never send. Each runs on the thread that calls it, until `stop` is set.
#pragma once

#include <atomic>
#include <string>

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

// Calls that never end their headers, or their body, a byte at a time.
Effort SlowHeaders(const Target& target);
Effort SlowBody(const Target& target);
// 500 connections with 1,000 calls each, of which nothing comes but the headers.
Effort BegunCalls(const Target& target);
// 10,000 connections that send nothing; 500 that stop after the preface.
Effort IdleConnections(const Target& target);
Effort PrefaceOnly(const Target& target);
// Calls that are reset at once, header blocks without an end, pings and settings, as fast as a
// socket takes them.
Effort RapidReset(const Target& target);
Effort ContinuationFlood(const Target& target);
Effort PingFlood(const Target& target);
Effort SettingsFlood(const Target& target);
// The same by clients that wait for the server's greeting, as well-behaved ones do.
Effort PatientRapidReset(const Target& target);
Effort PatientPingFlood(const Target& target);
// Calls with a megabyte of metadata; bytes that are no HTTP/2.
Effort OversizedMetadata(const Target& target);
Effort Garbage(const Target& target);

}  // namespace msp::load
