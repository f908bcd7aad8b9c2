// SPDX-License-Identifier: Apache-2.0

#include "service/payments/sites.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"

namespace msp::payments {
namespace {

// The wait of a caller that is refused because of its site's limit on concurrent calls.
constexpr std::int64_t kInFlightWaitMs = 100;

double UnixSecondsNow() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Failure Refused(absl::StatusCode code, std::string_view reason, std::string message) {
  return {.code = code,
          .message = std::move(message),
          .reason = std::string(reason),
          .outcome = multisafepay::v1::OUTCOME_NOT_SENT};
}

// The names are not listed: a caller must not learn about sites that it may not use.
Failure UnknownSite(bool named) {
  const std::string problem =
      named ? "names no site of the sites file" : "is missing: name a site of the sites file";
  Failure failure = Refused(absl::StatusCode::kInvalidArgument, reason::kUnknownSite,
                            absl::StrCat("x-msp-site ", problem));
  failure.violations.push_back({.field = "metadata.x-msp-site", .description = problem});
  return failure;
}

Failure Forbidden() {
  return Refused(absl::StatusCode::kPermissionDenied, reason::kSiteForbidden,
                 "the site is bound to client certificates other than the caller's");
}

Failure OverLimit(std::string what, std::int64_t retry_after_ms) {
  Failure failure =
      Refused(absl::StatusCode::kResourceExhausted, reason::kSiteLimit, std::move(what));
  failure.retry_after_ms = retry_after_ms;
  return failure;
}

bool Shares(const std::vector<std::string>& bound, const std::vector<std::string_view>& shown) {
  return std::any_of(shown.begin(), shown.end(), [&bound](std::string_view name) {
    return std::find(bound.begin(), bound.end(), name) != bound.end();
  });
}

// Milliseconds until the site accepts another call; 0 when one more call is within its rate.
std::int64_t TakeToken(Sites::Usage& usage, double calls_per_s, Sites::Clock::time_point now) {
  if (calls_per_s <= 0) return 0;
  const double full = std::max(1.0, calls_per_s);
  MutexLock lock(usage.mutex);
  const double passed_s = std::chrono::duration<double>(now - usage.filled).count();
  usage.tokens = usage.tokens < 0
                     ? full
                     : std::min(full, usage.tokens + std::max(0.0, passed_s) * calls_per_s);
  usage.filled = now;
  if (usage.tokens >= 1) {
    usage.tokens -= 1;
    return 0;
  }
  return std::max<std::int64_t>(1, std::llround(1000 * (1 - usage.tokens) / calls_per_s));
}

}  // namespace

Sites::Sites(std::vector<SiteSetting> settings, Clock::time_point now)
    : table_(std::make_shared<const Table>()) {
  Update(std::move(settings), now);
}

std::variant<Sites::Admitted, Failure> Sites::Admit(const SiteClaim& caller,
                                                    Clock::time_point now) {
  const std::shared_ptr<const Table> table = this->table();
  auto found = table->end();
  if (!caller.site.empty()) {
    found = table->find(caller.site);
  } else if (table->size() == 1) {
    found = table->begin();
  } else {
    // A caller whose certificate is bound to a single site need not name it.
    for (auto entry = table->begin(); entry != table->end(); ++entry) {
      if (!Shares(entry->second.identities, caller.identities)) continue;
      if (found != table->end()) return UnknownSite(false);
      found = entry;
    }
  }
  if (found == table->end()) return UnknownSite(!caller.site.empty());
  const Entry& entry = found->second;
  if (!entry.identities.empty() && !Shares(entry.identities, caller.identities)) return Forbidden();
  Usage& usage = *entry.usage;
  const std::int64_t in_flight = usage.in_flight.fetch_add(1, std::memory_order_relaxed);
  ConcurrencyPermit permit(entry.usage);
  if (entry.limits.in_flight_max > 0 && in_flight >= entry.limits.in_flight_max) {
    usage.refused.fetch_add(1, std::memory_order_relaxed);
    return OverLimit(
        absl::StrCat("the site has ", entry.limits.in_flight_max, " calls in flight, its limit"),
        kInFlightWaitMs);
  }
  if (const std::int64_t wait_ms = TakeToken(usage, entry.limits.calls_per_s, now); wait_ms > 0) {
    usage.refused.fetch_add(1, std::memory_order_relaxed);
    return OverLimit(
        absl::StrCat("the site is limited to ", entry.limits.calls_per_s, " calls per second"),
        wait_ms);
  }
  return Admitted{entry.site, std::move(permit)};
}

std::shared_ptr<const Site> Sites::Find(std::string_view name, Clock::time_point now) {
  const std::shared_ptr<const Table> table = this->table();
  const auto found = name.empty() && table->size() == 1 ? table->begin() : table->find(name);
  if (found == table->end()) return nullptr;
  const Entry& entry = found->second;
  if (entry.site->previous_key().empty() || now < entry.previous_key_until) return entry.site;
  return std::make_shared<const Site>(entry.site->name(), entry.site->api_key());
}

std::vector<std::string> Sites::Update(std::vector<SiteSetting> settings, Clock::time_point now) {
  const std::shared_ptr<const Table> before = table();
  auto table = std::make_shared<Table>();
  std::vector<std::string> changed;
  for (SiteSetting& setting : settings) {
    Entry entry{.limits = setting.limits,
                .identities = std::move(setting.identities),
                .usage = std::make_shared<Usage>(),
                .key_changed_unix_s = UnixSecondsNow(),
                // A previous key in the settings does not expire.
                .previous_key_until = Clock::time_point::max()};
    const auto old = before->find(setting.name);
    const bool known = old != before->end();
    const bool same_key = known && old->second.site->api_key() == setting.api_key;
    if (known) entry.usage = old->second.usage;
    if (same_key) {
      entry.key_changed_unix_s = old->second.key_changed_unix_s;
      if (setting.previous_key.empty() && now < old->second.previous_key_until &&
          old->second.previous_key_until != Clock::time_point::max()) {
        setting.previous_key = old->second.site->previous_key();
        entry.previous_key_until = old->second.previous_key_until;
      }
    } else if (known) {
      changed.push_back(setting.name);
      if (setting.previous_key.empty()) {
        setting.previous_key = old->second.site->api_key();
        entry.previous_key_until = now + kPreviousKeyLife;
      }
    }
    entry.site = std::make_shared<const Site>(setting.name, std::move(setting.api_key),
                                              std::move(setting.previous_key));
    table->insert_or_assign(std::move(setting.name), std::move(entry));
  }
  MutexLock lock(mutex_);
  table_ = std::move(table);
  return changed;
}

std::vector<Sites::Fact> Sites::Facts() const {
  std::vector<Fact> facts;
  for (const auto& [name, entry] : *table()) {
    facts.push_back({.name = name,
                     .in_flight = entry.usage->in_flight.load(std::memory_order_relaxed),
                     .refused = entry.usage->refused.load(std::memory_order_relaxed),
                     .key_changed_unix_s = entry.key_changed_unix_s});
  }
  return facts;
}

bool Sites::BindsIdentities() const {
  const auto table = this->table();
  return std::any_of(table->begin(), table->end(),
                     [](const auto& entry) { return !entry.second.identities.empty(); });
}

}  // namespace msp::payments
