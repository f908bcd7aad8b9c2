#include "service/psp/lease.h"

#include <utility>

#include "service/base/hash.h"
#include "service/base/text.h"

namespace msp::psp {
namespace {

constexpr std::size_t kOwnerBytes = 16;
constexpr std::size_t kDigestDigits = 32;

// Takes the lease, or tells the value of the one who has it.
constexpr const char* kAcquire =
    "if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return ARGV[1] end return "
    "redis.call('GET', KEYS[1])";
// Deletes the lease if it is still ours.
constexpr const char* kRelease =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

std::string KeyOf(const std::string& name) {
  return "msp:lease:" + Hex(HmacSha256("msp lease", name)).substr(0, 48);
}

std::string Short(const std::string& digest) {
  return Hex(HmacSha256("msp digest", digest)).substr(0, kDigestDigits);
}

}  // namespace

Lease::Lease(RedisAddress address, telemetry::Metrics& metrics)
    : owner_(Hex(RandomBytes(kOwnerBytes))), metrics_(metrics), redis_(std::move(address)) {}

std::string Lease::Value(const std::string& digest) const { return Short(digest) + ":" + owner_; }

void Lease::Acquire(const std::string& name, const std::string& digest, std::int64_t ttl_ms,
                    absl::AnyInvocable<void(Grant) &&> done) {
  std::string mine = Value(digest);
  redis_.Send({"EVAL", kAcquire, "1", KeyOf(name), mine, std::to_string(ttl_ms)},
              [this, mine, done = std::move(done)](const RedisReply& reply) mutable {
                Grant grant = Grant::kUnavailable;
                if (reply.kind == RedisReply::Kind::kText) {
                  const bool same = std::string_view(reply.text).substr(0, kDigestDigits) ==
                                    mine.substr(0, kDigestDigits);
                  grant = reply.text == mine ? Grant::kGranted
                          : same             ? Grant::kHeldBySame
                                             : Grant::kHeldByOther;
                }
                if (grant == Grant::kUnavailable) metrics_.CountLeaseUnavailable();
                std::move(done)(grant);
              });
}

void Lease::Release(const std::string& name, const std::string& digest) {
  redis_.Send({"EVAL", kRelease, "1", KeyOf(name), Value(digest)}, [](const RedisReply&) {});
}

}  // namespace msp::psp
