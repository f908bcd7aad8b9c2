// SPDX-License-Identifier: Apache-2.0

// How each method may be retried, read from the schema's own `retry` option. Any thread.
#pragma once

#include <string>

#include "google/protobuf/descriptor.h"

namespace msp::client {

enum class Repeat : std::uint8_t {
  kFreely,      // It only reads.
  kIdempotent,  // Idempotent; moves no money.
  kByPolicy,    // It moves money, or the schema does not set it: only by the retry policy.
};

Repeat RepeatOf(const google::protobuf::MethodDescriptor& method);

inline bool MovesMoney(const google::protobuf::MethodDescriptor& method) {
  return RepeatOf(method) == Repeat::kByPolicy;
}

// gRPC's service config, as JSON: reads are retried on UNAVAILABLE, with backoff, `attempts_max`
// attempts in all (gRPC accepts 2 to 5; less means none). It names no other method.
std::string ServiceConfig(int attempts_max);

}  // namespace msp::client
