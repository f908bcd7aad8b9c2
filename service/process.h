// SPDX-License-Identifier: Apache-2.0

// The process's own defences: its memory is nobody else's to read, and what it frees is overwritten
// where the operator asks for that. Called by main, once, before the first thread.
#pragma once

#include "absl/status/status.h"

namespace msp {

struct ProcessOptions {
  // --allow_dumps: leaves core files, debuggers and /proc/PID/mem to all who may have them by the
  // system's own rules. For tests.
  bool allow_dumps = false;
  // --scrub_memory: see scrub.cc, which only builds with mimalloc have (MSP_CAN_SCRUB).
  bool scrub_memory = false;
};

// No core file, no debugger, no /proc/PID/mem and /proc/PID/environ for others of the same user
// (PR_SET_DUMPABLE 0, RLIMIT_CORE 0). An error is the system's refusal: a service that was told to
// keep cards must not start without.
absl::Status HardenProcess(const ProcessOptions& options);

// From here on, every block that goes back to the allocator is overwritten first, also by
// libraries: gRPC, protobuf, libcurl, OpenSSL.
void ScrubFreedMemory();

}  // namespace msp
