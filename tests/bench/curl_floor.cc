// The floor under the service: libcurl alone. One thread, curl_multi_socket_action over epoll with
// re-used handles, N transfers in flight, none of our code. What a request costs here is what
// libcurl costs.
//
// usage: curl_floor URL BODY_FILE REQUESTS IN_FLIGHT [CA_FILE]
// prints {"requests":N,"failed":N,"cpu_us":X,"wall_us":X,"p50_us":X,"p99_us":X}
//
// Each handle sends a few requests before the clock runs: the service's connections are open, too.

#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <unordered_set>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr long kWarmingRequests = 3;  // Of each handle.

struct Loop {
  int epoll = epoll_create1(0);
  long timeout_ms = -1;
  std::unordered_set<curl_socket_t> known;
};

int OnSocket(CURL* /*easy*/, curl_socket_t socket, int what, void* data, void* /*per_socket*/) {
  auto& loop = *static_cast<Loop*>(data);
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(loop.epoll, EPOLL_CTL_DEL, socket, nullptr);
    loop.known.erase(socket);
    return 0;
  }
  epoll_event event{};
  event.data.fd = socket;
  if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
  const bool added = loop.known.insert(socket).second;
  epoll_ctl(loop.epoll, added ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
  return 0;
}

int OnTimer(CURLM* /*multi*/, long timeout_ms, void* data) {
  static_cast<Loop*>(data)->timeout_ms = timeout_ms;
  return 0;
}

std::size_t Drop(char* /*data*/, std::size_t size, std::size_t count, void* /*sink*/) {
  return size * count;
}

double CpuMicroseconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

struct Transfer {
  CURL* easy = nullptr;
  Clock::time_point start;
};

class Load {
 public:
  Load(std::string url, std::string body, int in_flight, const char* ca_file)
      : url_(std::move(url)), body_(std::move(body)), ca_file_(ca_file) {
    multi_ = curl_multi_init();
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, OnSocket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, &loop_);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, OnTimer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, &loop_);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 1024L);
    headers_ = curl_slist_append(nullptr, "Content-Type: application/json");
    headers_ = curl_slist_append(headers_, "Accept: application/json");
    headers_ = curl_slist_append(headers_, "api_key: floor-key-0001");
    headers_ = curl_slist_append(headers_, "Expect:");
    transfers_.resize(static_cast<std::size_t>(in_flight));
    for (Transfer& transfer : transfers_) {
      transfer.easy = MakeHandle();
      curl_easy_setopt(transfer.easy, CURLOPT_PRIVATE, &transfer);
    }
  }

  void Run(long requests) {
    left_ = requests;
    times_us_.clear();
    times_us_.reserve(static_cast<std::size_t>(requests));
    for (Transfer& transfer : transfers_) Begin(transfer);
    int running = 1;
    std::array<epoll_event, 64> events{};
    while (running > 0 || active_ > 0) {
      const int ready = epoll_wait(loop_.epoll, events.data(), static_cast<int>(events.size()),
                                   static_cast<int>(loop_.timeout_ms));
      if (ready <= 0) {
        loop_.timeout_ms = -1;
        curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
      }
      for (int i = 0; i < ready; ++i) {
        int mask = 0;
        if ((events[static_cast<std::size_t>(i)].events & EPOLLIN) != 0) mask |= CURL_CSELECT_IN;
        if ((events[static_cast<std::size_t>(i)].events & EPOLLOUT) != 0) mask |= CURL_CSELECT_OUT;
        curl_multi_socket_action(multi_, events[static_cast<std::size_t>(i)].data.fd, mask,
                                 &running);
      }
      Collect();
    }
  }

  long failed() const { return failed_; }
  // The time that `share` of the requests did not exceed.
  double Quantile(double share) {
    const auto at = static_cast<long>(share * static_cast<double>(times_us_.size() - 1));
    std::nth_element(times_us_.begin(), times_us_.begin() + at, times_us_.end());
    return times_us_[static_cast<std::size_t>(at)];
  }

 private:
  CURL* MakeHandle() {
    CURL* easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body_.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(body_.size()));
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, Drop);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 30'000L);
    if (ca_file_ != nullptr) curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file_);
    return easy;
  }

  void Begin(Transfer& transfer) {
    if (left_ == 0) return;
    --left_;
    ++active_;
    transfer.start = Clock::now();
    curl_multi_add_handle(multi_, transfer.easy);
  }

  void Collect() {
    int queued = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &queued)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* easy = message->easy_handle;
      long status = 0;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      if (message->data.result != CURLE_OK || status != 200) ++failed_;
      char* owner = nullptr;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &owner);
      auto& transfer = *reinterpret_cast<Transfer*>(owner);
      times_us_.push_back(
          std::chrono::duration<double, std::micro>(Clock::now() - transfer.start).count());
      curl_multi_remove_handle(multi_, easy);
      --active_;
      Begin(transfer);
    }
  }

  const std::string url_;
  const std::string body_;
  long left_ = 0;
  const char* ca_file_;
  long active_ = 0;
  long failed_ = 0;
  Loop loop_;
  CURLM* multi_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::vector<Transfer> transfers_;
  std::vector<double> times_us_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::cerr << "usage: curl_floor URL BODY_FILE REQUESTS IN_FLIGHT [CA_FILE]\n";
    return 2;
  }
  std::ifstream in(argv[2]);
  std::ostringstream body;
  body << in.rdbuf();
  const long requests = std::atol(argv[3]);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const int in_flight = std::atoi(argv[4]);
  Load load(argv[1], body.str(), in_flight, argc > 5 ? argv[5] : nullptr);
  load.Run(kWarmingRequests * in_flight);
  const double cpu = CpuMicroseconds();
  const auto wall = Clock::now();
  load.Run(requests);
  const double cpu_us = CpuMicroseconds() - cpu;
  const double wall_us = std::chrono::duration<double, std::micro>(Clock::now() - wall).count();
  std::cout << "{\"requests\":" << requests << ",\"failed\":" << load.failed()
            << ",\"cpu_us\":" << cpu_us / static_cast<double>(requests)
            << ",\"wall_us\":" << wall_us / static_cast<double>(requests)
            << ",\"p50_us\":" << load.Quantile(0.5) << ",\"p99_us\":" << load.Quantile(0.99)
            << "}\n";
  return load.failed() == 0 ? 0 : 1;
}
