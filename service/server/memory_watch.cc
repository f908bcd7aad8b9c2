#include "service/server/memory_watch.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <string>

namespace msp::server {
namespace {

constexpr std::int64_t kSharePercent = 66;

// 0 when there is no number: "max" is none.
std::int64_t ReadNumber(const std::string& path) {
  std::ifstream in(path);
  std::int64_t number = 0;
  return in >> number ? number : 0;
}

// This process's group in the hierarchy of version 2: "/" within a container's own namespace.
std::string OwnGroup() {
  std::ifstream in("/proc/self/cgroup");
  constexpr char kVersion2[] = "0::";
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(kVersion2)) return line.substr(sizeof kVersion2 - 1);
  }
  return "/";
}

}  // namespace

std::int64_t MemoryLimit() {
  std::int64_t limit = sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
  for (const std::string& path :
       {"/sys/fs/cgroup" + OwnGroup() + "/memory.max", std::string("/sys/fs/cgroup/memory.max"),
        std::string("/sys/fs/cgroup/memory/memory.limit_in_bytes")}) {
    if (const std::int64_t found = ReadNumber(path); found > 0) limit = std::min(limit, found);
  }
  return limit;
}

MemoryWatch::MemoryWatch(std::int64_t max_bytes)
    : statm_fd_(open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) {
  const std::int64_t limit = max_bytes > 0 ? max_bytes : MemoryLimit();
  short_pages_ = limit / 100 * kSharePercent / sysconf(_SC_PAGESIZE);
}

MemoryWatch::~MemoryWatch() {
  if (statm_fd_ >= 0) close(statm_fd_);
}

bool MemoryWatch::Short() const {
  std::array<char, 128> text{};  // "SIZE RESIDENT ...", in pages.
  const ssize_t size = statm_fd_ < 0 ? -1 : pread(statm_fd_, text.data(), text.size(), 0);
  if (size <= 0) return false;
  const char* const end = text.data() + size;
  const char* const resident = std::find<const char*>(text.data(), end, ' ');
  std::int64_t pages = 0;
  return resident != end && std::from_chars(resident + 1, end, pages).ec == std::errc() &&
         pages > short_pages_;
}

}  // namespace msp::server
