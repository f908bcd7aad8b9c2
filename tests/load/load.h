// SPDX-License-Identifier: Apache-2.0

// Load by one thread: many calls in flight over a few channels, at a rate (open loop: calls are due
// whatever became of earlier ones) or so many at a time (closed loop).
//
// A Load belongs to one thread; several may run side by side. Every call has an order id of its
// own, since equal ones in flight would join one another.
#pragma once

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <climits>
#include <memory>
#include <string>
#include <vector>

#include "tests/load/journal.h"

namespace msp::load {

enum class Rpc { kCreateOrder, kGetOrder };

struct LoadOptions {
  // One address, or "ipv4:HOST:PORT,HOST:PORT": calls go to all of them in turn.
  std::string target;
  int channels = 4;  // Each with connections of its own, as different clients have them.
  Rpc rpc = Rpc::kCreateOrder;
  // Of the order ids of CreateOrder, which end in ten digits; the whole id of GetOrder.
  std::string order_id;
  std::chrono::milliseconds deadline{10'000};
};

struct LoadProfile {
  std::chrono::milliseconds length{LLONG_MAX / 2'000'000};  // New calls are sent for so long,
  long calls_max = LONG_MAX;                                // and this many at most.
  double per_s = 0;                                         // Open loop; 0 is a closed one.
  int in_flight_max = 100;                                  // Of a closed loop.
};

class Load {
 public:
  explicit Load(LoadOptions options);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Sends as planned and returns when the last call has ended. May be called again: order ids go
  // on where they were.
  Journal Run(const LoadProfile& profile);

 private:
  struct Call {
    std::unique_ptr<grpc::ClientContext> context;
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
    grpc::ByteBuffer reply;
    grpc::Status status;
    Clock::time_point sent;
    Clock::time_point due;
  };

  void Begin(Clock::time_point due);
  void End(Call* call, Journal& journal);
  grpc::ByteBuffer NextRequest();

  const LoadOptions options_;
  std::string method_;
  std::string request_;  // Serialized, with the place of the id's digits.
  std::size_t digits_at_ = 0;
  long number_ = 0;
  long active_ = 0;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  std::vector<std::unique_ptr<Call>> idle_;
  grpc::CompletionQueue queue_;
};

}  // namespace msp::load
