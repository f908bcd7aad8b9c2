// SPDX-License-Identifier: Apache-2.0

// The websites that callers may take payments for: which site a call is for, whether its caller is
// authorized, and the limits of each site.
//
// Owned by main. Any thread admits calls; one thread updates the sites when the files have changed.
// Calls in flight keep the site and key that they began with.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "service/base/mutex.h"
#include "service/payments/failure.h"
#include "service/payments/site.h"

namespace msp::payments {

// The limits of one site; 0 for no limit.
struct SiteLimits {
  std::int64_t in_flight_max = 0;  // Concurrent calls.
  double calls_per_s = 0;          // On average; the burst is one second's worth.
};

// A site as configured.
struct SiteSetting {
  std::string name;
  std::string api_key;
  std::string previous_key;  // Notifications may still be signed with it; may be empty.
  SiteLimits limits;
  // Names in client certificates that may use the site; empty for every client that may connect.
  std::vector<std::string> identities;
};

class Sites {
 public:
  using Clock = std::chrono::steady_clock;

  // How long notifications signed with a replaced key are accepted. Generous: MultiSafepay repeats
  // a notification for 45 minutes, each time newly signed.
  static constexpr std::chrono::hours kPreviousKeyLife{2};

  // The usage counted for each site; survives changes of its key or limits.
  struct Usage {
    std::atomic<std::int64_t> in_flight{0};
    std::atomic<std::int64_t> refused{0};  // Because of its limits.
    Mutex mutex;
    double tokens ABSL_GUARDED_BY(mutex) = -1;  // Below 0: not used yet, so full.
    Clock::time_point filled ABSL_GUARDED_BY(mutex);
  };

  // One call within its site's limit on concurrent calls; released on destruction.
  class ConcurrencyPermit {
   public:
    ConcurrencyPermit() = default;
    explicit ConcurrencyPermit(std::shared_ptr<Usage> usage) : usage_(std::move(usage)) {}
    ConcurrencyPermit(ConcurrencyPermit&& other) noexcept = default;
    ConcurrencyPermit& operator=(ConcurrencyPermit&& other) noexcept {
      std::swap(usage_, other.usage_);
      return *this;
    }
    ~ConcurrencyPermit() {
      if (usage_ != nullptr) usage_->in_flight.fetch_sub(1, std::memory_order_relaxed);
    }

   private:
    std::shared_ptr<Usage> usage_;
  };

  struct Admitted {
    std::shared_ptr<const Site> site;
    ConcurrencyPermit permit;
  };

  // The caller: the site that it names ("" for none) and every name in its verified certificate.
  struct SiteClaim {
    std::string_view site;
    std::vector<std::string_view> identities;
  };

  explicit Sites(std::vector<SiteSetting> settings, Clock::time_point now = Clock::now());

  // A site, or a failure, without sending: UNKNOWN_SITE, SITE_FORBIDDEN or SITE_LIMIT.
  std::variant<Admitted, Failure> Admit(const SiteClaim& caller, Clock::time_point now);
  // The site of this name, for notifications, which are admitted by their signature; null for none.
  // "" names the only site.
  std::shared_ptr<const Site> Find(std::string_view name, Clock::time_point now = Clock::now());

  // Replaces the sites by those in the files. Returns the names of sites whose key has changed.
  std::vector<std::string> Update(std::vector<SiteSetting> settings,
                                  Clock::time_point now = Clock::now());

  // What operators see of a site.
  struct Fact {
    std::string name;
    std::int64_t in_flight = 0;
    std::int64_t refused = 0;
    double key_changed_unix_s = 0;  // When this process got the key: at start, or at a change.
  };
  std::vector<Fact> Facts() const;
  // True when a site is restricted to certificate names.
  bool BindsIdentities() const;

 private:
  struct Entry {
    std::shared_ptr<const Site> site;
    SiteLimits limits;
    std::vector<std::string> identities;
    std::shared_ptr<Usage> usage;
    double key_changed_unix_s = 0;
    Clock::time_point previous_key_until;
  };
  using Table = std::map<std::string, Entry, std::less<>>;

  std::shared_ptr<const Table> table() const {
    MutexLock lock(mutex_);
    return table_;
  }

  mutable Mutex mutex_;
  std::shared_ptr<const Table> table_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace msp::payments
