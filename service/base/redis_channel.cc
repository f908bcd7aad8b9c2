// SPDX-License-Identifier: Apache-2.0

#include "service/base/redis_channel.h"

#include <hiredis/hiredis.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

namespace msp {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBackoffFirst{50};
constexpr milliseconds kBackoffMax{2'000};
constexpr int kPollInterval_ms = 100;  // The longest delay of a stop.
constexpr int kSilence_ms =
    2'000;  // After this long without data: PING; after twice as long: disconnect.

}  // namespace

RedisChannel::RedisChannel(RedisAddress address, std::string channel, Callbacks callbacks)
    : address_(std::move(address)),
      channel_(std::move(channel)),
      callbacks_(std::move(callbacks)),
      thread_([this] { Run(); }) {}

RedisChannel::~RedisChannel() {
  stopping_ = true;
  thread_.join();
}

void RedisChannel::Run() {
  milliseconds backoff = kBackoffFirst;
  while (!stopping_) {
    redisContext* const context =
        redisConnectWithTimeout(address_.host.c_str(), address_.port, kRedisConnectTimeout);
    if (context != nullptr && context->err == 0) Listen(*context);
    if (context != nullptr) redisFree(context);
    if (subscribed_) {
      subscribed_ = false;
      backoff = kBackoffFirst;
      callbacks_.on_connection_change(false);
    }
    for (milliseconds left = backoff; left.count() > 0 && !stopping_;
         left -= milliseconds(kPollInterval_ms))
      std::this_thread::sleep_for(std::min(left, milliseconds(kPollInterval_ms)));
    backoff = std::min(backoff * 2, kBackoffMax);
  }
}

void RedisChannel::Listen(redisContext& context) {
  redisAppendCommand(&context, "SUBSCRIBE %b", channel_.data(), channel_.size());
  int silent_ms = 0;
  bool asked = false;
  while (!stopping_) {
    for (int done = 0; done == 0;) {
      if (redisBufferWrite(&context, &done) != REDIS_OK) return;
    }
    pollfd waited{.fd = context.fd, .events = POLLIN, .revents = 0};
    const int ready = poll(&waited, 1, kPollInterval_ms);
    if (ready > 0) {
      if (redisBufferRead(&context) != REDIS_OK || !ReadMessages(context)) return;
      silent_ms = 0;
      asked = false;
    } else if (ready == 0 && (silent_ms += kPollInterval_ms) >= kSilence_ms) {
      if (asked) return;
      asked = true;
      silent_ms = 0;
      redisAppendCommand(&context, "PING");
    } else if (ready < 0 && errno != EINTR) {
      return;
    }
  }
}

bool RedisChannel::ReadMessages(redisContext& context) {
  while (true) {
    void* raw = nullptr;
    if (redisGetReplyFromReader(&context, &raw) != REDIS_OK) return false;
    if (raw == nullptr) return true;
    const auto& reply = *static_cast<redisReply*>(raw);
    const bool bad = reply.type == REDIS_REPLY_ERROR;
    if (reply.type == REDIS_REPLY_ARRAY && reply.elements == 3 &&
        reply.element[0]->type == REDIS_REPLY_STRING) {
      const std::string_view kind(reply.element[0]->str, reply.element[0]->len);
      const redisReply& last = *reply.element[2];
      if (kind == "subscribe" && !subscribed_) {
        subscribed_ = true;
        callbacks_.on_connection_change(true);
      } else if (kind == "message" && last.type == REDIS_REPLY_STRING) {
        callbacks_.on_message({last.str, last.len});
      }
    }
    freeReplyObject(raw);
    if (bad) return false;
  }
}

}  // namespace msp
