// SPDX-License-Identifier: Apache-2.0

// gRPC's own messages, which it would print to stderr in a form of its own: handshakes that failed
// are counted and logged; the rest is a line at level debug. Bounded in length and number.
#pragma once

#include <cstdint>

#include "service/telemetry/log.h"

namespace msp::server {

// From here to the end of the process; `log` stays alive as long.
void TakeGrpcLog(telemetry::Log& log);

// TLS handshakes that failed: no certificate, one of an unknown authority or out of date, no TLS.
std::int64_t HandshakesFailed();

}  // namespace msp::server
