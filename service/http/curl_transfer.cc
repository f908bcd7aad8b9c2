#include "service/http/curl_transfer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <ctime>
#include <utility>

#include "service/base/text.h"
#include "service/http/curl_fate.h"
#include "service/http/curl_headers.h"

namespace msp::http {
namespace {

constexpr std::size_t kBodyReserveBytes = 4096;  // For answers that do not say how long they are.
// What an answer's own word is good for: beyond it memory follows what has come.
constexpr std::size_t kBodyReserveMaxBytes = 256 << 10;
constexpr long kKeepAliveProbe_s = 15;
// A shorter request leaves in one piece, and its text in a block that libcurl frees at once; what
// is left of a longer one goes through the handle's own buffer.
constexpr std::size_t kOnePieceBytes = 8192;
// What the kernel takes of a body before the peer has asked for it. Far more would fit a connection
// by default: a long body would be gone in full although the peer has read next to nothing of it.
constexpr int kSendBufferBytes = 64 << 10;
// A guarded request with a longer body gets a connection of its own: libcurl sends it again when a
// connection that is used again breaks, and its count of what the first one took is then lost.
constexpr std::size_t kReusedBodyBytesMax = 16 << 10;

// The method as libcurl needs it: its own GET or POST machinery, with another verb on top.
struct Verb {
  const char* custom;  // Null: libcurl's own.
  bool always_body;
};
constexpr Verb kVerbs[] = {
    /* kGet */ {nullptr, false},
    /* kPost */ {nullptr, true},
    /* kPatch */ {"PATCH", true},
    /* kDelete */ {"DELETE", false},
};

std::int64_t Number(CURL* easy, CURLINFO info) {
  curl_off_t value = 0;
  curl_easy_getinfo(easy, info, &value);
  return value;
}

}  // namespace

Transfer::Transfer(const TransferOptions& options, SocketTable& sockets, BodyRoom& room)
    : options_(options), sockets_(sockets), room_(room) {
  Renew();
}

Transfer::~Transfer() {
  if (easy_ != nullptr) curl_easy_cleanup(easy_);
}

Transfer& Transfer::Of(CURL* easy) {
  void* self = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
  return *static_cast<Transfer*>(self);
}

void Transfer::Renew() {
  if (easy_ != nullptr) curl_easy_cleanup(easy_);
  easy_ = curl_easy_init();
  ready_ = easy_ != nullptr && SetForever();
}

bool Transfer::SetForever() {
  const char* const scheme = options_.base_url.starts_with("https:") ? "https" : "http";
  return Set(CURLOPT_PRIVATE, this) &&
         // What makes it safe to take money.
         Set(CURLOPT_PREREQFUNCTION, &OnPermission) && Set(CURLOPT_PREREQDATA, this) &&
         Set(CURLOPT_FOLLOWLOCATION, 0L) && Set(CURLOPT_PROTOCOLS_STR, scheme) &&
         Set(CURLOPT_SSL_VERIFYPEER, 1L) && Set(CURLOPT_SSL_VERIFYHOST, 2L) &&
         Set(CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2}) &&
         (options_.ca_file.empty() || (Set(CURLOPT_CAINFO, options_.ca_file.c_str()) &&
                                       Set(CURLOPT_CAPATH, static_cast<char*>(nullptr)))) &&
         Set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) && Set(CURLOPT_PATH_AS_IS, 1L) &&
         // "" switches off the environment's *_proxy and no_proxy, which null would let in.
         Set(CURLOPT_PROXY, options_.proxy.c_str()) && Set(CURLOPT_NOPROXY, "") &&
         // Decodes what comes encoded; what is asked for is a header of its own.
         Set(CURLOPT_ACCEPT_ENCODING, "identity") &&
         Set(CURLOPT_HTTP_VERSION,
             long{options_.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1}) &&
         Set(CURLOPT_PIPEWAIT, options_.http2 ? 1L : 0L) &&
         // Signals belong to the program (and cost 11 %). A blocked name server must not hold up
         // the worker: without QUICK_EXIT it waits for the resolver's thread of a request that has
         // timed out.
         Set(CURLOPT_NOSIGNAL, 1L) && Set(CURLOPT_QUICK_EXIT, 1L) &&
         Set(CURLOPT_CONNECTTIMEOUT_MS, options_.connect_timeout_ms) &&
         Set(CURLOPT_MAXAGE_CONN, options_.connection_idle_max_s) &&
         Set(CURLOPT_MAXLIFETIME_CONN, options_.connection_age_max_s) &&
         Set(CURLOPT_TCP_KEEPALIVE, 1L) && Set(CURLOPT_TCP_KEEPIDLE, kKeepAliveProbe_s) &&
         Set(CURLOPT_TCP_KEEPINTVL, kKeepAliveProbe_s) && Set(CURLOPT_HEADERFUNCTION, &OnHeader) &&
         Set(CURLOPT_HEADERDATA, this) && Set(CURLOPT_WRITEFUNCTION, &OnBody) &&
         Set(CURLOPT_WRITEDATA, this) && Set(CURLOPT_OPENSOCKETFUNCTION, &OnOpen) &&
         Set(CURLOPT_OPENSOCKETDATA, this) &&
         // A connection outlives the transfer that opened it, so its close goes to the table.
         Set(CURLOPT_CLOSESOCKETFUNCTION, &OnClose) && Set(CURLOPT_CLOSESOCKETDATA, &sockets_);
}

bool Transfer::Begin(Job job, Clock::time_point now) {
  job_ = std::move(job);
  begun_at_ = now;
  permissions_ = 0;
  body_max_bytes_ = options_.body_max_bytes;
  if (const std::size_t asked = job_.request.answer_max_bytes; asked > 0)
    body_max_bytes_ = std::min(body_max_bytes_, asked);
  opened_socket_ = head_complete_ = too_large_ = resend_stopped_ = false;
  if (!ready_) return false;

  const auto remaining =
      std::chrono::duration_cast<std::chrono::milliseconds>(job_.request.deadline - now).count();
  timeout_ms_ = static_cast<long>(std::clamp<std::int64_t>(remaining, 1, INT_MAX));
  url_.assign(options_.base_url).append(job_.request.target);
  const bool long_and_guarded =
      job_.request.guarded && job_.request.body.size() > kReusedBodyBytesMax;
  return Set(CURLOPT_URL, url_.c_str()) && Set(CURLOPT_TIMEOUT_MS, timeout_ms_) &&
         Set(CURLOPT_FRESH_CONNECT, long{long_and_guarded && !options_.http2}) && SetMethod() &&
         SetHeaders();
}

bool Transfer::SetMethod() {
  const Verb& verb = kVerbs[static_cast<std::size_t>(job_.request.method)];
  const std::string& body = job_.request.body;
  if (!Set(CURLOPT_CUSTOMREQUEST, verb.custom)) return false;
  if (!verb.always_body && body.empty()) return Set(CURLOPT_HTTPGET, 1L);
  // libcurl reads the body where it is; it stays there until `Finish`.
  return Set(CURLOPT_POST, 1L) && Set(CURLOPT_POSTFIELDS, body.data()) &&
         Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
}

bool Transfer::SetHeaders() {
  static const Headers kNone({});
  const Headers& shared = job_.request.headers != nullptr ? *job_.request.headers : kNone;
  auto* list = static_cast<curl_slist*>(job_.request.body.empty() ? shared.list_without_body()
                                                                  : shared.list_with_body());
  // The request's own lines go in front of the shared list, as nodes that borrow everything.
  extra_headers_.clear();
  extra_headers_.reserve(job_.request.extra_headers.size());
  for (std::string& line : job_.request.extra_headers) {
    if (!IsHeaderLine(line)) continue;
    extra_headers_.push_back({line.data(), list});
    list = &extra_headers_.back();
  }
  return Set(CURLOPT_HTTPHEADER, list);
}

int Transfer::OnPermission(void* self, char*, char*, int, int) {
  return static_cast<Transfer*>(self)->Permit();
}

// libcurl calls this each time it is about to send the request: once for a transfer that goes well,
// and once more whenever a connection died and libcurl has chosen to try another one by itself.
int Transfer::Permit() {
  if (permissions_ > 0 && job_.request.guarded) {
    // An idle connection that turned out to be dead took nothing of the request: another one may.
    // Over HTTP/2 the count of bytes does not prove that.
    long sent_bytes = -1;
    curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &sent_bytes);
    if (options_.http2 || sent_bytes != 0) {
      resend_stopped_ = true;
      return CURL_PREREQFUNC_ABORT;
    }
  }
  ++permissions_;
  return CURL_PREREQFUNC_OK;
}

// libcurl takes an answer that ends in the middle of its header for a complete one without a body.
std::size_t Transfer::OnHeader(char* data, std::size_t size, std::size_t count, void* self) {
  const std::string_view line(data, size * count);
  bool& complete = static_cast<Transfer*>(self)->head_complete_;
  if (line == "\r\n" || line == "\n") {
    complete = true;
  } else if (line.starts_with("HTTP/")) {
    complete = false;  // The next answer, after one of those that only announce it (100 Continue).
  }
  return line.size();
}

std::size_t Transfer::OnBody(char* data, std::size_t size, std::size_t count, void* opaque) {
  auto& self = *static_cast<Transfer*>(opaque);
  const std::size_t bytes = size * count;
  const std::size_t max = self.body_max_bytes_;
  if (bytes > max - self.body_.size() || bytes > self.room_.left_bytes) {
    self.too_large_ = true;
    return 0;
  }
  self.room_.left_bytes -= bytes;
  if (self.body_.empty()) {
    const std::int64_t said = Number(self.easy_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T);
    const std::size_t length = said > 0 ? static_cast<std::size_t>(said) : kBodyReserveBytes;
    self.body_.reserve(std::min({length, max, kBodyReserveMaxBytes}) + kBodyPadding);
  }
  ReserveWiping(self.body_, bytes + kBodyPadding);
  self.body_.append(data, bytes);
  return bytes;
}

curl_socket_t Transfer::OnOpen(void* opaque, curlsocktype, curl_sockaddr* address) {
  auto& self = *static_cast<Transfer*>(opaque);
  const int fd =
      socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes, sizeof kSendBufferBytes);
  self.opened_socket_ = true;
  self.sockets_.Opened(fd);
  return fd;
}

int Transfer::OnClose(void* sockets, curl_socket_t fd) {
  static_cast<SocketTable*>(sockets)->Closed(fd);
  return close(fd);
}

void Transfer::KeepConnection() {
  if (!opened_socket_) return;
  curl_socket_t fd = CURL_SOCKET_BAD;
  if (curl_easy_getinfo(easy_, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK && fd != CURL_SOCKET_BAD) {
    sockets_.Established(fd);
  }
}

Response Transfer::Finish(CURLcode code) {
  Ending ending{.code = code,
                .permissions = permissions_,
                .head_complete = head_complete_,
                .too_large = too_large_,
                .resend_stopped = resend_stopped_};
  Response response;
  if (easy_ != nullptr) {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    ending.status = static_cast<int>(status);
    if (code != CURLE_OK) {
      long os_error = 0;
      curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &os_error);
      ending.os_error = static_cast<int>(os_error);
      curl_easy_getinfo(easy_, CURLINFO_SSL_VERIFYRESULT, &ending.verify_error);
      ending.deadline_passed = Number(easy_, CURLINFO_TOTAL_TIME_T) >= timeout_ms_ * 1000;
      ending.body_bytes = static_cast<std::int64_t>(job_.request.body.size());
      // libcurl counts what the socket has taken, of the headers too when they went in parts, so
      // never too little. With TLS a record counts once all of it was taken. Over HTTP/2 it counts
      // what nghttp2 has taken.
      if (!options_.http2) ending.uploaded_bytes = Number(easy_, CURLINFO_SIZE_UPLOAD_T);
    }
    Collect(response);
  }
  room_.left_bytes += body_.size();
  const Verdict verdict = Judge(ending);
  response.fate = verdict.fate;
  response.failure = verdict.failure;
  response.resend_stopped = resend_stopped_;
  if (verdict.fate == Fate::kAnswered) {
    response.status = ending.status;
    response.retry_after_s = ending.status >= 300 ? RetryAfterSeconds() : -1;
    if (job_.request.read) response.date_s = DateSeconds();
    ReserveWiping(body_, kBodyPadding);
    response.body = std::move(body_);
  } else {
    response.detail = Detail(ending);
    WipeString(body_);
  }
  body_ = {};
  const bool long_body = job_.request.body.size() > kOnePieceBytes;
  WipeString(job_.request.body);
  // The next answer gets the room that the request leaves.
  if (job_.request.body.capacity() <= kBodyReserveBytes) body_ = std::move(job_.request.body);
  // A path may hold the token of a stored card.
  WipeString(job_.request.target);
  WipeString(url_);
  job_.request = {};
  // libcurl counts its own new attempts over the life of a handle, and every sixth dead connection
  // would end a request that another connection could take.
  if (permissions_ > 1 || resend_stopped_ || (options_.scrub_memory && long_body)) Renew();
  return response;
}

void Transfer::Collect(Response& response) const {
  Timings& timings = response.timings;
  timings.queue_us =
      std::chrono::duration_cast<std::chrono::microseconds>(begun_at_ - job_.queued_at).count();
  timings.reused_connection = permissions_ > 0 && !opened_socket_;
  if (opened_socket_ && permissions_ > 0) {
    timings.connect_us = Number(easy_, CURLINFO_CONNECT_TIME_T);
    const std::int64_t shaken = Number(easy_, CURLINFO_APPCONNECT_TIME_T);
    if (shaken > 0) timings.tls_us = shaken - timings.connect_us;
  }
  timings.first_byte_us = Number(easy_, CURLINFO_STARTTRANSFER_TIME_T);
  timings.total_us = Number(easy_, CURLINFO_TOTAL_TIME_T);
}

std::int64_t Transfer::DateSeconds() const {
  curl_header* header = nullptr;
  if (curl_easy_header(easy_, "Date", 0, CURLH_HEADER, -1, &header) != CURLHE_OK) return -1;
  return std::max<std::int64_t>(-1, curl_getdate(header->value, nullptr));
}

std::int64_t Transfer::RetryAfterSeconds() const {
  curl_header* header = nullptr;
  if (curl_easy_header(easy_, "Retry-After", 0, CURLH_HEADER, -1, &header) != CURLHE_OK) return -1;
  const std::string_view value = Trimmed(header->value);
  if (!value.empty() && value.size() <= 9 &&
      value.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t seconds = 0;
    for (const char digit : value) seconds = seconds * 10 + (digit - '0');
    return seconds;
  }
  const std::time_t date = curl_getdate(header->value, nullptr);
  if (date < 0) return -1;
  return std::max<std::int64_t>(0, date - std::time(nullptr));
}

}  // namespace msp::http
