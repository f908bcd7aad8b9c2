// SPDX-License-Identifier: Apache-2.0

// The websites that callers may take payments for: which one a call is for, whether its caller may,
// and how much each of them may ask at a time.
//
// Owned by main. Calls are admitted on any thread; one thread hands in what the files say when it
// has changed. Calls in hand keep the site that they began with, key and all.
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

// What one site may ask; 0 bounds nothing.
struct SiteLimits {
  std::int64_t in_flight_max = 0;  // Calls at a time.
  double calls_per_s = 0;          // On average; a second's worth may come at once.
};

// A site as the settings describe it.
struct SiteSetting {
  std::string name;
  std::string api_key;
  std::string previous_key;  // Notifications may still be signed with it; may be empty.
  SiteLimits limits;
  // Names in client certificates whose bearers alone may use the site; empty: every client that may
  // connect.
  std::vector<std::string> identities;
};

class Sites {
 public:
  using Clock = std::chrono::steady_clock;

  // How long notifications signed with a replaced key are taken: MultiSafepay repeats one for 45
  // minutes, each time newly signed, so this is generous.
  static constexpr std::chrono::hours kPreviousKeyLife{2};

  // What is counted for each site from call to call, also when its key or limits change.
  struct Usage {
    std::atomic<std::int64_t> in_flight{0};
    std::atomic<std::int64_t> refused{0};  // For its limits.
    Mutex mutex;
    double tokens ABSL_GUARDED_BY(mutex) = -1;  // Below 0: not used yet, full.
    Clock::time_point filled ABSL_GUARDED_BY(mutex);
  };

  // One call's place among its site's; given back when it goes.
  class ConcurrencyPermit {
   public:
    ConcurrencyPermit() = default;
    explicit ConcurrencyPermit(std::shared_ptr<Usage> use) : use_(std::move(use)) {}
    ConcurrencyPermit(ConcurrencyPermit&& other) noexcept = default;
    ConcurrencyPermit& operator=(ConcurrencyPermit&& other) noexcept {
      std::swap(use_, other.use_);
      return *this;
    }
    ~ConcurrencyPermit() {
      if (use_ != nullptr) use_->in_flight.fetch_sub(1, std::memory_order_relaxed);
    }

   private:
    std::shared_ptr<Usage> use_;
  };

  struct Admitted {
    std::shared_ptr<const Site> site;
    ConcurrencyPermit place;
  };

  // Who calls: the site that it names ("" for none) and every name of its verified certificate.
  struct Caller {
    std::string_view site;
    std::vector<std::string_view> identities;
  };

  explicit Sites(std::vector<SiteSetting> settings, Clock::time_point now = Clock::now());

  // A site, or why not: UNKNOWN_SITE, SITE_FORBIDDEN or SITE_LIMIT. Nothing was sent then.
  std::variant<Admitted, Failure> Admit(const Caller& caller, Clock::time_point now);
  // The site of that name, for notifications, which are admitted by their signature; null for none.
  // "" is the only site there is.
  std::shared_ptr<const Site> Find(std::string_view name, Clock::time_point now = Clock::now());

  // Takes what the files say now. The names of sites whose key has changed.
  std::vector<std::string> Update(std::vector<SiteSetting> settings,
                                  Clock::time_point now = Clock::now());

  // What an operator asks about a site.
  struct Fact {
    std::string name;
    std::int64_t in_flight = 0;
    std::int64_t refused = 0;
    double key_changed_unix_s = 0;  // When this process first had the key; only a change is later.
  };
  std::vector<Fact> Facts() const;
  // Any site with a certificate's name bound to it.
  bool BindsIdentities() const;

 private:
  struct Entry {
    std::shared_ptr<const Site> site;
    SiteLimits limits;
    std::vector<std::string> identities;
    std::shared_ptr<Usage> use;
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
