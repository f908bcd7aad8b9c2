// SPDX-License-Identifier: Apache-2.0

// The HTTP pool's own cost over curl_floor: the same load, through CurlPool, one worker. Each
// answer's callback starts the next request, so everything but the first N starts runs on the
// worker's thread.
//
// usage: pool_load URL TARGET BODY_FILE REQUESTS IN_FLIGHT [CA_FILE]
// prints {"requests":N,"failed":N,"cpu_us":X,"wall_us":X,"p50_us":X}
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "service/http/curl_pool.h"

namespace {

using msp::http::Clock;

double CpuMicroseconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

class Load {
 public:
  Load(msp::http::Client& client, std::string target, std::string body, long requests)
      : client_(client), target_(std::move(target)), body_(std::move(body)), requests_(requests) {
    times_us_.reserve(static_cast<std::size_t>(requests));
  }

  void Run(int in_flight) {
    for (int i = 0; i < in_flight; ++i) Begin();
    finished_.get_future().wait();
  }

  long failed() const { return failed_; }
  double Median() {
    const auto middle = times_us_.begin() + static_cast<long>(times_us_.size() / 2);
    std::nth_element(times_us_.begin(), middle, times_us_.end());
    return *middle;
  }

 private:
  void Begin() {
    if (begun_.fetch_add(1) >= requests_) return;
    msp::http::Request request;
    request.method = msp::http::Method::kPost;
    request.target = target_;
    request.body = body_;
    request.headers = headers_;
    const Clock::time_point start = Clock::now();
    request.deadline = start + std::chrono::seconds(30);
    client_.Start(std::move(request), [this, start](msp::http::Response response) {
      times_us_.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
      if (response.outcome != msp::http::CallOutcome::kSuccess || response.status != 200) ++failed_;
      const bool last = ++ended_ == requests_;
      Begin();
      if (last) finished_.set_value();
    });
  }

  msp::http::Client& client_;
  const std::string target_;
  const std::string body_;
  const long requests_;
  const std::shared_ptr<const msp::http::Headers> headers_ = std::make_shared<msp::http::Headers>(
      std::vector<std::string>{"api_key: floor-key-0001", "Accept: application/json"});
  std::atomic<long> begun_{0};
  std::promise<void> finished_;
  // On the worker's thread alone.
  long ended_ = 0;
  long failed_ = 0;
  std::vector<double> times_us_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::cerr << "usage: pool_load URL TARGET BODY_FILE REQUESTS IN_FLIGHT [CA_FILE]\n";
    return 2;
  }
  std::ifstream in(argv[3]);
  std::ostringstream body;
  body << in.rdbuf();
  const long requests = std::atol(argv[4]);
  msp::http::PoolOptions options;
  options.base_url = argv[1];
  if (argc > 6) options.ca_file = argv[6];
  auto pool = msp::http::CurlPool::Create(options);
  if (!pool.ok()) {
    std::cerr << pool.status().message() << "\n";
    return 2;
  }
  Load load(**pool, argv[2], body.str(), requests);
  const double cpu = CpuMicroseconds();
  const auto wall = Clock::now();
  load.Run(std::atoi(argv[5]));
  const double cpu_us = CpuMicroseconds() - cpu;
  const double wall_us = std::chrono::duration<double, std::micro>(Clock::now() - wall).count();
  (*pool)->Stop();
  std::cout << "{\"requests\":" << requests << ",\"failed\":" << load.failed()
            << ",\"cpu_us\":" << cpu_us / static_cast<double>(requests)
            << ",\"wall_us\":" << wall_us / static_cast<double>(requests)
            << ",\"p50_us\":" << load.Median() << "}\n";
  return load.failed() == 0 ? 0 : 1;
}
