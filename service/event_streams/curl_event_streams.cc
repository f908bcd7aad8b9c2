// SPDX-License-Identifier: Apache-2.0

#include "service/event_streams/curl_event_streams.h"

#include <curl/curl.h>

#include <algorithm>
#include <utility>

#include "service/base/text.h"
#include "service/curl/setup.h"
#include "service/curl/url.h"
#include "service/event_streams/curl_event_stream.h"
#include "service/http/client.h"

namespace msp::event_streams {
namespace {

using std::chrono::milliseconds;

// The longest wait of the thread: a wait cannot take a clock's largest time.
constexpr milliseconds kWaitMax = std::chrono::minutes(1);

// Nothing that could end the header line or begin another value.
bool IsToken(std::string_view token) {
  return !token.empty() && token.size() <= EventStreamRequest::kTokenBytesMax &&
         std::ranges::all_of(token, [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

struct CurlEventStreams::Parts {
  explicit Parts(curl::Url api_address) : api(std::move(api_address)) {}
  ~Parts() { curl_multi_cleanup(multi); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  const curl::Url api;
  CURLM* const multi = curl_multi_init();
};

absl::StatusOr<std::unique_ptr<CurlEventStreams>> CurlEventStreams::Create(
    EventStreamOptions options, StreamCounts& counts) {
  if (absl::Status status = curl::InitCurl(); !status.ok()) return status;
  auto api = curl::ParseUrl(options.api_url);
  if (!api) return absl::InvalidArgumentError("base URL is not http(s)://host[:port][/path]");
  if (options.streams_max < 1) return absl::InvalidArgumentError("streams_max is below 1");
  auto parts = std::make_unique<Parts>(*std::move(api));
  if (parts->multi == nullptr) return absl::InternalError("libcurl has no memory");
  return std::unique_ptr<CurlEventStreams>(
      new CurlEventStreams(std::move(options), std::move(parts), counts));
}

CurlEventStreams::CurlEventStreams(EventStreamOptions options, std::unique_ptr<Parts> parts,
                                   StreamCounts& counts)
    : options_(std::move(options)), parts_(std::move(parts)), counts_(counts) {}

CurlEventStreams::~CurlEventStreams() { Stop(); }

StreamOpened CurlEventStreams::Check(EventStreamRequest& request) {
  std::optional<curl::Url> url;
  if (request.url.size() <= EventStreamRequest::kUrlBytesMax) url = curl::ParseUrl(request.url);
  if (!url || !curl::IsStreamAddress(*url, parts_->api, options_.domains)) {
    counts_.Count(StreamCount::kBadAddress);
    return StreamOpened::kBadAddress;
  }
  if (!IsToken(request.token)) {
    counts_.Count(StreamCount::kBadToken);
    return StreamOpened::kBadToken;
  }
  request.url = std::move(url->text);
  return StreamOpened::kOpened;
}

EventStreams::OpenResult CurlEventStreams::Open(EventStreamRequest request, OnSignal on_signal) {
  if (const StreamOpened refusal = Check(request); refusal != StreamOpened::kOpened) {
    ZeroizeString(request.token);
    return {.opened = refusal};
  }
  Id id = 0;
  {
    MutexLock lock(mutex_);
    const bool full = open_.size() >= static_cast<std::size_t>(options_.streams_max);
    if (stopping_ || full) {
      ZeroizeString(request.token);
      if (stopping_) return {.opened = StreamOpened::kStopped};
      counts_.Count(StreamCount::kFull);
      return {.opened = StreamOpened::kFull};
    }
    id = ++last_id_;
    open_.insert(id);
    counts_.open.fetch_add(1, std::memory_order_relaxed);
    opening_.push_back({id, std::move(request), std::move(on_signal)});
    if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  }
  curl_multi_wakeup(parts_->multi);
  return {.id = id};
}

void CurlEventStreams::Close(Id id) {
  {
    MutexLock lock(mutex_);
    if (!Remove(id)) return;
    closing_.push_back(id);
  }
  curl_multi_wakeup(parts_->multi);
}

// Frees its slot. False when it was no longer open.
bool CurlEventStreams::Remove(Id id) {
  if (open_.erase(id) == 0) return false;
  counts_.open.fetch_sub(1, std::memory_order_relaxed);
  return true;
}

void CurlEventStreams::Stop() {
  std::thread thread;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    std::swap(thread, thread_);
    for (Opening& opening : opening_) ZeroizeString(opening.request.token);
    opening_.clear();
    counts_.open.fetch_sub(static_cast<std::int64_t>(open_.size()), std::memory_order_relaxed);
    open_.clear();
  }
  curl_multi_wakeup(parts_->multi);
  if (thread.joinable()) thread.join();
}

// False at a stop.
bool CurlEventStreams::TakeChanges(Streams& streams) {
  std::vector<Opening> opening;
  std::vector<Id> closing;
  {
    MutexLock lock(mutex_);
    if (stopping_) return false;
    std::swap(opening, opening_);
    std::swap(closing, closing_);
  }
  const Clock::time_point now = Clock::now();
  for (Opening& one : opening) {
    streams.emplace(one.id, std::make_unique<CurlEventStream>(one.id, std::move(one.request),
                                                              std::move(one.on_signal), options_,
                                                              counts_, now));
  }
  for (const Id id : closing) streams.erase(id);
  return true;
}

void CurlEventStreams::EndTransfers() {
  int left = 0;
  for (CURLMsg* message = nullptr;
       (message = curl_multi_info_read(parts_->multi, &left)) != nullptr;) {
    if (message->msg == CURLMSG_DONE)
      CurlEventStream::Of(message->easy_handle).OnTransferEnd(Clock::now());
  }
}

void CurlEventStreams::Run() {
  Streams streams;
  while (TakeChanges(streams)) {
    for (auto& [id, stream] : streams) stream->Run(parts_->multi, Clock::now());
    int running = 0;
    curl_multi_perform(parts_->multi, &running);
    EndTransfers();
    Clock::time_point due = Clock::now() + kWaitMax;
    for (auto at = streams.begin(); at != streams.end();) {
      CurlEventStream& stream = *at->second;
      if (stream.ended()) {  // Free its slot before its signal.
        MutexLock lock(mutex_);
        Remove(at->first);
      }
      stream.DeliverSignals();
      if (stream.ended()) {
        at = streams.erase(at);
      } else {
        due = std::min(due, stream.due());
        ++at;
      }
    }
    const auto wait = std::chrono::ceil<milliseconds>(due - Clock::now());
    curl_multi_poll(parts_->multi, nullptr, 0,
                    static_cast<int>(std::max<std::int64_t>(wait.count(), 0)), nullptr);
  }
}

}  // namespace msp::event_streams
