// SPDX-License-Identifier: Apache-2.0

#include "service/webhooks/order_event_streams.h"

#include <optional>

namespace msp::webhooks {

OrderEventStreams::OrderEventStreams(payments::EventAccessTable& access,
                                     event_streams::EventStreams& streams,
                                     OrderWatchRegistry& registry)
    : access_(access), streams_(streams), registry_(registry) {}

void OrderEventStreams::Follow(const std::string& site, const std::string& order_id) {
  Key key{site, order_id};
  MutexLock lock(mutex_);
  const auto found = followed_.find(key);
  if (found != followed_.end() && !found->second.ended) return;
  // A refused stream would be refused again, except with another token.
  std::optional<payments::EventAccess> access =
      access_.Find(site, order_id, found == followed_.end() ? 0 : found->second.access);
  if (!access) return;
  const std::uint64_t number = access->number;
  const event_streams::EventStreams::OpenResult result =
      streams_.Open({.url = std::move(access->url), .token = std::move(access->token)},
                    [this, key](event_streams::EventStreams::Id id,
                                event_streams::StreamSignal signal) { OnSignal(key, id, signal); });
  switch (result.opened) {
    case event_streams::StreamOpened::kOpened:
      followed_[std::move(key)] = {.id = result.id, .access = number};
      return;
    case event_streams::StreamOpened::kBadAddress:
    case event_streams::StreamOpened::kBadToken:
      followed_[std::move(key)] = {.access = number, .ended = true};
      return;
    case event_streams::StreamOpened::kFull:  // Retried when the order is read next.
    case event_streams::StreamOpened::kStopped:
      return;
  }
}

void OrderEventStreams::Unfollow(const std::string& site, const std::string& order_id) {
  MutexLock lock(mutex_);
  const auto found = followed_.find({site, order_id});
  if (found == followed_.end()) return;
  if (!found->second.ended) streams_.Close(found->second.id);
  followed_.erase(found);
}

void OrderEventStreams::OnSignal(const Key& key, event_streams::EventStreams::Id id,
                                 event_streams::StreamSignal signal) {
  {
    MutexLock lock(mutex_);
    const auto found = followed_.find(key);
    // The signal was under way when the stream was closed.
    if (found == followed_.end() || found->second.id != id) return;
    if (signal == event_streams::StreamSignal::kEnded) found->second.ended = true;
  }
  if (signal != event_streams::StreamSignal::kEnded) registry_.OnPush(key.first, key.second);
}

}  // namespace msp::webhooks
