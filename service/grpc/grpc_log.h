// SPDX-License-Identifier: Apache-2.0

// gRPC's own messages, which it would print to stderr in its own format. Failed handshakes are
// counted and logged; the others are lines at level debug. Bounded in length and number.
#pragma once

#include <cstdint>

#include "service/telemetry/log.h"

namespace msp::server {

// Until the end of the process; `log` must live as long.
void TakeGrpcLog(telemetry::Log& log);

// Failed TLS handshakes: no certificate, an unknown authority, an expired certificate, no TLS.
std::int64_t HandshakesFailed();

}  // namespace msp::server
