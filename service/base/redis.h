// SPDX-License-Identifier: Apache-2.0

// A connection to Redis on its own thread: takes commands and passes the replies to closures.
// Commands that wait together are sent together. When Redis is unavailable, commands fail at once
// and the connection is retried with backoff: the caller has to work without it.
//
// Owned by main; any thread may send. Closures run on its thread and must not block.
#pragma once

#include <sys/time.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "service/base/mutex.h"

struct redisContext;
struct redisReply;

namespace msp {

inline constexpr timeval kRedisConnectTimeout{.tv_sec = 0, .tv_usec = 500'000};

struct RedisAddress {
  std::string host;
  int port = 6379;
};

// "redis://host:port" or "redis://host"; false for anything else.
bool ParseRedisUrl(std::string_view url, RedisAddress* address);

struct RedisReply {
  enum class Kind : std::uint8_t { kUnavailable, kError, kNil, kText, kInteger };
  Kind kind = Kind::kUnavailable;
  std::string text;  // A bulk or status reply, or an error's text.
  std::int64_t integer = 0;
};

class Redis {
 public:
  using Done = absl::AnyInvocable<void(RedisReply) &&>;

  explicit Redis(RedisAddress address);
  ~Redis();  // Fails waiting commands.
  Redis(const Redis&) = delete;
  Redis& operator=(const Redis&) = delete;

  void Send(std::vector<std::string> command, Done done);

 private:
  struct PendingCommand {
    std::vector<std::string> words;
    Done done;
  };

  void Run();
  bool Connect();
  void Disconnect();
  void Execute(std::vector<PendingCommand>& pending);

  const RedisAddress address_;
  Mutex mutex_;
  CondVar changed_;
  std::vector<PendingCommand> pending_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Below: only for the thread.
  redisContext* context_ = nullptr;
  std::chrono::steady_clock::time_point try_again_at_;
  std::int64_t backoff_ms_ = 0;
  std::thread thread_;
};

}  // namespace msp
