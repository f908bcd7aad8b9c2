// SPDX-License-Identifier: Apache-2.0

#include "service/webhooks/redis_event_publisher.h"

#include <utility>

#include "service/base/aead.h"
#include "service/base/hash.h"
#include "service/base/text.h"
#include "service/telemetry/line.h"
#include "service/webhooks/notification_receiver.h"

namespace msp::webhooks {
namespace {

constexpr char kChannel[] = "msp:events:1";
constexpr std::size_t kOriginBytes = 16;
constexpr std::size_t kNameMax = 255;

std::string EncryptionKeyOf(std::string_view api_key) {
  return HmacSha256(Trimmed(api_key), "msp events between replicas");
}

// A length in one byte, then the text.
void AppendShort(std::string& out, std::string_view text) {
  text = text.substr(0, kNameMax);
  out.push_back(static_cast<char>(static_cast<unsigned char>(text.size())));
  out.append(text);
}

bool TakeShort(std::string_view& in, std::string_view* text) {
  if (in.empty()) return false;
  const std::size_t size = static_cast<unsigned char>(in.front());
  in.remove_prefix(1);
  if (in.size() < size) return false;
  *text = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

std::string BoundOf(std::string_view origin, std::string_view site) {
  return std::string(origin) + std::string(site);
}

}  // namespace

std::string Packed(std::string_view origin, const payments::Site& site, const Event& event) {
  std::string text;
  AppendShort(text, event.order_id);
  text.append(event.body);
  std::string payload(origin);
  AppendShort(payload, site.name());
  payload += EncryptAead(EncryptionKeyOf(KeysOf(site).front()), BoundOf(origin, site.name()), text);
  ZeroizeString(text);
  return payload;
}

bool Unpack(std::string_view payload, Unpacked* unpacked) {
  if (payload.size() < kOriginBytes) return false;
  unpacked->origin = payload.substr(0, kOriginBytes);
  payload.remove_prefix(kOriginBytes);
  std::string_view site;
  if (!TakeShort(payload, &site)) return false;
  unpacked->site = std::string(site);
  unpacked->ciphertext = payload;
  return true;
}

bool OpenEvent(const Unpacked& unpacked, const payments::Site& site, Event* event) {
  for (const std::string_view key : KeysOf(site)) {
    const auto text = DecryptAead(EncryptionKeyOf(key), BoundOf(unpacked.origin, unpacked.site),
                                  unpacked.ciphertext);
    if (!text) continue;
    std::string_view rest = *text;
    std::string_view order_id;
    if (!TakeShort(rest, &order_id)) return false;
    event->order_id = std::string(order_id);
    event->body = std::string(rest);
    return true;
  }
  return false;
}

RedisEventPublisher::RedisEventPublisher(const RedisAddress& address, Dependencies dependencies)
    : origin_(RandomBytes(kOriginBytes)),
      dependencies_(std::move(dependencies)),
      redis_(address),
      channel_(
          address, kChannel,
          {.on_message = [this](std::string_view payload) { OnMessage(payload); },
           .on_connection_change = [this](bool connected) { OnConnectionChange(connected); }}) {}

void RedisEventPublisher::Publish(const payments::Site& site, const Event& event, Done done) {
  redis_.Send({"PUBLISH", kChannel, Packed(origin_, site, event)},
              [this, done = std::move(done)](const RedisReply& reply) mutable {
                const bool sent = reply.kind == RedisReply::Kind::kInteger;
                dependencies_.counters.publisher.Count(sent ? PublisherCount::kPublished
                                                            : PublisherCount::kUnpublished);
                const std::int64_t now_s = telemetry::UnixMsNow() / 1'000;
                // At most one line a second.
                if (!sent && logged_s_.exchange(now_s) != now_s)
                  dependencies_.log.Write(telemetry::Level::kWarning, "event_not_published");
                std::move(done)();
              });
}

void RedisEventPublisher::OnMessage(std::string_view payload) {
  Unpacked unpacked;
  if (!Unpack(payload, &unpacked))
    return dependencies_.counters.publisher.Count(PublisherCount::kRefused);
  if (unpacked.origin == origin_) return;
  const auto site = dependencies_.sites(unpacked.site);
  Event event;
  if (unpacked.site.empty() || site == nullptr || !OpenEvent(unpacked, *site, &event))
    return dependencies_.counters.publisher.Count(PublisherCount::kRefused);
  dependencies_.counters.publisher.Count(PublisherCount::kReceived);
  if (event.body.empty())
    return dependencies_.registry.OnUnauthenticatedNotification(site->name(), event.order_id);
  if (!dependencies_.registry.Watches(site->name(), event.order_id))
    return ZeroizeString(event.body);
  NotificationReceiver::Body body = dependencies_.receiver.Read(std::move(event.body));
  if (!body.error.empty()) return;
  body.order.set_order_id(event.order_id);
  dependencies_.registry.OnNotification(site->name(),
                                        StateOf(std::move(body.order), telemetry::UnixMsNow()));
}

void RedisEventPublisher::OnConnectionChange(bool connected) {
  dependencies_.counters.publisher_connected.store(connected ? 1 : 0, std::memory_order_relaxed);
  dependencies_.log.Write(connected ? telemetry::Level::kInfo : telemetry::Level::kWarning,
                          "events_bus", {{"connected", connected}});
  if (connected) dependencies_.registry.CatchUp();
}

}  // namespace msp::webhooks
