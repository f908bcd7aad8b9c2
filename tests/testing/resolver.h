// SPDX-License-Identifier: Apache-2.0

// A host name that really goes through the system's resolver calls, and leads to the loopback.
//
// An IP literal, and `localhost` too, never reach libcurl's threaded resolver, which has traps of
// its own. Linking this library replaces the process's getaddrinfo: it answers kUpstreamHost itself
// and passes every other name on. Any thread.
#pragma once

#include "tests/testing/gate.h"

namespace msp::testing {

inline constexpr char kUpstreamHost[] = "upstream.test";

// How often kUpstreamHost was looked up so far.
int ResolverLookups();

// From now on lookups of kUpstreamHost wait for `gate`; null takes that back. The gate outlives the
// lookups.
void HoldResolver(Gate* gate);

}  // namespace msp::testing
