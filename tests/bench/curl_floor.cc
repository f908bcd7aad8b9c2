// SPDX-License-Identifier: Apache-2.0

// The floor under the service: libcurl alone. One thread, curl_multi_socket_action over epoll with
// reused handles, N transfers in flight, none of our code. What a request costs here is what
// libcurl costs.
//
// Usage and output: floor.h.

#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <unordered_set>

#include "tests/bench/floor.h"

namespace msp::bench {
namespace {

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

struct Transfer {
  CURL* easy = nullptr;
  Clock::time_point start;
};

class CurlLoad {
 public:
  explicit CurlLoad(FloorOptions options) : options_(std::move(options)) {
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
    transfers_.resize(static_cast<std::size_t>(options_.in_flight));
    for (Transfer& transfer : transfers_) {
      transfer.easy = MakeHandle();
      curl_easy_setopt(transfer.easy, CURLOPT_PRIVATE, &transfer);
    }
  }

  void Run(long requests) {
    left_ = requests;
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
  Times& times() { return times_; }

 private:
  CURL* MakeHandle() {
    CURL* easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, options_.url.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, options_.body.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(options_.body.size()));
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, Drop);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 30'000L);
    if (options_.ca_file != nullptr) curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file);
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
      times_.Add(transfer.start);
      curl_multi_remove_handle(multi_, easy);
      --active_;
      Begin(transfer);
    }
  }

  const FloorOptions options_;
  long left_ = 0;
  long active_ = 0;
  long failed_ = 0;
  Loop loop_;
  CURLM* multi_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::vector<Transfer> transfers_;
  Times times_;
};

}  // namespace
}  // namespace msp::bench

int main(int argc, char** argv) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  return msp::bench::RunFloor<msp::bench::CurlLoad>(argc, argv);
}
