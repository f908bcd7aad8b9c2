// SPDX-License-Identifier: Apache-2.0

// What the HTTP floors have in common: their arguments, the clock and the line that they print.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace msp::bench {

using Clock = std::chrono::steady_clock;

// Requests of each connection before the clock runs: the service's connections are open, too.
inline constexpr long kWarmingRequests = 3;

struct FloorOptions {
  std::string url;
  std::string body;
  long requests = 0;
  int in_flight = 0;
  const char* ca_file = nullptr;
};

// How long each request took, in microseconds.
class Times {
 public:
  void Add(Clock::time_point start) {
    us_.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  void Clear() { us_.clear(); }
  // The time that `share` of the requests did not exceed.
  double Quantile(double share) {
    if (us_.empty()) return 0;
    const auto at = static_cast<long>(share * static_cast<double>(us_.size() - 1));
    std::nth_element(us_.begin(), us_.begin() + at, us_.end());
    return us_[static_cast<std::size_t>(at)];
  }

 private:
  std::vector<double> us_;
};

inline double CpuMicroseconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

// usage: PROGRAM URL BODY_FILE REQUESTS IN_FLIGHT [CA_FILE]
// prints {"requests":N,"failed":N,"cpu_us":X,"wall_us":X,"p50_us":X,"p99_us":X}
//
// Load(options) has Run(requests), failed() and times().
template <class Load>
int RunFloor(int argc, char** argv) {
  if (argc < 5) {
    std::cerr << "usage: " << argv[0] << " URL BODY_FILE REQUESTS IN_FLIGHT [CA_FILE]\n";
    return 2;
  }
  std::ifstream in(argv[2]);
  std::ostringstream body;
  body << in.rdbuf();
  const FloorOptions options{.url = argv[1],
                             .body = body.str(),
                             .requests = std::atol(argv[3]),
                             .in_flight = std::atoi(argv[4]),
                             .ca_file = argc > 5 ? argv[5] : nullptr};
  Load load(options);
  load.Run(kWarmingRequests * options.in_flight);
  load.times().Clear();
  const double cpu = CpuMicroseconds();
  const auto wall = Clock::now();
  load.Run(options.requests);
  const double cpu_us = CpuMicroseconds() - cpu;
  const double wall_us = std::chrono::duration<double, std::micro>(Clock::now() - wall).count();
  const auto count = static_cast<double>(options.requests);
  std::cout << "{\"requests\":" << options.requests << ",\"failed\":" << load.failed()
            << ",\"cpu_us\":" << cpu_us / count << ",\"wall_us\":" << wall_us / count
            << ",\"p50_us\":" << load.times().Quantile(0.5)
            << ",\"p99_us\":" << load.times().Quantile(0.99) << "}\n";
  return load.failed() == 0 ? 0 : 1;
}

}  // namespace msp::bench
