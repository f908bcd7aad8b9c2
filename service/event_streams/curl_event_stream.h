// SPDX-License-Identifier: Apache-2.0

// One stream of server-sent events over libcurl's own transfers: one connection at a time, and the
// waits between them. A GET that libcurl sends again on a broken connection is harmless, so the
// send-once rules of curl_transfer.h are not needed here.
//
// Owned by CurlEventStreams, used only by its thread.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "service/event_streams/curl_event_streams.h"
#include "service/event_streams/event_stream_parser.h"
#include "service/event_streams/event_streams.h"
#include "service/http/client.h"

namespace msp::event_streams {

using http::Clock;

class CurlEventStream {
 public:
  // `options` and `counts` outlive the stream. The request's URL has been checked.
  CurlEventStream(EventStreams::Id id, EventStreamRequest request, EventStreams::OnSignal on_signal,
                  const EventStreamOptions& options, StreamCounts& counts, Clock::time_point now);
  // Closes its connection.
  ~CurlEventStream();
  CurlEventStream(const CurlEventStream&) = delete;
  CurlEventStream& operator=(const CurlEventStream&) = delete;

  // The stream that `easy` belongs to.
  static CurlEventStream& Of(CURL* easy);

  // Connects when due, in `multi`, which outlives the stream. Closes a connection that is silent or
  // too old.
  void Run(CURLM* multi, Clock::time_point now);
  // Called when `multi` reports the end of the transfer.
  void OnTransferEnd(Clock::time_point now);
  // Delivers the pending signals.
  void DeliverSignals();
  // When `Run` is due again, apart from network events.
  Clock::time_point due() const;
  bool ended() const { return ended_; }

 private:
  static std::size_t OnHeader(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t OnBody(char* bytes, std::size_t size, std::size_t count, void* self);

  bool Connect(CURLM* multi, Clock::time_point now);
  bool SetOptions();
  void MakeHeaders();
  void Disconnect();
  // The connection has ended: schedules another one, or gives the stream up.
  void Break(std::int64_t retry_after_s, Clock::time_point now);
  void End(StreamCount why);

  const EventStreams::Id id_;
  std::string url_;
  std::string authorization_;  // The header line, zeroized on destruction.
  EventStreams::OnSignal on_signal_;
  const EventStreamOptions& options_;
  StreamCounts& counts_;
  const Clock::time_point began_;

  EventStreamParser parser_;
  std::vector<std::string> lines_;  // Further header lines of the connection.
  std::vector<curl_slist> headers_;
  CURLM* multi_ = nullptr;
  CURL* easy_ = nullptr;            // Null between connections.
  Clock::time_point connect_at_;    // When to connect, without a connection.
  Clock::time_point phase_began_;   // When the connection was started, or answered.
  Clock::time_point last_byte_at_;  // The time of the last byte.
  std::size_t header_bytes_ = 0;
  bool answered_ = false;   // The answer's header is complete,
  bool connected_ = false;  // and announces a stream.
  int failures_ = 0;        // Consecutive connections that failed or ended early.
  bool report_connected_ = false;
  bool report_events_ = false;
  bool ended_ = false;
};

}  // namespace msp::event_streams
