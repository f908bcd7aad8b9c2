// SPDX-License-Identifier: Apache-2.0

#include "service/event_streams/curl_event_stream.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/base/random.h"
#include "service/base/text.h"
#include "service/curl/setup.h"
#include "service/event_streams/reconnect_delay.h"

namespace msp::event_streams {
namespace {

constexpr char kContentType[] = "text/event-stream";
constexpr std::size_t kHeaderBytesMax = std::size_t{64} << 10;
// Limit on reading an answer without a stream.
constexpr long kReadBufferBytes = 4096;
constexpr int kRequestTimeout = 408, kTooManyRequests = 429, kServerError = 500;

// True for a status that is retried, like a missing answer. Every other status without a
// stream ends the stream.
bool IsRetryable(long status) {
  return status == kRequestTimeout || status == kTooManyRequests || status >= kServerError;
}

// 0 for none yet.
long StatusOf(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

bool IsEventStream(CURL* easy) {
  const char* type = nullptr;
  curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
  if (StatusOf(easy) != 200 || type == nullptr) return false;
  const absl::string_view media =
      absl::string_view(type).substr(0, absl::string_view(type).find(';'));
  return absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(media), kContentType);
}

double RandomPart() { return static_cast<double>(RandomBelow(1'000)) / 1'000; }

}  // namespace

CurlEventStream::CurlEventStream(EventStreams::Id id, EventStreamRequest request,
                                 EventStreams::OnSignal on_signal,
                                 const EventStreamOptions& options, StreamCounts& counts,
                                 Clock::time_point now)
    : id_(id),
      url_(std::move(request.url)),
      on_signal_(std::move(on_signal)),
      options_(options),
      counts_(counts),
      began_(now),
      connect_at_(now) {
  constexpr std::string_view kScheme = "Authorization: Bearer ";
  authorization_.reserve(kScheme.size() + request.token.size());
  authorization_.append(kScheme).append(request.token);
  ZeroizeString(request.token);
}

CurlEventStream::~CurlEventStream() {
  Disconnect();
  ZeroizeString(authorization_);
  ZeroizeString(url_);
}

CurlEventStream& CurlEventStream::Of(CURL* easy) {
  void* self = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
  return *static_cast<CurlEventStream*>(self);
}

void CurlEventStream::Run(CURLM* multi, Clock::time_point now) {
  if (ended_ || now < due()) return;
  if (now >= began_ + options_.age_max) return End(StreamCount::kGivenUp);
  if (easy_ != nullptr || !Connect(multi, now)) Break(0, now);
}

Clock::time_point CurlEventStream::due() const {
  Clock::time_point next = connect_at_;
  if (easy_ != nullptr)
    next = connected_ ? last_byte_at_ + options_.silence_max : phase_began_ + options_.answer_max;
  return std::min(next, began_ + options_.age_max);
}

bool CurlEventStream::Connect(CURLM* multi, Clock::time_point now) {
  easy_ = curl_easy_init();
  if (easy_ == nullptr) return false;
  parser_.Restart();
  header_bytes_ = 0;
  answered_ = false;
  phase_began_ = last_byte_at_ = now;
  MakeHeaders();
  if (!SetOptions() || curl_multi_add_handle(multi, easy_) != CURLM_OK) return false;
  multi_ = multi;
  return true;
}

// This class owns the list, so that the token's line is zeroized; libcurl only reads it.
void CurlEventStream::MakeHeaders() {
  lines_ = {absl::StrCat("Accept: ", kContentType), "Cache-Control: no-store"};
  const std::string& id = parser_.last_event_id();
  if (const std::string line = absl::StrCat("Last-Event-ID: ", id);
      !id.empty() && http::IsHeaderLine(line))
    lines_.push_back(line);
  headers_.assign(lines_.size() + 1, curl_slist{});
  headers_[0].data = authorization_.data();
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    headers_[i].next = &headers_[i + 1];
    headers_[i + 1].data = lines_[i].data();
  }
}

bool CurlEventStream::SetOptions() {
  const auto set = [this](CURLoption option, auto value) {
    return curl_easy_setopt(easy_, option, value) == CURLE_OK;
  };
  const curl::TransportOptions transport{.proxy = options_.proxy,
                                         .ca_file = options_.ca_file,
                                         .connect_timeout_ms = options_.connect_timeout_ms};
  const char* const scheme = url_.starts_with("https:") ? "https" : "http";
  return set(CURLOPT_PRIVATE, this) && set(CURLOPT_URL, url_.c_str()) &&
         curl::SetTransport(easy_, transport, scheme) && set(CURLOPT_HTTPHEADER, headers_.data()) &&
         set(CURLOPT_USERAGENT, "multisafepay-grpc/" MSP_VERSION) &&
         // Each stream has its own connection, which is closed with it.
         set(CURLOPT_FORBID_REUSE, 1L) && set(CURLOPT_BUFFERSIZE, kReadBufferBytes) &&
         set(CURLOPT_HEADERFUNCTION, &OnHeader) && set(CURLOPT_HEADERDATA, this) &&
         set(CURLOPT_WRITEFUNCTION, &OnBody) && set(CURLOPT_WRITEDATA, this);
}

void CurlEventStream::Disconnect() {
  if (easy_ == nullptr) return;
  if (multi_ != nullptr) curl_multi_remove_handle(multi_, easy_);
  curl_easy_cleanup(easy_);
  easy_ = nullptr;
  multi_ = nullptr;
  connected_ = false;
}

std::size_t CurlEventStream::OnHeader(char* bytes, std::size_t size, std::size_t count,
                                      void* self) {
  CurlEventStream& stream = *static_cast<CurlEventStream*>(self);
  const std::string_view line(bytes, size * count);
  stream.header_bytes_ += line.size();
  if (stream.header_bytes_ > kHeaderBytesMax) return 0;
  // After an interim answer another one follows.
  const bool last = (line == "\r\n" || line == "\n") && StatusOf(stream.easy_) >= 200;
  stream.answered_ = stream.answered_ || last;
  if (last && IsEventStream(stream.easy_)) {
    stream.connected_ = stream.report_connected_ = true;
    stream.phase_began_ = stream.last_byte_at_ = Clock::now();
    stream.counts_.Count(StreamCount::kConnected);
  }
  return line.size();
}

// Returning less than the size ends the transfer.
std::size_t CurlEventStream::OnBody(char* bytes, std::size_t size, std::size_t count, void* self) {
  CurlEventStream& stream = *static_cast<CurlEventStream*>(self);
  if (!stream.connected_) return 0;
  const std::string_view text(bytes, size * count);
  stream.last_byte_at_ = Clock::now();
  const bool fits = stream.parser_.Feed(text);
  if (const std::int64_t events = stream.parser_.TakeEvents(); events > 0) {
    stream.counts_.Count(StreamCount::kEvent, events);
    stream.report_events_ = true;
  }
  return fits ? text.size() : 0;
}

void CurlEventStream::OnTransferEnd(Clock::time_point now) {
  curl_off_t retry_after_s = 0;
  curl_easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &retry_after_s);
  if (answered_ && !connected_ && !IsRetryable(StatusOf(easy_))) return End(StreamCount::kRefused);
  Break(retry_after_s, now);
}

void CurlEventStream::Break(std::int64_t retry_after_s, Clock::time_point now) {
  const bool lasted = connected_ && now - phase_began_ >= options_.lasting;
  failures_ = lasted ? 1 : failures_ + 1;
  Disconnect();
  if (failures_ > options_.failures_max) return End(StreamCount::kGivenUp);
  counts_.Count(StreamCount::kReconnect);
  connect_at_ = now + ReconnectDelay({.failures = failures_,
                                      .retry_ms = parser_.retry_ms(),
                                      .retry_after_s = retry_after_s},
                                     RandomPart());
}

void CurlEventStream::End(StreamCount why) {
  Disconnect();
  counts_.Count(why);
  ended_ = true;
}

void CurlEventStream::DeliverSignals() {
  if (std::exchange(report_connected_, false)) on_signal_(id_, StreamSignal::kConnected);
  if (std::exchange(report_events_, false)) on_signal_(id_, StreamSignal::kEvents);
  if (ended_) on_signal_(id_, StreamSignal::kEnded);
}

}  // namespace msp::event_streams
