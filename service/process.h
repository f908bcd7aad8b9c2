// SPDX-License-Identifier: Apache-2.0

// Hardens the process: other processes cannot read its memory, and freed memory is zeroized with
// --scrub_memory. Called by main, once, before the first thread.
#pragma once

#include <cstdint>

#include "absl/status/status.h"

namespace msp {

struct ProcessOptions {
  // --allow_dumps: allows core files, debuggers and /proc/PID/mem by the system's own rules. For
  // tests.
  bool allow_dumps = false;
  // --scrub_memory: see zeroize_freed_memory.cc, only in builds with mimalloc (MSP_ZEROIZE_FREED).
  bool scrub_memory = false;
};

// No core file, no debugger, no /proc/PID/mem and /proc/PID/environ for other processes of the user
// (PR_SET_DUMPABLE 0, RLIMIT_CORE 0). An error when the system refuses: a service that handles
// cards must not start without this.
absl::Status HardenProcess(const ProcessOptions& options);

// Every connection needs a descriptor, and the usual limit of 1,024 is below --connections_max:
// raises it to what the system allows the process, and returns that.
std::int64_t RaiseDescriptorLimit();

// From here on, every block is zeroized before it returns to the allocator, also those of
// libraries: gRPC, protobuf, libcurl, OpenSSL.
void ZeroizeFreedMemory();

}  // namespace msp
