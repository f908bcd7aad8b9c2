// SPDX-License-Identifier: Apache-2.0

// The HTTP client of the service: event loops over connections that libcurl opens, behind client.h.
//
// Constructed once by main.cc, which owns it; `Start` and `Stats` from any thread, `Stop` from any
// thread but a loop's (not from a callback). Every request that `Start` accepted ends exactly once,
// with a certain outcome or kUnknown.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/base/mutex.h"
#include "service/http/client.h"
#include "service/http/drivable.h"

namespace msp::http {

struct PoolOptions {
  // "https://host[:port][/path]"; a request's target is appended. A '/' at its end is dropped.
  std::string base_url;
  // Event loops, each with its own thread and connections.
  int loops = 1;
  // Transfers in flight, so connections, of the whole pool. At least 2 per loop.
  int connections_max = 1024;
  // Requests that wait for a free transfer; beyond that `Start` refuses immediately.
  int queue_max = 4096;
  // The part of both bounds that is reserved for reads; writes have the rest. At least one transfer
  // each.
  int read_percent = 25;
  // Answers with a longer body end as kTooLarge; a request may ask for less.
  int body_max_bytes = 16 << 20;
  // The memory of the bodies of all answers that are on their way at a time. One that finds none
  // left ends as kTooLarge. Each loop has its part, and never less than two of the longest.
  std::int64_t bodies_max_bytes = std::int64_t{1} << 30;
  // Name lookup, connect and TLS handshake; the request's own deadline where that is shorter.
  int connect_timeout_ms = 10'000;
  // Idle connections are not used again after this time: below the server's own keep-alive time, so
  // that a request rarely meets a connection that the server is just closing.
  int connection_idle_max_s = 30;
  // Connections are not used again after this time, so that changes in DNS are followed.
  int connection_age_max_s = 600;
  // The only proxy ever used; the environment's are ignored.
  std::string proxy;
  // PEM file with the trusted roots; the system's store when empty.
  std::string ca_file;
};

// A snapshot; counters since the pool was created.
struct PoolStats {
  struct Share {
    std::int64_t in_flight = 0;
    std::int64_t queued = 0;
    std::int64_t refused_full = 0;
  };
  Share writes;
  Share reads;
  std::int64_t not_sent =
      0;  // Ended by outcome; those refused on the spot are in refused_full alone.
  std::int64_t unknown = 0;
  std::int64_t answered = 0;
  std::int64_t connections_new = 0;  // Requests that were sent on a connection of their own making
  std::int64_t connections_reused = 0;  // and on an existing one.
};

class EventLoop;

class CurlPool final : public Client {
 public:
  // Checks the URL, the loops and the connections, and starts the loops.
  static absl::StatusOr<std::unique_ptr<CurlPool>> Create(PoolOptions options);
  // Stops.
  ~CurlPool() override;

  // On a loop's own thread, or a thread that drives a loop, the request goes to that loop;
  // elsewhere round-robin.
  void Start(Request request, Done done) override;

  // The loops, for threads that each drive one.
  std::vector<Drivable*> loops();

  // Refuses new requests, ends waiting ones as kStopped, waits for the transfers in flight (until
  // their deadlines at the latest) and joins the threads. All callbacks have run when it returns.
  void Stop();

  PoolStats Stats() const;

 private:
  CurlPool() = default;
  std::size_t FirstLoop();

  std::vector<std::unique_ptr<EventLoop>> loops_;
  Mutex stop_mutex_;  // One caller joins the threads; others wait for it.
  std::atomic<std::uint32_t> next_loop_{0};
};

}  // namespace msp::http
