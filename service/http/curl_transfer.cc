// SPDX-License-Identifier: Apache-2.0

#include "service/http/curl_transfer.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/text.h"
#include "service/http/send_outcome.h"

namespace msp::http {
namespace {

// Enough for most requests; memory for a longer one is freed after use.
constexpr std::size_t kRequestBytesKept = 8 << 10;

constexpr std::string_view kVerbs[] = {"GET ", "POST ", "PATCH ", "DELETE "};

std::int64_t Microseconds(Clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

}  // namespace

Response Refuse(PendingRequest& pending, TransferError failure, const char* detail) {
  Response response;
  response.failure = failure;
  response.detail = detail;
  response.timings.queue_us = Microseconds(Clock::now() - pending.submitted_at);
  ZeroizeString(pending.request.body);
  return response;
}

Transfer::Transfer(const RequestOptions& options, BodyBudget& budget)
    : options_(options), parser_(budget) {}

Transfer::~Transfer() { ZeroizeString(out_); }

void Transfer::Begin(PendingRequest pending, Clock::time_point now) {
  pending_ = std::move(pending);
  begun_at_ = now;
  first_byte_at_ = {};
  sent_bytes_ = 0;
  code_ = CURLE_OK;
  has_ended_ = write_failed_ = complete_ = too_large_ = deadline_passed_ = sent_again_ = false;
  WriteRequest();
  std::size_t body_max_bytes = options_.body_max_bytes;
  if (const std::size_t asked = pending_.request.response_max_bytes; asked > 0)
    body_max_bytes = std::min(body_max_bytes, asked);
  // The answer reuses the memory of the request's body.
  ZeroizeString(pending_.request.body);
  if (pending_.request.body.capacity() > kRequestBytesKept) pending_.request.body = {};
  parser_.Begin(body_max_bytes, pending_.request.read, std::exchange(pending_.request.body, {}));
}

void Transfer::WriteRequest() {
  const Request& request = pending_.request;
  const auto method = static_cast<std::size_t>(request.method);
  constexpr std::size_t kOtherBytes = 256;  // Verb, version, trace context, content type, length.
  ReserveZeroizing(out_, options_.path.size() + request.target.size() +
                             options_.header_text.size() +
                             (request.headers ? request.headers->text().size() : 0) +
                             request.body.size() + kOtherBytes);
  out_.append(kVerbs[method]).append(options_.path).append(request.target);
  out_.append(" HTTP/1.1\r\n").append(options_.header_text);
  if (request.headers != nullptr) out_.append(request.headers->text());
  for (const std::string& line : request.extra_headers) {
    ReserveZeroizing(out_, line.size() + kOtherBytes + request.body.size());
    if (IsHeaderLine(line)) out_.append(line).append("\r\n");
  }
  if (!request.body.empty()) out_.append("Content-Type: application/json\r\n");
  if (!request.body.empty() || request.method == Method::kPost ||
      request.method == Method::kPatch) {
    out_.append("Content-Length: ");
    absl::StrAppend(&out_, request.body.size());
    out_.append("\r\n");
  }
  out_.append("\r\n").append(request.body);
}

void Transfer::Write() {
  while (wants_to_write()) {
    const curl::IoResult result = connection->Send(std::string_view(out_).substr(sent_bytes_));
    if (result.kind == curl::IoResult::Kind::kWouldBlock) return;
    if (result.kind != curl::IoResult::Kind::kDone) {
      write_failed_ = true;
      code_ = result.code;
      return;
    }
    sent_bytes_ += result.bytes;
  }
}

void Transfer::Read(char* buffer, std::size_t size) {
  while (!has_ended_) {
    const curl::IoResult result = connection->Receive(buffer, size);
    if (result.kind == curl::IoResult::Kind::kWouldBlock) {
      // The data before the upstream's close has been read.
      has_ended_ = write_failed_;
      return;
    }
    if (result.kind == curl::IoResult::Kind::kFailed) return SetFailed(result.code);
    if (first_byte_at_ == Clock::time_point{}) first_byte_at_ = Clock::now();
    const ResponseParser::ParseState state = result.kind == curl::IoResult::Kind::kClosed
                                                 ? parser_.ParseEnd()
                                                 : parser_.Parse({buffer, result.bytes});
    OPENSSL_cleanse(buffer, result.bytes);
    complete_ = state == ResponseParser::ParseState::kComplete;
    too_large_ = state == ResponseParser::ParseState::kTooLarge;
    has_ended_ = result.kind == curl::IoResult::Kind::kClosed ||
                 state != ResponseParser::ParseState::kIncomplete;
  }
}

void Transfer::SetFailed(CURLcode code) {
  has_ended_ = true;
  if (code_ == CURLE_OK) code_ = code;
}

bool Transfer::may_send_again() const {
  return pending_.request.read && !sent_again_ && !deadline_passed_ && !parser_.begun() &&
         connection != nullptr && connection->used;
}

void Transfer::Rewind(bool was_sent) {
  sent_bytes_ = 0;
  code_ = CURLE_OK;
  has_ended_ = write_failed_ = false;
  sent_again_ = sent_again_ || was_sent;
}

bool Transfer::keeps_connection() const {
  return complete_ && sent_bytes_ == out_.size() && parser_.keep_alive();
}

Response Transfer::Finish() {
  Response response;
  const SendOutcome outcome = Classify({.written = sent_bytes_ > 0,
                                        .written_whole = sent_bytes_ == out_.size(),
                                        .answer_begun = parser_.begun(),
                                        .answer_complete = complete_,
                                        .too_large = too_large_,
                                        .deadline_passed = deadline_passed_,
                                        .abandoned = is_abandoned()});
  response.outcome = outcome.outcome;
  response.failure = outcome.failure;
  Collect(response.timings);
  if (complete_) {
    response.status = parser_.status();
    response.retry_after_s = parser_.retry_after_s();
    response.date_s = parser_.date_s();
    response.body = parser_.TakeBody();
  } else {
    parser_.Drop();
    response.detail = Detail();
  }
  ZeroizeString(out_);
  if (out_.capacity() > kRequestBytesKept) out_ = {};
  // A path may hold the token of a stored card.
  ZeroizeString(pending_.request.target);
  pending_.request = {};
  return response;
}

std::string Transfer::Detail() const {
  if (too_large_) return "Answer larger than the limit";
  if (deadline_passed_) return curl_easy_strerror(CURLE_OPERATION_TIMEDOUT);
  if (code_ == CURLE_OK) {
    return parser_.begun() ? "Not a complete HTTP answer" : curl_easy_strerror(CURLE_GOT_NOTHING);
  }
  return connection != nullptr ? connection->Detail(code_) : curl_easy_strerror(code_);
}

void Transfer::Collect(Timings& timings) const {
  const Clock::time_point now = Clock::now();
  timings.queue_us = Microseconds(begun_at_ - pending_.submitted_at);
  timings.total_us = Microseconds(now - begun_at_);
  if (first_byte_at_ != Clock::time_point{})
    timings.first_byte_us = Microseconds(first_byte_at_ - begun_at_);
  if (sent_bytes_ == 0 || connection == nullptr) return;
  timings.reused_connection = connection->used;
  if (connection->used) return;
  timings.connect_us = connection->connect_us();
  timings.tls_us = connection->tls_us();
}

}  // namespace msp::http
