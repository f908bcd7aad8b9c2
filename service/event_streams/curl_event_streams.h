// SPDX-License-Identifier: Apache-2.0

// Event streams over libcurl, all on one thread that starts with the first stream.
//
// A token is sent only to an allowed address of MultiSafepay's streams (IsStreamAddress), no
// redirect is followed, and the only proxy is the configured one. Owned by main; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "service/base/mutex.h"
#include "service/event_streams/event_streams.h"

namespace msp::event_streams {

struct EventStreamOptions {
  // The API's base URL, and further domains, separated by commas.
  std::string api_url;
  std::string domains{kEventStreamDomains};
  // Limit on open streams.
  int streams_max = 256;
  // As for CurlPool.
  std::string proxy;
  std::string ca_file;
  long connect_timeout_ms = 10'000;
  // A stream ends after this long in any case.
  std::chrono::milliseconds age_max = std::chrono::hours(1);
  // A connection without a byte for this long counts as broken. Comments count as bytes.
  std::chrono::milliseconds silence_max = std::chrono::minutes(5);
  // From the start of a connection to the end of its answer's header.
  std::chrono::milliseconds answer_max = std::chrono::seconds(30);
  // A connection that ends earlier counts as failed, which lengthens the next wait.
  std::chrono::milliseconds lasting = std::chrono::seconds(10);
  // After this many consecutive failures, some six minutes, a stream is given up.
  int failures_max = 10;
};

class CurlEventStream;

class CurlEventStreams final : public EventStreams {
 public:
  // An error names the invalid option. `counts` outlives the streams.
  static absl::StatusOr<std::unique_ptr<CurlEventStreams>> Create(EventStreamOptions options,
                                                                  StreamCounts& counts);
  // Stops.
  ~CurlEventStreams() override;

  OpenResult Open(EventStreamRequest request, OnSignal on_signal) override;
  void Close(Id id) override;

  // Ends every stream and opens no more. No signal comes once it has returned. Must not be called
  // from a signal.
  void Stop();

 private:
  struct Opening {
    Id id = 0;
    EventStreamRequest request;
    OnSignal on_signal;
  };
  // By id; only for the thread.
  using Streams = std::map<Id, std::unique_ptr<CurlEventStream>>;
  struct Parts;

  CurlEventStreams(EventStreamOptions options, std::unique_ptr<Parts> parts, StreamCounts& counts);
  StreamOpened Check(EventStreamRequest& request);
  void Run();
  bool TakeChanges(Streams& streams);
  void EndTransfers();
  bool Remove(Id id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const EventStreamOptions options_;
  const std::unique_ptr<Parts> parts_;
  StreamCounts& counts_;

  Mutex mutex_;
  std::vector<Opening> opening_ ABSL_GUARDED_BY(mutex_);
  std::vector<Id> closing_ ABSL_GUARDED_BY(mutex_);
  std::set<Id> open_ ABSL_GUARDED_BY(mutex_);
  Id last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace msp::event_streams
