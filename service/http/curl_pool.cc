// SPDX-License-Identifier: Apache-2.0

#include "service/http/curl_pool.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/curl/setup.h"
#include "service/curl/url.h"
#include "service/http/event_loop.h"

namespace msp::http {
namespace {

// The program's settings bound the other values (service/config/options.cc).
absl::Status CheckOptions(const PoolOptions& options) {
  if (options.loops < 1 || options.connections_max < 2 * options.loops)
    return absl::InvalidArgumentError("connections_max is less than two per loop");
  if (const auto url = curl::ParseUrl(options.base_url); url && !url->has_query)
    return absl::OkStatus();
  return absl::InvalidArgumentError("base URL is not http(s)://host[:port][/path]");
}

// The share of `whole` of loop `index` of `count`.
int Part(int whole, int index, int count) {
  return whole / count + (index < whole % count ? 1 : 0);
}

struct BaseUrl {
  std::string authority;  // As in the Host header.
  std::string path;
};
// `url` has been checked.
BaseUrl Split(const std::string& url) {
  const std::size_t host = url.find("//") + 2;
  const std::size_t path = std::min(url.find('/', host), url.size());
  return {url.substr(host, path - host), url.substr(path)};
}

LoopOptions OptionsOfLoop(const PoolOptions& options, int index) {
  const int transfers = Part(options.connections_max, index, options.loops);
  const int queue = Part(options.queue_max, index, options.loops);
  LoopOptions loop;
  loop.index = index;
  loop.reads.in_flight_max = std::clamp(transfers * options.read_percent / 100, 1, transfers - 1);
  loop.reads.queue_max = queue * options.read_percent / 100;
  loop.writes.in_flight_max = transfers - loop.reads.in_flight_max;
  loop.writes.queue_max = queue - loop.reads.queue_max;
  const BaseUrl url = Split(options.base_url);
  loop.request.path = url.path;
  loop.request.header_text =
      absl::StrCat("Host: ", url.authority, "\r\nUser-Agent: multisafepay-grpc/", MSP_VERSION,
                   "\r\nAccept-Encoding: identity\r\n");
  loop.request.body_max_bytes = static_cast<std::size_t>(options.body_max_bytes);
  loop.bodies_max_bytes =
      std::max(static_cast<std::size_t>(options.bodies_max_bytes / options.loops),
               2 * loop.request.body_max_bytes);
  loop.connections.connection = {.base_url = options.base_url,
                                 .transport = {.proxy = options.proxy,
                                               .ca_file = options.ca_file,
                                               .connect_timeout_ms = options.connect_timeout_ms}};
  loop.connections.idle_max = std::chrono::seconds(options.connection_idle_max_s);
  loop.connections.age_max = std::chrono::seconds(options.connection_age_max_s);
  return loop;
}

// True for a target that cannot change the base URL: a path without characters that end a request
// line or a URL's path and query.
bool IsTarget(std::string_view target) {
  return target.starts_with('/') && std::none_of(target.begin(), target.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte <= 0x20 || byte >= 0x7F || c == '#' || c == '\\';
         });
}

void RefuseOnTheSpot(PendingRequest pending, TransferError failure, const char* detail) {
  Response response = Refuse(pending, failure, detail);
  std::move(pending.done)(std::move(response));
}

}  // namespace

CurlPool::~CurlPool() { Stop(); }

absl::StatusOr<std::unique_ptr<CurlPool>> CurlPool::Create(PoolOptions options) {
  while (options.base_url.ends_with('/')) options.base_url.pop_back();
  // First, because libcurl also checks the URL.
  if (absl::Status status = curl::InitCurl(); !status.ok()) return status;
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  std::unique_ptr<CurlPool> pool(new CurlPool);
  for (int i = 0; i < options.loops; ++i) {
    auto loop = EventLoop::Create(OptionsOfLoop(options, i));
    if (!loop.ok()) return loop.status();
    pool->loops_.push_back(*std::move(loop));
  }
  return pool;
}

std::size_t CurlPool::FirstLoop() {
  const EventLoop* const current = EventLoop::OfThisThread();
  for (std::size_t i = 0; current != nullptr && i < loops_.size(); ++i) {
    if (loops_[i].get() == current) return i;
  }
  return next_loop_.fetch_add(1, std::memory_order_relaxed) % loops_.size();
}

void CurlPool::Start(Request request, Done done) {
  PendingRequest pending{std::move(request), std::move(done), Clock::now()};
  if (!IsTarget(pending.request.target))
    return RefuseOnTheSpot(std::move(pending), TransferError::kConnect, "Malformed target");
  const std::size_t first = FirstLoop();
  EventLoop::Submitted submitted = EventLoop::Submitted::kFull;
  // A full loop passes the request on.
  for (std::size_t i = 0; i < loops_.size() && submitted == EventLoop::Submitted::kFull; ++i)
    submitted = loops_[(first + i) % loops_.size()]->Submit(pending);
  if (submitted == EventLoop::Submitted::kFull)
    return RefuseOnTheSpot(std::move(pending), TransferError::kQueueFull, "Queue full");
  if (submitted == EventLoop::Submitted::kClosed)
    RefuseOnTheSpot(std::move(pending), TransferError::kStopped, "Stopping");
}

std::vector<Drivable*> CurlPool::loops() {
  std::vector<Drivable*> all;
  for (const auto& loop : loops_) all.push_back(loop.get());
  return all;
}

void CurlPool::Stop() {
  MutexLock lock(stop_mutex_);
  for (const auto& loop : loops_) loop->Close();
  for (const auto& loop : loops_) loop->Join();
}

PoolStats CurlPool::Stats() const {
  PoolStats stats;
  for (const auto& loop : loops_) loop->AddTo(stats);
  return stats;
}

}  // namespace msp::http
