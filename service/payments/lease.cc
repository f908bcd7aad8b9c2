// SPDX-License-Identifier: Apache-2.0

#include "service/payments/lease.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "service/base/hash.h"
#include "service/base/text.h"

namespace msp::payments {
namespace {

constexpr std::size_t kOwnerBytes = 16;
constexpr std::size_t kDigestDigits = 32;

// Reply to kAcquire: the lease was free, and a note shows that an identical call came before.
constexpr std::string_view kNoted = "noted";
// Reply to kAcquire: the lease was free, but Redis was restarted or emptied and may have lost a
// note.
constexpr std::string_view kBlind = "blind";
constexpr const char* kFilled = "msp:filled";
constexpr const char* kFilling = "msp:filling";

// KEYS: the lease, the call's note, and two marks: Redis has been used before, and Redis has not
// been up for long. Takes the lease when it is free. Returns our own value, kNoted, kBlind, or the
// holder's value.
constexpr const char* kAcquire =
    "local had = redis.call('GET', KEYS[1]) "
    "if had then return had end "
    "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) "
    "if redis.call('EXISTS', KEYS[2]) == 1 then return ARGV[3] end "
    "if ARGV[5] ~= '0' and redis.call('SET', KEYS[3], '1', 'NX') then redis.call('SET', KEYS[4], "
    "'1', 'PX', ARGV[5]) "
    "end "
    "if redis.call('EXISTS', KEYS[4]) == 1 then return ARGV[4] end "
    "return ARGV[1]";
// Renews the lease if it is still ours, and takes it again if it is free, as after a restart of
// Redis.
constexpr const char* kRenew =
    "local had = redis.call('GET', KEYS[1]) "
    "if had and had ~= ARGV[1] then return 0 end "
    "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 1";
// Writes a note with an expiry where wanted, and deletes the lease if it is still ours.
constexpr const char* kRelease =
    "if ARGV[2] ~= '0' then redis.call('SET', KEYS[2], '1', 'PX', ARGV[2]) end "
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end "
    "return redis.call('DEL', KEYS[1])";

std::string KeyOf(std::string_view name) {
  return "msp:lease:" + Hex(HmacSha256("msp lease", name)).substr(0, 48);
}

std::string NoteOf(std::string_view name, std::string_view digest) {
  std::string call(digest);
  call.append("\n").append(name);
  return "msp:note:" + Hex(HmacSha256("msp note", call)).substr(0, 48);
}

std::string Short(std::string_view digest) {
  return Hex(HmacSha256("msp digest", digest)).substr(0, kDigestDigits);
}

Lease::Grant GrantOf(std::string_view had, std::string_view mine) {
  if (had == mine) return Lease::Grant::kGranted;
  if (had == kNoted) return Lease::Grant::kGrantedAfterSame;
  if (had == kBlind) return Lease::Grant::kGrantedBlind;
  return had.substr(0, kDigestDigits) == mine.substr(0, kDigestDigits) ? Lease::Grant::kHeldBySame
                                                                       : Lease::Grant::kHeldByOther;
}

bool IsGrant(Lease::Grant grant) {
  return grant == Lease::Grant::kGranted || grant == Lease::Grant::kGrantedAfterSame ||
         grant == Lease::Grant::kGrantedBlind;
}

}  // namespace

Lease::Lease(RedisAddress address, telemetry::Metrics& metrics, std::chrono::milliseconds term,
             std::chrono::milliseconds memory)
    : owner_(Hex(RandomBytes(kOwnerBytes))),
      term_(term),
      memory_(memory),
      metrics_(metrics),
      redis_(std::move(address)) {}

Lease::~Lease() {
  MutexLock lock(mutex_);
  ending_ = true;
}

std::string Lease::Value(std::string_view digest) const { return Short(digest) + ":" + owner_; }

void Lease::Acquire(std::string_view name, std::string_view digest, std::int64_t max_ms,
                    absl::AnyInvocable<void(Grant) &&> done) {
  std::string key = KeyOf(name);
  std::string mine = Value(digest);
  const std::int64_t term_ms = std::min<std::int64_t>(term_.count(), max_ms);
  std::vector<std::string> command{"EVAL",
                                   kAcquire,
                                   "4",
                                   key,
                                   NoteOf(name, digest),
                                   kFilled,
                                   kFilling,
                                   mine,
                                   std::to_string(term_ms),
                                   std::string(kNoted),
                                   std::string(kBlind),
                                   std::to_string(memory_.count())};
  redis_.Send(std::move(command),
              [this, key, mine, max_ms, done = std::move(done)](const RedisReply& reply) mutable {
                Grant grant = Grant::kUnavailable;
                if (reply.kind == RedisReply::Kind::kText) grant = GrantOf(reply.text, mine);
                if (grant == Grant::kUnavailable) metrics_.CountLeaseUnavailable();
                if (IsGrant(grant)) Hold(std::move(key), std::move(mine), max_ms);
                std::move(done)(grant);
              });
}

void Lease::Hold(std::string key, std::string value, std::int64_t max_ms) {
  const Clock::time_point now = Clock::now();
  MutexLock lock(mutex_);
  held_.insert_or_assign(std::move(key), Held{.value = std::move(value),
                                              .renewed_at = now,
                                              .until = now + std::chrono::milliseconds(max_ms)});
  ScheduleRenewal();
}

// Nearly every call ends before its lease needs renewal: an occasional scan of all leases costs
// less than a timer for each.
void Lease::ScheduleRenewal() {
  if (renewal_planned_ || ending_ || held_.empty()) return;
  renewal_planned_ = true;
  timer_.At(Clock::now() + term_ / 5, [this] { Renew(); });
}

void Lease::Renew() {
  const Clock::time_point now = Clock::now();
  MutexLock lock(mutex_);
  renewal_planned_ = false;
  for (auto it = held_.begin(); it != held_.end();) {
    const auto one = it++;
    Held& held = one->second;
    if (now >= held.until) {  // The call has ended by then, or was lost.
      held_.erase(one);
      continue;
    }
    if (now - held.renewed_at < term_ / 5) continue;
    held.renewed_at = now;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(held.until - now);
    redis_.Send({"EVAL", kRenew, "1", one->first, held.value,
                 std::to_string(std::min(term_, left).count())},
                [](const RedisReply&) {});
  }
  ScheduleRenewal();
}

void Lease::Release(std::string_view name, std::string_view digest,
                    std::chrono::milliseconds remember_for) {
  const std::string key = KeyOf(name);
  const std::string value = Value(digest);
  {
    MutexLock lock(mutex_);
    const auto held = held_.find(key);
    if (held != held_.end() && held->second.value == value) held_.erase(held);
  }
  redis_.Send({"EVAL", kRelease, "2", key, NoteOf(name, digest), value,
               std::to_string(remember_for.count())},
              [](const RedisReply&) {});
}

}  // namespace msp::payments
