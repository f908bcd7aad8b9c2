// SPDX-License-Identifier: Apache-2.0

// Event streams over libcurl, all on one thread that starts with the first of them.
//
// A token leaves only for an address where a stream of MultiSafepay's may be (IsStreamAddress), no
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
#include "service/http/event_streams.h"

namespace msp::http {

struct EventStreamOptions {
  // The API's base URL, and further domains, separated by commas.
  std::string api_url;
  std::string domains{kEventStreamDomains};
  // Streams at a time; none more is opened.
  int streams_max = 256;
  // As for the pool.
  std::string proxy;
  std::string ca_file;
  long connect_timeout_ms = 10'000;
  // A stream ends after this long, whatever comes.
  std::chrono::milliseconds age_max = std::chrono::hours(1);
  // Without a byte for so long a connection counts as broken. Comments keep it.
  std::chrono::milliseconds silence_max = std::chrono::minutes(5);
  // From the beginning of a connection to the end of its answer's header.
  std::chrono::milliseconds answer_max = std::chrono::seconds(30);
  // A connection that ends earlier counts as failed, and so the next one comes later.
  std::chrono::milliseconds lasting = std::chrono::seconds(10);
  // So many failures in a row, and a stream is given up: some six minutes.
  int failures_max = 10;
};

class CurlEventStream;

class CurlEventStreams final : public EventStreams {
 public:
  // An error names what is wrong with the options. `counts` outlives the streams.
  static absl::StatusOr<std::unique_ptr<CurlEventStreams>> Create(EventStreamOptions options,
                                                                  StreamCounts& counts);
  // Stops.
  ~CurlEventStreams() override;

  Result Open(EventStreamRequest request, OnSignal on_signal) override;
  void Close(Id id) override;

  // Ends every stream and opens none any more. No signal comes once it has returned. Not from a
  // signal.
  void Stop();

 private:
  struct Opening {
    Id id = 0;
    EventStreamRequest request;
    OnSignal on_signal;
  };
  // By id; the thread's own.
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

}  // namespace msp::http
