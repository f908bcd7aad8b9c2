#include "service/http/curl_pool.h"

#include <curl/curl.h>
#include <signal.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/text.h"
#include "service/http/curl_worker.h"

namespace msp::http {
namespace {

// Once per process, before the first thread of libcurl's; never undone, since other pools may live
// on.
absl::Status InitCurl() {
  static std::once_flag once;
  static CURLcode result = CURLE_OK;
  std::call_once(once, [] {
    // Callers' threads write to connections, too, and OpenSSL does so without MSG_NOSIGNAL: one
    // that the other side has closed must not end the program. A handler of its own stays.
    struct sigaction current {};
    if (sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL)
      signal(SIGPIPE, SIG_IGN);
    result = curl_global_init(CURL_GLOBAL_DEFAULT);
  });
  if (result != CURLE_OK) return absl::InternalError(curl_easy_strerror(result));
  return absl::OkStatus();
}

absl::Status CheckBaseUrl(const std::string& url) {
  CURLU* const parsed = curl_url();
  const auto has = [parsed](CURLUPart part) {
    char* text = nullptr;
    const bool found = curl_url_get(parsed, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return found;
  };
  const bool fine = (url.starts_with("http://") || url.starts_with("https://")) &&
                    parsed != nullptr &&
                    curl_url_set(parsed, CURLUPART_URL, url.c_str(), 0) == CURLUE_OK &&
                    has(CURLUPART_HOST) && !has(CURLUPART_USER) && !has(CURLUPART_PASSWORD) &&
                    !has(CURLUPART_QUERY) && !has(CURLUPART_FRAGMENT);
  curl_url_cleanup(parsed);
  if (fine) return absl::OkStatus();
  return absl::InvalidArgumentError("base URL is not http(s)://host[:port][/path]");
}

absl::Status CheckOptions(const PoolOptions& options) {
  struct Range {
    const char* name;
    int value, min, max;
  };
  const Range ranges[] = {
      {"workers", options.workers, 1, 256},
      {"connections_max", options.connections_max, 2 * options.workers, 65536},
      {"queue_max", options.queue_max, 0, 1 << 20},
      {"read_percent", options.read_percent, 0, 100},
      {"body_max_bytes", options.body_max_bytes, 1, 1 << 30},
      {"connect_timeout_ms", options.connect_timeout_ms, 1, 600'000},
      {"connection_idle_max_s", options.connection_idle_max_s, 1, 86'400},
      {"connection_age_max_s", options.connection_age_max_s, 1, 86'400},
  };
  for (const Range& range : ranges) {
    if (range.value < range.min || range.value > range.max) {
      return absl::InvalidArgumentError(
          absl::StrCat(range.name, " is not between ", range.min, " and ", range.max));
    }
  }
  if (options.bodies_max_bytes < 0)
    return absl::InvalidArgumentError("bodies_max_bytes is negative");
  return CheckBaseUrl(options.base_url);
}

// The part of `whole` that falls to worker `index` of `count`.
int Part(int whole, int index, int count) {
  return whole / count + (index < whole % count ? 1 : 0);
}

struct BaseUrl {
  std::string authority;  // As the Host header has it.
  std::string path;
};
// Of a URL that was checked.
BaseUrl Split(const std::string& url) {
  const std::size_t host = url.find("//") + 2;
  const std::size_t path = std::min(url.find('/', host), url.size());
  return {url.substr(host, path - host), url.substr(path)};
}

WorkerOptions OptionsOfWorker(const PoolOptions& options, int index) {
  const int transfers = Part(options.connections_max, index, options.workers);
  const int queue = Part(options.queue_max, index, options.workers);
  WorkerOptions worker;
  worker.index = index;
  worker.reads.in_flight_max = std::clamp(transfers * options.read_percent / 100, 1, transfers - 1);
  worker.reads.queue_max = queue * options.read_percent / 100;
  worker.writes.in_flight_max = transfers - worker.reads.in_flight_max;
  worker.writes.queue_max = queue - worker.reads.queue_max;
  const BaseUrl url = Split(options.base_url);
  worker.request.path = url.path;
  worker.request.header_text =
      absl::StrCat("Host: ", url.authority, "\r\nUser-Agent: multisafepay-grpc/", MSP_VERSION,
                   "\r\nAccept-Encoding: identity\r\n");
  worker.request.body_max_bytes = static_cast<std::size_t>(options.body_max_bytes);
  worker.bodies_max_bytes =
      std::max(static_cast<std::size_t>(options.bodies_max_bytes / options.workers),
               2 * worker.request.body_max_bytes);
  worker.connections.connection = {.base_url = options.base_url,
                                   .proxy = options.proxy,
                                   .ca_file = options.ca_file,
                                   .connect_timeout_ms = options.connect_timeout_ms};
  worker.connections.idle_max = std::chrono::seconds(options.connection_idle_max_s);
  worker.connections.age_max = std::chrono::seconds(options.connection_age_max_s);
  return worker;
}

// A target that could not turn the base URL into another one: a path, without what ends a request
// line or a URL's path and query.
bool IsTarget(std::string_view target) {
  return target.starts_with('/') && std::none_of(target.begin(), target.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte <= 0x20 || byte >= 0x7F || c == '#' || c == '\\';
         });
}

void RefuseOnTheSpot(Job job, Failure failure, const char* detail) {
  Response response;
  response.failure = failure;
  response.detail = detail;
  WipeString(job.request.body);
  std::move(job.done)(std::move(response));
}

}  // namespace

CurlPool::CurlPool() = default;

CurlPool::~CurlPool() { Stop(); }

absl::StatusOr<std::unique_ptr<CurlPool>> CurlPool::Create(PoolOptions options) {
  while (options.base_url.ends_with('/')) options.base_url.pop_back();
  // First: checking the URL is libcurl's work too.
  if (absl::Status status = InitCurl(); !status.ok()) return status;
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  std::unique_ptr<CurlPool> pool(new CurlPool);
  for (int i = 0; i < options.workers; ++i) {
    auto worker = CurlWorker::Create(OptionsOfWorker(options, i));
    if (!worker.ok()) return worker.status();
    pool->workers_.push_back(*std::move(worker));
  }
  return pool;
}

void CurlPool::Start(Request request, Done done) {
  Job job{std::move(request), std::move(done), Clock::now()};
  if (!IsTarget(job.request.target)) {
    RefuseOnTheSpot(std::move(job), Failure::kConnect, "Malformed target");
    return;
  }
  // Round robin; a full worker passes the job on.
  const std::size_t count = workers_.size();
  const std::size_t first =
      count == 1 ? 0 : next_worker_.fetch_add(1, std::memory_order_relaxed) % count;
  CurlWorker::Offered offered = CurlWorker::Offered::kFull;
  for (std::size_t i = 0; i < count && offered == CurlWorker::Offered::kFull; ++i) {
    offered = workers_[(first + i) % count]->Offer(job);
  }
  if (offered == CurlWorker::Offered::kFull) {
    RefuseOnTheSpot(std::move(job), Failure::kQueueFull, "Queue full");
  } else if (offered == CurlWorker::Offered::kClosed) {
    RefuseOnTheSpot(std::move(job), Failure::kStopped, "Stopping");
  }
}

void CurlPool::Attend() {
  if (workers_.size() == 1) workers_.front()->Attend();
}

bool CurlPool::Work() { return workers_.size() == 1 && workers_.front()->Work(); }

void CurlPool::Rest() {
  if (workers_.size() == 1) workers_.front()->Rest();
}

void CurlPool::Stop() {
  MutexLock lock(stop_mutex_);
  for (const auto& worker : workers_) worker->Close();
  for (const auto& worker : workers_) worker->Join();
}

PoolStats CurlPool::Stats() const {
  PoolStats stats;
  const auto add = [](std::int64_t& sum, const std::atomic<std::int64_t>& counter) {
    sum += counter.load(std::memory_order_relaxed);
  };
  for (const auto& worker : workers_) {
    const WorkerCounters& counters = worker->counters();
    PoolStats::Share* const shares[] = {&stats.writes, &stats.reads};
    for (std::size_t i = 0; i < 2; ++i) {
      add(shares[i]->in_flight, counters.shares[i].in_flight);
      add(shares[i]->queued, counters.shares[i].outstanding);
      add(shares[i]->refused_full, counters.shares[i].refused_full);
    }
    add(stats.not_sent, counters.ended[static_cast<std::size_t>(Fate::kNotSent)]);
    add(stats.unknown, counters.ended[static_cast<std::size_t>(Fate::kUnknown)]);
    add(stats.answered, counters.ended[static_cast<std::size_t>(Fate::kAnswered)]);
    add(stats.connections_new, counters.connections_new);
    add(stats.connections_reused, counters.connections_reused);
  }
  for (PoolStats::Share* share : {&stats.writes, &stats.reads}) {
    share->queued = std::max<std::int64_t>(0, share->queued - share->in_flight);
  }
  return stats;
}

}  // namespace msp::http
