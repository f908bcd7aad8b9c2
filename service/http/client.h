// SPDX-License-Identifier: Apache-2.0

// The interface between the service and the network: takes one HTTP request, returns one response.
//
// `payments` calls it, `CurlPool` implements it, tests fake it. Independent of protobuf, gRPC and
// MultiSafepay. An HTTP error status is a complete response here; the caller turns it into an
// error.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/functional/any_invocable.h"

namespace msp::http {

using Clock = std::chrono::steady_clock;

enum class Method : std::uint8_t { kGet, kPost, kPatch, kDelete };

// Header lines shared by all requests of one site ("api_key: ...", "Accept: ..."). Built once,
// immutable, referenced by every request that uses it, so that a key that rotates during a call
// stays valid for that call. The text is zeroized on destruction.
class Headers {
 public:
  // Each line is a complete header without the line end, such as "Accept: application/json". Other
  // lines (IsHeaderLine) are dropped.
  explicit Headers(const std::vector<std::string>& lines);
  ~Headers();
  Headers(const Headers&) = delete;
  Headers& operator=(const Headers&) = delete;

  // The lines as they are sent, each with its CRLF.
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// True for one complete header line: a name, a colon, and no control character that could end the
// line and start another one.
bool IsHeaderLine(std::string_view line);

struct Request {
  Method method = Method::kGet;
  // Path and query below the pool's base URL, starting with '/', percent-encoded by the caller.
  std::string target;
  // JSON, sent unchanged. The pool zeroizes it once the transfer has ended.
  std::string body;
  std::shared_ptr<const Headers> headers;
  // Extra header lines of this request: its trace context, so rarely more than one.
  absl::InlinedVector<std::string, 1> extra_headers;
  // The transfer ends by then, including the time in the queue.
  Clock::time_point deadline;
  // False for a money-moving call: its bytes are sent at most once. A read is sent a second time
  // where a reused connection ended without a byte of an answer. Reads and writes have separate
  // limits, so that order lookups still work when writes are at their limit.
  bool read = false;
  // Where set and true, nobody waits for the answer any more: a request of which no byte was
  // written is then not sent. Outlives the request; any thread may set it.
  const std::atomic<bool>* abandoned = nullptr;
  // An answer with a longer body, as decoded, ends as kTooLarge; 0 for the pool's own bound.
  std::size_t response_max_bytes = 0;
};

inline bool IsAbandoned(const Request& request) {
  return request.abandoned != nullptr && request.abandoned->load(std::memory_order_relaxed);
}

// The outcome of a call, for the transport and `payments`, in the words that callers see
// (v1::Outcome). The transport cannot distinguish a rejection from a success: for it every complete
// answer is kConfirmed, whatever its HTTP status, and `payments` interprets it.
enum class CallOutcome : std::uint8_t {
  kConfirmed,  // A complete answer; in `payments`: MultiSafepay carried the call out.
  kRejected,   // Only in `payments`: MultiSafepay refused, and nothing happened.
  kNotSent,    // No byte of it left: refused connection, failed handshake, deadline in the
               // queue, queue full. Or provably not all of its body, and no byte of an answer.
  kUnknown,    // It may have been received and acted on; no complete answer came back.
};

// Why no answer came back, for logs and error codes; kNone when the outcome is kConfirmed.
enum class TransferError : std::uint8_t {
  kNone,
  kQueueFull,
  kDeadline,   // Ran out of time, queued or in transfer.
  kConnect,    // Could not resolve, connect or shake hands.
  kBroken,     // The connection broke during the transfer, or the answer was not HTTP.
  kTooLarge,   // The answer was larger than its bound, or exceeded the bound on all answers.
  kStopped,    // The pool is shutting down and did not send it.
  kAbandoned,  // Nobody waited for the answer any more, and it was not sent.
};

// Durations of a transfer's phases in microseconds, 0 for a phase that did not occur.
struct Timings {
  std::int64_t queue_us = 0;
  std::int64_t connect_us = 0;
  std::int64_t tls_us = 0;
  std::int64_t first_byte_us = 0;
  std::int64_t total_us = 0;
  bool reused_connection = false;
};

// An answer. Only the headers below are kept.
struct Response {
  CallOutcome outcome = CallOutcome::kNotSent;
  TransferError failure = TransferError::kNone;
  int status = 0;
  // The complete body, decoded, when answered. Its capacity exceeds its size by at least
  // kBodyPadding, so that the parser reads it in place.
  std::string body;
  // Seconds of a Retry-After header given as a number or a date; -1 when absent.
  std::int64_t retry_after_s = -1;
  // The answer's Date header as Unix seconds, of reads only; -1 when absent.
  std::int64_t date_s = -1;
  // The transport's explanation, without request data: "Connection refused". For logs and error
  // texts.
  std::string detail;
  Timings timings;
};

// The spare bytes that simdjson needs behind a document that it parses in place.
inline constexpr std::size_t kBodyPadding = 64;

using Done = absl::AnyInvocable<void(Response) &&>;

class Client {
 public:
  virtual ~Client() = default;
  // Starts one request and returns at once. `done` runs exactly once: on a loop's thread, or on the
  // caller's when the request is refused immediately (queue full, pool stopped). It must not block.
  virtual void Start(Request request, Done done) = 0;
};

}  // namespace msp::http
