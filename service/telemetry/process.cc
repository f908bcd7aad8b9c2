// SPDX-License-Identifier: Apache-2.0

#include "service/telemetry/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace msp::telemetry {
namespace {

// Field numbers of /proc/self/stat as in proc(5).
constexpr int kState = 3;
constexpr int kThreadsField = 20;
constexpr int kStartTicks = 22;
constexpr int kVirtualBytes = 23;
constexpr int kResidentPages = 24;

// A field behind the program's name, which may hold blanks; 0 when it cannot be read.
double Stat(int field) {
  std::ifstream in("/proc/self/stat");
  std::string line;
  std::getline(in, line);
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream rest(line.substr(name_end + 1));
  std::string word;
  for (int i = kState; i <= field; ++i) rest >> word;
  try {
    return std::stod(word);
  } catch (const std::exception&) {
    return 0;
  }
}

double BootSeconds() {
  std::ifstream in("/proc/stat");
  for (std::string word; in >> word;) {
    double seconds = 0;
    if (word == "btime" && in >> seconds) return seconds;
  }
  return 0;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double OpenDescriptors() {
  std::error_code error;
  double count = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
       at.increment(error))
    ++count;
  return count > 0 ? count - 1 : 0;  // Without the descriptor of this listing.
}

double DescriptorsMax() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

void AddProcessMetrics(Metrics& metrics) {
  using Kind = CollectedMetric::Kind;
  static const double start =
      BootSeconds() + Stat(kStartTicks) / static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto add = [&](const char* name, const char* help, Kind kind, auto read) {
    metrics.AddCollected({.name = name, .help = help, .kind = kind, .read = read});
  };
  add("process_cpu_seconds_total", "CPU time of the process, user and system.", Kind::kCounter,
      CpuSeconds);
  add("process_resident_memory_bytes", "Resident memory of the process.", Kind::kGauge,
      [] { return Stat(kResidentPages) * static_cast<double>(sysconf(_SC_PAGESIZE)); });
  add("process_virtual_memory_bytes", "Address space of the process.", Kind::kGauge,
      [] { return Stat(kVirtualBytes); });
  add("process_open_fds", "Open file descriptors.", Kind::kGauge, OpenDescriptors);
  add("process_max_fds", "Maximum number of open file descriptors.", Kind::kGauge, DescriptorsMax);
  add("process_threads", "Threads of the process.", Kind::kGauge,
      [] { return Stat(kThreadsField); });
  add("process_start_time_seconds", "When the process started, in Unix seconds.", Kind::kGauge,
      [] { return start; });
}

}  // namespace msp::telemetry
