// SPDX-License-Identifier: Apache-2.0

#include "service/base/redis.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace msp {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPendingCommandsMax = 100'000;
constexpr std::int64_t kBackoffFirstMs = 50;
constexpr std::int64_t kBackoffMaxMs = 2'000;
constexpr timeval kReplyTimeout{.tv_sec = 0, .tv_usec = 500'000};

RedisReply Read(const redisReply& reply) {
  RedisReply read;
  switch (reply.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      read.kind = RedisReply::Kind::kText;
      read.text.assign(reply.str, static_cast<std::size_t>(reply.len));
      break;
    case REDIS_REPLY_INTEGER:
      read.kind = RedisReply::Kind::kInteger;
      read.integer = reply.integer;
      break;
    case REDIS_REPLY_NIL:
      read.kind = RedisReply::Kind::kNil;
      break;
    default:
      read.kind = RedisReply::Kind::kError;
      if (reply.type == REDIS_REPLY_ERROR)
        read.text.assign(reply.str, static_cast<std::size_t>(reply.len));
      break;
  }
  return read;
}

}  // namespace

bool ParseRedisUrl(std::string_view url, RedisAddress* address) {
  constexpr std::string_view kScheme = "redis://";
  if (url.substr(0, kScheme.size()) != kScheme) return false;
  url.remove_prefix(kScheme.size());
  if (!url.empty() && url.back() == '/') url.remove_suffix(1);
  const std::size_t colon = url.rfind(':');
  address->host = std::string(url.substr(0, colon));
  if (address->host.empty() || address->host.find_first_of("/@ ") != std::string::npos)
    return false;
  if (colon == std::string_view::npos) return true;
  const std::string_view port = url.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address->port);
  return error == std::errc() && end == port.data() + port.size() && address->port > 0 &&
         address->port <= 65'535;
}

Redis::Redis(RedisAddress address) : address_(std::move(address)), thread_([this] { Run(); }) {}

Redis::~Redis() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyOne();
  thread_.join();
}

void Redis::Send(std::vector<std::string> command, Done done) {
  {
    MutexLock lock(mutex_);
    if (!stopping_ && pending_.size() < kPendingCommandsMax) {
      pending_.push_back({std::move(command), std::move(done)});
      changed_.NotifyOne();
      return;
    }
  }
  std::move(done)({});
}

void Redis::Run() {
  std::vector<PendingCommand> pending;
  bool stopping = false;
  while (!stopping) {
    {
      MutexLock lock(mutex_);
      while (pending_.empty() && !stopping_) changed_.Wait(mutex_);
      pending.swap(pending_);
      stopping = stopping_;
    }
    if (!stopping && Connect()) {
      Execute(pending);
    } else {
      for (PendingCommand& command : pending) std::move(command.done)({});
    }
    pending.clear();
  }
  Disconnect();
}

bool Redis::Connect() {
  if (context_ != nullptr) return true;
  if (Clock::now() < try_again_at_) return false;
  context_ = redisConnectWithTimeout(address_.host.c_str(), address_.port, kRedisConnectTimeout);
  if (context_ != nullptr && context_->err == 0 &&
      redisSetTimeout(context_, kReplyTimeout) == REDIS_OK) {
    backoff_ms_ = 0;
    return true;
  }
  Disconnect();
  return false;
}

void Redis::Disconnect() {
  if (context_ != nullptr) redisFree(context_);
  context_ = nullptr;
  backoff_ms_ = std::clamp(backoff_ms_ * 2, kBackoffFirstMs, kBackoffMaxMs);
  try_again_at_ = Clock::now() + std::chrono::milliseconds(backoff_ms_);
}

void Redis::Execute(std::vector<PendingCommand>& pending) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const PendingCommand& command : pending) {
    texts.clear();
    sizes.clear();
    for (const std::string& word : command.words) {
      texts.push_back(word.data());
      sizes.push_back(word.size());
    }
    redisAppendCommandArgv(context_, static_cast<int>(texts.size()), texts.data(), sizes.data());
  }
  for (PendingCommand& command : pending) {
    void* reply = nullptr;
    RedisReply read;
    if (context_ != nullptr && redisGetReply(context_, &reply) == REDIS_OK && reply != nullptr) {
      read = Read(*static_cast<redisReply*>(reply));
      freeReplyObject(reply);
    } else if (context_ != nullptr) {
      Disconnect();  // The rest of the batch fails, too; whether Redis carried it out is unknown.
    }
    std::move(command.done)(std::move(read));
  }
}

}  // namespace msp
