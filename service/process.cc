// SPDX-License-Identifier: Apache-2.0

#include "service/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "absl/strings/str_cat.h"

namespace msp {
namespace {

absl::Status Refused(absl::string_view what) {
  return absl::InternalError(absl::StrCat("the system refuses ", what, " (errno ", errno, ")"));
}

}  // namespace

absl::Status HardenProcess(const ProcessOptions& options) {
  if (!options.allow_dumps) {
    // The limit prevents core files. The flag also prevents those that the kernel pipes to a
    // program (core_pattern with a pipe ignores a limit of 0), and ptrace.
    const rlimit none{0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0) return Refused("to disable core files");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return Refused("to disable dumps");
  }
  if (!options.scrub_memory) return absl::OkStatus();
#ifdef MSP_ZEROIZE_FREED
  ZeroizeFreedMemory();
  return absl::OkStatus();
#else
  return absl::UnimplementedError(
      "--scrub_memory: not available in a build with a sanitizer's allocator");
#endif
}

std::int64_t RaiseDescriptorLimit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return 0;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  getrlimit(RLIMIT_NOFILE, &files);
  constexpr rlim_t kUnlimited = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::min(files.rlim_cur, kUnlimited));
}

}  // namespace msp
