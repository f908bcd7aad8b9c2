// SPDX-License-Identifier: Apache-2.0

#include "service/webhooks/notification_receiver.h"

#include <algorithm>
#include <utility>

#include "service/codec/decode.h"
#include "service/payments/deciding.h"
#include "service/payments/identity.h"
#include "service/payments/mismatch.h"
#include "service/payments/state.h"
#include "service/telemetry/line.h"
#include "service/webhooks/signature.h"

namespace msp::webhooks {
namespace {

// Orders in one generation of remembered states.
constexpr std::size_t kRememberedMax = 50'000;

NotificationReceiver::ReceiveResult Refused(SignatureCheck verdict) {
  switch (verdict) {
    case SignatureCheck::kBadAuthHeader:
      return {Received::kBadAuthHeader,
              "the Auth header is not base64 of a time, a colon and 128 hexadecimal digits"};
    case SignatureCheck::kStale:
      return {Received::kStale, "the notification is older than the replay window"};
    case SignatureCheck::kFuture:
      return {Received::kFuture, "the notification is from the future"};
    default:
      return {Received::kBadSignature,
              "the signature does not match the body and the site's API key"};
  }
}

}  // namespace

NotificationReceiver::NotificationReceiver(std::int64_t window_s,
                                           const codec::MessageSchema& order_schema,
                                           OrderWatchRegistry& registry, Counters& counters)
    : window_s_(window_s), order_schema_(order_schema), registry_(registry), counters_(counters) {}

void NotificationReceiver::Receive(const payments::Site& site, const Notification& notification,
                                   Done done) {
  ReceiveResult result = Handle(site, notification);
  counters_.received.Count(result.received);
  if (!result.genuine() || publisher_ == nullptr) return std::move(done)(std::move(result));
  const Event event{result.order.order_id(), std::string(notification.body)};
  publisher_->Publish(site, event, [result = std::move(result), done = std::move(done)]() mutable {
    std::move(done)(std::move(result));
  });
}

NotificationReceiver::ReceiveResult NotificationReceiver::Handle(const payments::Site& site,
                                                                 const Notification& notification) {
  const std::int64_t now_ms = telemetry::UnixMsNow();
  const SignatureCheck verdict = Verify(notification.auth, notification.body, KeysOf(site),
                                        {.now_s = now_ms / 1'000, .past_s = window_s_});
  if (verdict != SignatureCheck::kGenuine) return Refused(verdict);
  Body body = Read(std::string(notification.body));
  if (!body.error.empty())
    return {.received = Received::kMalformed, .detail = std::move(body.error)};
  const std::string_view id = notification.transactionid;
  if (!id.empty() && !payments::SameOrderId(id, body.order.order_id()))
    return {.received = Received::kWrongOrder,
            .detail = "the query's transactionid is not the body's order_id"};
  // The body's id counts, because it is signed and the query is not. Only as a JSON number has it
  // lost leading zeros: then the query has it as the shop wrote it.
  if (!id.empty() && body.numeric_id) body.order.set_order_id(std::string(id));
  OrderState state = StateOf(body.order, now_ms);
  const bool duplicate = SeenBefore(site.name(), state);
  registry_.OnNotification(site.name(), std::move(state));
  return {.received = duplicate ? Received::kDuplicate : Received::kAccepted,
          .order = std::move(body.order)};
}

void NotificationReceiver::ReceiveUnauthenticated(const payments::Site& site,
                                                  std::string_view order_id) {
  counters_.received.Count(Received::kUnauthenticated);
  registry_.OnUnauthenticatedNotification(site.name(), std::string(order_id));
  if (publisher_ != nullptr) publisher_->Publish(site, {std::string(order_id), {}}, [] {});
}

NotificationReceiver::Body NotificationReceiver::Read(std::string body) const {
  Body read;
  const codec::DecodeResult decoded = codec::Decode(order_schema_, body, read.order);
  ZeroizeString(body);
  if (!decoded.ok) return {.error = "the body is not JSON: " + decoded.error};
  if (read.order.order_id().empty() || read.order.order_id().size() > kOrderIdMax)
    return {.error = "the body is not an order: it has no order_id"};
  if (const std::string lost = payments::UnreadableOrderMember(decoded.drift, decoded.drift_cut);
      !lost.empty())
    return {.error = "the body is not an order: " + lost + " is not readable"};
  read.numeric_id = std::count(decoded.numbers.begin(), decoded.numbers.end(),
                               order_schema_.Find("order_id")) > 0;
  payments::StripMarker(read.order);
  payments::CompleteOrder(read.order);
  return read;
}

bool NotificationReceiver::SeenBefore(const std::string& site, const OrderState& state) {
  const std::string name = site + '\n' + state.order->order_id();
  const std::string mark = state.digest + std::to_string(state.modified);
  MutexLock lock(mutex_);
  if (young_.size() >= kRememberedMax && !young_.contains(name)) old_ = std::exchange(young_, {});
  std::string& last = young_[name];
  if (const auto before = old_.find(name); last.empty() && before != old_.end())
    last = before->second;
  return std::exchange(last, mark) == mark;
}

}  // namespace msp::webhooks
