#include "service/psp/lease.h"

#include <utility>

#include "service/base/hash.h"
#include "service/base/text.h"

namespace msp::psp {
namespace {

constexpr std::size_t kOwnerBytes = 16;
constexpr std::size_t kDigestDigits = 32;

constexpr std::string_view kLandedPrefix = "landed:";  // Before the digest of a call that is over.
constexpr const char* kLandedMs = "60000";

// Takes the lease when nobody has it, and tells what was there: nothing, a landed call's note, or
// the value of the one who has it.
constexpr const char* kAcquire =
    "local had = redis.call('GET', KEYS[1]) "
    "if had and string.sub(had, 1, 7) ~= 'landed:' then return had end "
    "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return had or ARGV[1]";
// Gives the lease up if it is still ours: leaves a note for a while, or nothing.
constexpr const char* kRelease =
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end "
    "if ARGV[2] == '' then return redis.call('DEL', KEYS[1]) end "
    "redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 1";

std::string KeyOf(std::string_view name) {
  return "msp:lease:" + Hex(HmacSha256("msp lease", name)).substr(0, 48);
}

std::string Short(std::string_view digest) {
  return Hex(HmacSha256("msp digest", digest)).substr(0, kDigestDigits);
}

Lease::Grant GrantOf(std::string_view had, std::string_view mine) {
  if (had == mine) return Lease::Grant::kGranted;
  if (had.substr(0, kLandedPrefix.size()) == kLandedPrefix) {
    return had.substr(kLandedPrefix.size()) == mine.substr(0, kDigestDigits)
               ? Lease::Grant::kGrantedAfterSame
               : Lease::Grant::kGranted;
  }
  return had.substr(0, kDigestDigits) == mine.substr(0, kDigestDigits) ? Lease::Grant::kHeldBySame
                                                                       : Lease::Grant::kHeldByOther;
}

}  // namespace

Lease::Lease(RedisAddress address, telemetry::Metrics& metrics)
    : owner_(Hex(RandomBytes(kOwnerBytes))), metrics_(metrics), redis_(std::move(address)) {}

std::string Lease::Value(std::string_view digest) const { return Short(digest) + ":" + owner_; }

void Lease::Acquire(std::string_view name, std::string_view digest, std::int64_t ttl_ms,
                    absl::AnyInvocable<void(Grant) &&> done) {
  std::string mine = Value(digest);
  redis_.Send({"EVAL", kAcquire, "1", KeyOf(name), mine, std::to_string(ttl_ms)},
              [this, mine, done = std::move(done)](const RedisReply& reply) mutable {
                Grant grant = Grant::kUnavailable;
                if (reply.kind == RedisReply::Kind::kText) grant = GrantOf(reply.text, mine);
                if (grant == Grant::kUnavailable) metrics_.CountLeaseUnavailable();
                std::move(done)(grant);
              });
}

void Lease::Release(std::string_view name, std::string_view digest, bool remember) {
  redis_.Send({"EVAL", kRelease, "1", KeyOf(name), Value(digest),
               remember ? std::string(kLandedPrefix) + Short(digest) : "", kLandedMs},
              [](const RedisReply&) {});
}

}  // namespace msp::psp
