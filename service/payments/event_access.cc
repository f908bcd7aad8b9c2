// SPDX-License-Identifier: Apache-2.0

#include "service/payments/event_access.h"

#include <utility>

#include "service/base/text.h"
#include "service/event_streams/event_streams.h"

namespace msp::payments {
namespace {

// The text of a member that the schema does not know; "" for none.
const std::string& UnmodelledText(const multisafepay::v1::Order& order, const char* name) {
  static const std::string none;
  const auto found = order.unmodelled().fields().find(name);
  return found == order.unmodelled().fields().end() ? none : found->second.string_value();
}

// No site's name has a NUL.
std::string KeyOf(std::string_view site, std::string_view order_id) {
  std::string key(site);
  key.push_back('\0');
  return key.append(order_id);
}

}  // namespace

EventAccessTable::EventAccessTable(std::function<Clock::time_point()> now) : now_(std::move(now)) {}

EventAccessTable::~EventAccessTable() {
  MutexLock lock(mutex_);
  while (!entries_.empty()) Drop(entries_.begin());
}

void EventAccessTable::Keep(std::string_view site, std::string_view order_id,
                            const multisafepay::v1::Order& order) {
  const std::string& url = order.has_events_stream_url()
                               ? order.events_stream_url()
                               : UnmodelledText(order, "event_stream_url");
  const std::string& token =
      order.has_events_token() ? order.events_token() : UnmodelledText(order, "event_token");
  using Request = event_streams::EventStreamRequest;  // An access beyond its bounds is not stored.
  if (url.empty() || url.size() > Request::kUrlBytesMax || token.empty() ||
      token.size() > Request::kTokenBytesMax)
    return;
  std::string key = KeyOf(site, order_id);
  MutexLock lock(mutex_);
  DropExpired();
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    const EventAccess& known = found->second->access;
    if (known.url == url && known.token == token) {
      found->second->until = now_() + kLifetime;
      return entries_.splice(entries_.end(), entries_, found->second);
    }
    Drop(found->second);
  }
  if (entries_.size() >= kOrdersMax) Drop(entries_.begin());
  entries_.push_back({std::move(key), {url, token, ++numbers_}, now_() + kLifetime});
  by_key_.emplace(entries_.back().key, std::prev(entries_.end()));
}

std::optional<EventAccess> EventAccessTable::Find(std::string_view site, std::string_view order_id,
                                                  std::uint64_t but) {
  MutexLock lock(mutex_);
  DropExpired();
  if (entries_.empty()) return std::nullopt;
  const auto found = by_key_.find(KeyOf(site, order_id));
  if (found == by_key_.end() || found->second->access.number == but) return std::nullopt;
  return found->second->access;
}

std::size_t EventAccessTable::size() {
  MutexLock lock(mutex_);
  return entries_.size();
}

void EventAccessTable::Drop(Entries::iterator entry) {
  by_key_.erase(entry->key);
  ZeroizeString(entry->access.token);
  ZeroizeString(entry->access.url);
  entries_.erase(entry);
}

void EventAccessTable::DropExpired() {
  const Clock::time_point now = now_();
  while (!entries_.empty() && entries_.front().until <= now) Drop(entries_.begin());
}

}  // namespace msp::payments
