// SPDX-License-Identifier: Apache-2.0

// Other endpoints of an order: its event stream, and its QR code.
#include "sandbox/front/front.h"
#include "sandbox/front/qr.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

constexpr auto kWaitMax = std::chrono::seconds(1);
constexpr auto kCommentEvery = std::chrono::seconds(15);
// The reader reconnects with the id of the last event it has received.
constexpr auto kStreamMax = std::chrono::minutes(10);
constexpr int kReconnectMs = 1000;

HttpResponse JsonResponse(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

// The token of `Authorization`, with the scheme's name or without it.
std::string TokenOf(const HttpRequest& request) {
  const std::string* header = request.Header("authorization");
  if (header == nullptr) return {};
  constexpr std::string_view kBearer = "Bearer ";
  return EqualsIgnoreCase(header->substr(0, kBearer.size()), kBearer)
             ? header->substr(kBearer.size())
             : *header;
}

// Everything from the start for an id that is none.
std::uint64_t LastEventId(const HttpRequest& request) {
  const std::string* header = request.Header("last-event-id");
  if (header == nullptr || header->empty() || header->size() > 18 ||
      header->find_first_not_of("0123456789") != std::string::npos) {
    return 0;
  }
  return std::stoull(*header);
}

std::string Written(const OrderEvent& event, const Order& order) {
  const Json data{{"type", "session.order"},
                  {"order_id", order.order_id},
                  {"session_id", order.session.id},
                  {"status", event.status},
                  {"financial_status", event.financial_status},
                  {"transaction_id", std::to_string(event.transaction_id)}};
  return "id: " + std::to_string(event.id) +
         "\nevent: session.order\nretry: " + std::to_string(kReconnectMs) +
         "\ndata: " + data.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n\n";
}

}  // namespace

bool Front::NextEvents(EventReader& reader, std::string* bytes) {
  const auto deadline = std::chrono::steady_clock::now() + kWaitMax;
  MutexLock lock(mutex_);
  while (true) {
    const Order* order = platform_.FindEventsToken(reader.token);
    const auto now = std::chrono::steady_clock::now();
    if (order == nullptr || streams_ended_ || reader.generation != stream_generation_ ||
        now - reader.began > kStreamMax) {
      return false;
    }
    for (const OrderEvent& event : order->events) {
      if (event.id <= reader.last_id) continue;
      *bytes += Written(event, *order);
      reader.last_id = event.id;
    }
    if (!bytes->empty()) {
      reader.wrote = now;
      return true;
    }
    if (now - reader.wrote > kCommentEvery) {
      *bytes = ": no news\n\n";
      reader.wrote = now;
      return true;
    }
    if (now >= deadline) return true;
    events_changed_.WaitUntil(mutex_, deadline);
  }
}

HttpResponse Front::Events(const HttpRequest& request, std::string* order_id) {
  const auto segments = PathSegments(request.path);
  if (segments.size() != 2 || segments[1] != "stream")
    return JsonResponse(404, R"({"message":"Not found"})");
  if (request.method != "GET") return TextResponse(405, "method not allowed\n");
  EventReader reader;
  reader.token = TokenOf(request);
  reader.last_id = LastEventId(request);
  reader.began = reader.wrote = std::chrono::steady_clock::now();
  MutexLock lock(mutex_);
  ++counts_["event_streams"];
  Tick();
  const Order* order = platform_.FindEventsToken(reader.token);
  if (order == nullptr) return JsonResponse(401, R"({"message":"Unauthorized"})");
  *order_id = order->order_id;
  reader.generation = stream_generation_;
  HttpResponse response;
  response.content_type = "text/event-stream; charset=utf-8";
  response.headers.emplace_back("Cache-Control", "no-store");
  response.more = [this, reader](std::string* bytes) mutable { return NextEvents(reader, bytes); };
  return response;
}

HttpResponse Front::QrCode(const HttpRequest& request, std::string* order_id) {
  constexpr std::string_view kEnd = ".svg";
  const auto segments = PathSegments(request.path);
  if (request.method != "GET") return TextResponse(405, "method not allowed\n");
  std::string session = segments.size() == 2 ? segments[1] : std::string();
  if (session.size() <= kEnd.size() || !session.ends_with(kEnd))
    return TextResponse(404, "no code\n");
  session.resize(session.size() - kEnd.size());
  HttpResponse response;
  std::string url;
  int pixels = 0;
  {
    MutexLock lock(mutex_);
    const Order* order = platform_.FindSession(session);
    if (order == nullptr || order->qr_size == 0) return TextResponse(404, "no code\n");
    *order_id = order->order_id;
    url = options_.public_url + "/connect/" + session + "/";
    pixels = order->qr_size;
  }
  response.content_type = "image/svg+xml";
  response.headers = {{"Cache-Control", "no-store"},
                      {"Content-Security-Policy", "default-src 'none'"},
                      {"X-Content-Type-Options", "nosniff"}};
  response.body = QrSvg(url, pixels);
  return response;
}

}  // namespace msp::sandbox
