// SPDX-License-Identifier: Apache-2.0

#include "service/webhooks/notification_receiver.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "service/codec/decode.h"
#include "service/payments/deciding.h"
#include "service/payments/identity.h"
#include "service/payments/interpret.h"
#include "service/payments/state.h"
#include "service/telemetry/line.h"
#include "service/webhooks/signature.h"

namespace msp::webhooks {
namespace {

// Orders in one generation of remembered states.
constexpr std::size_t kRememberedMax = 50'000;

Received Refused(SignatureCheck verdict) {
  switch (verdict) {
    case SignatureCheck::kBadAuthHeader:
      return Received::kBadAuthHeader;
    case SignatureCheck::kStale:
      return Received::kStale;
    case SignatureCheck::kFuture:
      return Received::kFuture;
    default:
      return Received::kBadSignature;
  }
}

std::string_view Explanation(SignatureCheck verdict) {
  switch (verdict) {
    case SignatureCheck::kBadAuthHeader:
      return "the Auth header is not base64 of a time, a colon and 128 hexadecimal digits";
    case SignatureCheck::kStale:
      return "the notification is older than the replay window";
    case SignatureCheck::kFuture:
      return "the notification is from the future";
    default:
      return "the signature does not fit the body and the site's API key";
  }
}

// True when the body has its order_id as a JSON number, without the leading zeros that the shop's
// id may have. The body is valid JSON: it has been decoded. The decoded order does not show it,
// because the decoder stores the digits of numbers and texts alike.
bool HasNumericOrderId(std::string_view body) {
  constexpr std::string_view kSpaces = " \t\r\n";
  bool numeric = false;
  int depth = 0;
  for (std::size_t at = 0; at < body.size(); ++at) {
    const char c = body[at];
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c != '"') continue;
    const std::size_t begin = at + 1;
    for (++at; at < body.size() && body[at] != '"'; ++at) {
      if (body[at] == '\\') ++at;
    }
    if (at >= body.size()) return false;
    const std::size_t colon = body.find_first_not_of(kSpaces, at + 1);
    if (depth != 1 || colon >= body.size() || body[colon] != ':' ||
        body.substr(begin, at - begin) != "order_id")
      continue;
    const std::size_t value = body.find_first_not_of(kSpaces, colon + 1);
    // The last of duplicate members counts.
    numeric = value < body.size() && absl::ascii_isdigit(static_cast<unsigned char>(body[value]));
  }
  return numeric;
}

}  // namespace

NotificationReceiver::NotificationReceiver(std::int64_t window_s,
                                           const codec::MessageSchema& order_plan,
                                           OrderWatchRegistry& registry, Counters& counters)
    : window_s_(window_s), order_plan_(order_plan), registry_(registry), counters_(counters) {}

void NotificationReceiver::Take(const payments::Site& site, const Notification& notification,
                                Taken taken) {
  Result result = Handle(site, notification);
  if (!result.genuine() || bus_ == nullptr) return std::move(taken)(std::move(result));
  const Event event{result.order.order_id(), std::string(notification.body)};
  bus_->Publish(site, event, [result = std::move(result), taken = std::move(taken)]() mutable {
    std::move(taken)(std::move(result));
  });
}

NotificationReceiver::Result NotificationReceiver::Handle(const payments::Site& site,
                                                          const Notification& notification) {
  Result result;
  const auto refuse = [&](Received received, std::string detail) {
    result.received = received;
    result.detail = std::move(detail);
    counters_.received.Count(received);
    return std::move(result);
  };
  const std::int64_t now_ms = telemetry::UnixMsNow();
  const SignatureCheck verdict = Verify(notification.auth, notification.body, KeysOf(site),
                                        {.now_s = now_ms / 1'000, .past_s = window_s_});
  if (verdict != SignatureCheck::kGenuine)
    return refuse(Refused(verdict), std::string(Explanation(verdict)));
  std::string detail;
  if (!Read(std::string(notification.body), result.order, detail))
    return refuse(Received::kMalformed, std::move(detail));
  if (!notification.transactionid.empty() &&
      !payments::SameOrderId(notification.transactionid, result.order.order_id()))
    return refuse(Received::kWrongOrder, "the query's transactionid is not the body's order_id");
  // The body's id counts, because it is signed and the query is not. Only as a JSON number has it
  // lost leading zeros: then the query has it as the shop wrote it.
  if (!notification.transactionid.empty() &&
      notification.transactionid != result.order.order_id() && HasNumericOrderId(notification.body))
    result.order.set_order_id(std::string(notification.transactionid));
  State state = StateOf(result.order, now_ms);
  result.duplicate = SeenBefore(site.name(), state);
  result.received = result.duplicate ? Received::kDuplicate : Received::kAccepted;
  counters_.received.Count(result.received);
  registry_.Notify(site.name(), std::move(state));
  return result;
}

void NotificationReceiver::NotifyUnauthenticated(const payments::Site& site,
                                                 std::string_view order_id) {
  counters_.received.Count(Received::kUnauthenticated);
  registry_.NotifyUnauthenticated(site.name(), std::string(order_id));
  if (bus_ != nullptr) bus_->Publish(site, {std::string(order_id), {}}, [] {});
}

bool NotificationReceiver::Read(std::string body, multisafepay::v1::Order& order,
                                std::string& detail) const {
  const codec::Decoded decoded = codec::Decode(order_plan_, body, order);
  ZeroizeString(body);
  if (!decoded.ok) {
    detail = "the body is no JSON: " + decoded.error;
    order.Clear();
    return false;
  }
  if (order.order_id().empty() || order.order_id().size() > kOrderIdMax) {
    detail = "the body is no order: it has no order_id";
    order.Clear();
    return false;
  }
  if (const std::string lost = payments::UnreadableOrderMember(decoded.drift, decoded.drift_cut);
      !lost.empty()) {
    detail = "the body is no order: " + lost + " is not readable";
    order.Clear();
    return false;
  }
  payments::StripMarker(order);
  payments::CompleteOrder(order);
  return true;
}

bool NotificationReceiver::SeenBefore(const std::string& site, const State& state) {
  const std::string name = site + '\n' + state.order->order_id();
  const std::string mark = state.digest + std::to_string(state.modified);
  MutexLock lock(mutex_);
  auto found = young_.find(name);
  const bool remembered = found != young_.end();
  if (!remembered) {
    if (young_.size() >= kRememberedMax) {
      old_ = std::move(young_);
      young_.clear();
    }
    const auto before = old_.find(name);
    found = young_.emplace(name, before == old_.end() ? std::string() : before->second).first;
  }
  if (found->second == mark) return true;
  found->second = mark;
  return false;
}

}  // namespace msp::webhooks
