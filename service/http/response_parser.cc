// SPDX-License-Identifier: Apache-2.0

#include "service/http/response_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <ctime>
#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "service/base/text.h"
#include "service/http/client.h"
#include "service/http/content_decoding.h"

namespace msp::http {
namespace {

namespace beast = boost::beast;

constexpr std::uint32_t kHeaderBytesMax = 64 << 10;
constexpr int kInterimResponsesMax = 16;
constexpr std::size_t kBodyReserveBytes = 4096;  // For answers without a length.
// Beyond this, memory grows with the received bytes, whatever length the answer declares.
constexpr std::size_t kBodyReserveMaxBytes = 256 << 10;

// An IMF-fixdate (RFC 9110, 5.6.7) as Unix seconds; -1 for anything else.
std::int64_t DateSeconds(const std::string& text) {
  absl::Time time;
  if (!absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT", text, &time, nullptr)) return -1;
  return std::max<std::int64_t>(-1, absl::ToUnixSeconds(time));
}

}  // namespace

class ResponseParser::Message final : public beast::http::basic_parser<false> {
 public:
  explicit Message(ResponseParser& answer) : answer_(answer) {
    eager(true);
    header_limit(kHeaderBytesMax);
    body_limit(std::numeric_limits<std::uint64_t>::max());  // TakePiece counts.
  }

 private:
  using Text = beast::string_view;
  using Error = beast::error_code;

  void on_request_impl(beast::http::verb, Text, Text, int, Error&) override {}
  void on_response_impl(int status, Text, int, Error&) override { answer_.status_ = status; }
  void on_field_impl(beast::http::field name, Text, Text text, Error&) override {
    using beast::http::field;
    if (is_header_done()) return;  // A trailer.
    const std::string_view value(text.data(), text.size());
    if (name == field::content_encoding) {
      answer_.encodings_.append(answer_.encodings_.empty() ? "" : ",").append(value);
    } else if (name == field::retry_after && answer_.status_ >= 300) {
      answer_.retry_after_ = value;
    } else if (name == field::date && answer_.keep_date_) {
      answer_.date_ = value;
    }
  }
  void on_header_impl(Error&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Error&) override {
    const std::uint64_t size =
        std::min<std::uint64_t>({length.value_or(kBodyReserveBytes), answer_.body_max_bytes_,
                                 std::uint64_t{kBodyReserveMaxBytes}});
    ReserveZeroizing(answer_.body_, static_cast<std::size_t>(size) + kBodyPadding);
  }
  std::size_t on_body_impl(Text body, Error& error) override { return TakePiece(body, error); }
  void on_chunk_header_impl(std::uint64_t, Text, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, Error& error) override {
    return TakePiece(body, error);
  }
  void on_finish_impl(Error&) override {}

  std::size_t TakePiece(Text piece, Error& error) {
    std::string& body = answer_.body_;
    std::size_t& left_bytes = answer_.budget_.left_bytes;
    if (piece.size() > answer_.body_max_bytes_ - body.size() || piece.size() > left_bytes) {
      answer_.too_large_ = true;
      error = beast::http::error::body_limit;
      return 0;
    }
    left_bytes -= piece.size();
    ReserveZeroizing(body, piece.size() + kBodyPadding);
    body.append(piece.data(), piece.size());
    return piece.size();
  }

  ResponseParser& answer_;
};

ResponseParser::ResponseParser(BodyBudget& budget) : budget_(budget) {}

ResponseParser::~ResponseParser() { Drop(); }

void ResponseParser::Begin(std::size_t body_max_bytes, bool keep_date, std::string spare) {
  Drop();
  body_ = std::move(spare);
  body_max_bytes_ = body_max_bytes;
  keep_date_ = keep_date;
  begun_ = too_large_ = false;
  interim_count_ = 0;
  StartMessage();
}

void ResponseParser::StartMessage() {
  status_ = 0;
  encodings_.clear();
  retry_after_.clear();
  date_.clear();
  message_ = std::make_unique<Message>(*this);
}

ResponseParser::ParseState ResponseParser::Parse(std::string_view bytes) {
  begun_ = begun_ || !bytes.empty();
  const bool resumed = !pending_.empty();
  if (resumed) {
    ReserveZeroizing(pending_, bytes.size());
    bytes = pending_.append(bytes);
  }
  const ParseState state = Advance(bytes);
  if (resumed) {
    pending_.erase(0, pending_.size() - bytes.size());
  } else {
    pending_.assign(bytes);
  }
  if (state == ParseState::kComplete) return Decode();
  // Beast does not bound the lines of chunks and trailers.
  return pending_.size() > kHeaderBytesMax ? ParseState::kMalformed : state;
}

// Parses `bytes` and leaves in them what was not consumed.
ResponseParser::ParseState ResponseParser::Advance(std::string_view& bytes) {
  while (!bytes.empty()) {
    beast::error_code error;
    bytes.remove_prefix(
        message_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), error));
    if (too_large_) return ParseState::kTooLarge;
    if (error == beast::http::error::need_more) return ParseState::kIncomplete;
    if (error) return ParseState::kMalformed;
    if (!message_->is_done()) continue;
    if (status_ >= 200) return ParseState::kComplete;
    if (status_ == 101 || ++interim_count_ > kInterimResponsesMax) return ParseState::kMalformed;
    StartMessage();
  }
  return ParseState::kIncomplete;
}

ResponseParser::ParseState ResponseParser::ParseEnd() {
  if (!message_->got_some()) return ParseState::kMalformed;
  beast::error_code error;
  message_->put_eof(error);
  return error || status_ < 200 ? ParseState::kMalformed : Decode();
}

ResponseParser::ParseState ResponseParser::Decode() {
  if (encodings_.empty() || body_.empty()) return ParseState::kComplete;
  const std::size_t encoded_bytes = body_.size();
  // The decoded form counts in addition to the encoded one, which still exists.
  const ContentResult decoded =
      DecodeContent(encodings_, std::min(body_max_bytes_, budget_.left_bytes), body_);
  budget_.left_bytes += encoded_bytes;
  budget_.left_bytes -= body_.size();
  if (decoded == ContentResult::kTooLarge) return ParseState::kTooLarge;
  return decoded == ContentResult::kWhole ? ParseState::kComplete : ParseState::kMalformed;
}

void ResponseParser::Drop() {
  budget_.left_bytes += body_.size();
  ZeroizeString(body_);
  if (!pending_.empty()) ZeroizeString(pending_);
}

bool ResponseParser::keep_alive() const { return message_->keep_alive() && pending_.empty(); }

std::int64_t ResponseParser::date_s() const { return date_.empty() ? -1 : DateSeconds(date_); }

std::int64_t ResponseParser::retry_after_s() const {
  if (retry_after_.empty()) return -1;
  std::int64_t seconds = 0;
  const bool digits = retry_after_.find_first_not_of("0123456789") == std::string::npos;
  if (digits)
    return retry_after_.size() <= 9 && absl::SimpleAtoi(retry_after_, &seconds) ? seconds : -1;
  const std::int64_t date = DateSeconds(retry_after_);
  return date < 0 ? -1 : std::max<std::int64_t>(0, date - std::time(nullptr));
}

std::string ResponseParser::TakeBody() {
  budget_.left_bytes += body_.size();
  ReserveZeroizing(body_, kBodyPadding);
  return std::exchange(body_, {});
}

}  // namespace msp::http
