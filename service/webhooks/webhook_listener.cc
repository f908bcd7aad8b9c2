// SPDX-License-Identifier: Apache-2.0

#include "service/webhooks/webhook_listener.h"

#include <httplib.h>
#include <sys/socket.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/strings/match.h"

namespace msp::webhooks {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr std::size_t kThreads = 16;
constexpr seconds kSilenceMax{5};  // Between two pieces of a request, or of the answer.
constexpr std::size_t kBodyMax = 1 << 20;
constexpr char kText[] = "text/plain; charset=utf-8";
// The answer that MultiSafepay expects; after any other it sends again.
constexpr char kOk[] = "OK";

struct Address {
  std::string host;
  int port = 0;
};

Address Split(const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  Address address{.host = listen.substr(0, colon), .port = std::stoi(listen.substr(colon + 1))};
  if (address.host.starts_with('[')) address.host = address.host.substr(1, address.host.size() - 2);
  return address;
}

struct Framing {
  bool chunked = false;
  std::size_t length = 0;  // Where not chunked.
};

// Where the body ends: by one Content-Length or by chunks. Nothing where parsers could disagree, or
// where there is no end.
std::optional<Framing> FramingOf(const httplib::Request& request) {
  const std::size_t codings = request.get_header_value_count("Transfer-Encoding");
  const std::size_t lengths = request.get_header_value_count("Content-Length");
  if (codings == 1 && lengths == 0) {
    const std::string coding = request.get_header_value("Transfer-Encoding");
    if (!absl::EqualsIgnoreCase(coding, "chunked") || request.version != "HTTP/1.1")
      return std::nullopt;
    return Framing{.chunked = true};
  }
  if (codings != 0 || lengths != 1) return std::nullopt;
  Framing framing;
  const std::string text = request.get_header_value("Content-Length");
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), framing.length);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return framing;
}

int StatusOf(Received received) {
  switch (received) {
    case Received::kAccepted:
    case Received::kDuplicate:
    case Received::kUnauthenticated:
    case Received::kIgnored:
      return 200;
    case Received::kBadAuthHeader:
    case Received::kBadSignature:
    case Received::kStale:
    case Received::kFuture:
      return 401;
    case Received::kTooLarge:
      return 413;
    case Received::kTooSlow:
      return 408;
    case Received::kUnknownSite:
    case Received::kNotFound:
      return 404;
    default:
      return 400;
  }
}

}  // namespace

struct WebhookListener::Http {
  httplib::Server server;
  std::atomic<bool> ended{false};
  std::thread thread;
};

namespace {

class WebhookHandler {
 public:
  explicit WebhookHandler(const WebhookListener::Parts& parts) : parts_(parts) {}

  void Post(const std::string& name, const httplib::Request& request, httplib::Response& response,
            const httplib::ContentReader& reader) const {
    const auto site = parts_.sites(name);
    if (site == nullptr) return Refuse(response, Received::kUnknownSite, "no such site\n");
    if (request.has_header("Content-Encoding")) {
      // The signature covers the bytes before any coding: MultiSafepay uses none.
      Refuse(response, Received::kBadRequest, "no Content-Encoding\n");
      response.status = 415;
      return;
    }
    const std::optional<Framing> framing = FramingOf(request);
    if (!framing) return Refuse(response, Received::kBadRequest, "one Content-Length, or chunks\n");
    if (framing->length > kBodyMax) return Refuse(response, Received::kTooLarge, "too large\n");
    if (!request.has_header("Auth"))
      return Refuse(response, Received::kBadAuthHeader, "no Auth header\n");
    std::string body;
    body.reserve(framing->length);
    const auto begun = steady_clock::now();
    const bool whole = reader([&](const char* data, std::size_t size) {
      body.append(data, size);
      return body.size() <= kBodyMax;
    });
    if (body.size() > kBodyMax) return Refuse(response, Received::kTooLarge, "too large\n");
    if (!whole || (!framing->chunked && body.size() != framing->length)) {
      if (steady_clock::now() - begun < kSilenceMax)
        return Refuse(response, Received::kBadRequest, "broken body\n");
      return Refuse(response, Received::kTooSlow, "the body did not come in time\n");
    }
    const std::string id = request.get_param_value("transactionid");
    std::promise<NotificationReceiver::Result> received;
    parts_.receiver.Receive(*site, {request.get_header_value("Auth"), body, id},
                            [&received](NotificationReceiver::Result result) {
                              received.set_value(std::move(result));
                            });
    const NotificationReceiver::Result result = received.get_future().get();
    Log(site->name(), result.received);
    Respond(response, result.received, result.genuine() ? kOk : result.detail + "\n");
  }

  void Get(const std::string& name, const httplib::Request& request,
           httplib::Response& response) const {
    const auto site = parts_.sites(name);
    if (site == nullptr) return Refuse(response, Received::kUnknownSite, "no such site\n");
    const std::string id = request.get_param_value("transactionid");
    if (!request.has_param("timestamp") || id.empty() || id.size() > kOrderIdMax) {
      parts_.counters.received.Count(Received::kIgnored);
    } else {
      parts_.receiver.NotifyUnauthenticated(*site, id);
    }
    Respond(response, Received::kUnauthenticated, kOk);
  }

  void Refuse(httplib::Response& response, Received received, const std::string& text) const {
    parts_.counters.received.Count(received);
    Log({}, received);
    Respond(response, received, text);
  }

 private:
  static void Respond(httplib::Response& response, Received received, const std::string& text) {
    response.status = StatusOf(received);
    response.set_content(text, kText);
  }

  // Anybody can cause refusals: they must not fill the log.
  void Log(std::string_view site, Received received) const {
    const bool genuine = received == Received::kAccepted || received == Received::kDuplicate;
    if (!genuine && !MayLog()) return;
    parts_.log.Write(genuine ? telemetry::Level::kInfo : telemetry::Level::kWarning, "notification",
                     {{"via", std::string_view("http")},
                      {"site", site},
                      {"result", kReceivedNames[static_cast<std::size_t>(received)]}});
  }
  // Ten lines a second.
  bool MayLog() const {
    const std::int64_t now = telemetry::UnixMsNow() / 1'000;
    if (second_.exchange(now, std::memory_order_relaxed) != now)
      lines_.store(0, std::memory_order_relaxed);
    return lines_.fetch_add(1, std::memory_order_relaxed) < kLogLinesPerS;
  }
  static constexpr int kLogLinesPerS = 10;

  const WebhookListener::Parts& parts_;
  mutable std::atomic<std::int64_t> second_{0};
  mutable std::atomic<int> lines_{0};
};

void AddPages(httplib::Server& server, const std::shared_ptr<WebhookHandler>& handler) {
  constexpr char kPath[] = R"(/webhook(?:/([A-Za-z0-9._~-]{1,64}))?/?)";
  server.Post(kPath, [handler](const httplib::Request& request, httplib::Response& response,
                               const httplib::ContentReader& reader) {
    handler->Post(request.matches[1], request, response, reader);
  });
  server.Get(kPath, [handler](const httplib::Request& request, httplib::Response& response) {
    handler->Get(request.matches[1], request, response);
  });
  server.set_error_handler([handler](const httplib::Request&, httplib::Response& response) {
    if (!response.body.empty()) return;  // Ours.
    const int status = response.status;
    handler->Refuse(response, status == 404 ? Received::kNotFound : Received::kBadRequest,
                    "POST /webhook\n");
    response.status = status;
  });
}

}  // namespace

WebhookListener::WebhookListener(Parts parts)
    : parts_(std::move(parts)), http_(std::make_unique<Http>()) {}

WebhookListener::~WebhookListener() {
  http_->server.stop();
  if (http_->thread.joinable()) http_->thread.join();
}

absl::StatusOr<std::unique_ptr<WebhookListener>> WebhookListener::Start(const std::string& listen,
                                                                        Parts parts) {
  std::unique_ptr<WebhookListener> listener(new WebhookListener(std::move(parts)));
  httplib::Server& server = listener->http_->server;
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  // Not httplib's default, SO_REUSEPORT: two servers would share the port silently.
  server.set_socket_options([](socket_t fd) {
    const int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  server.set_keep_alive_max_count(1);
  server.set_read_timeout(kSilenceMax);
  server.set_write_timeout(kSilenceMax);
  server.set_payload_max_length(kBodyMax);
  AddPages(server, std::make_shared<WebhookHandler>(listener->parts_));
  Address address = Split(listen);
  if (address.port == 0) {
    address.port = server.bind_to_any_port(address.host.c_str());
  } else if (!server.bind_to_port(address.host.c_str(), address.port)) {
    address.port = -1;
  }
  if (address.port < 0) {
    return absl::UnavailableError("cannot listen on " + listen +
                                  ": the address is in use or not this machine's");
  }
  listener->listening_ = listen.substr(0, listen.rfind(':')) + ":" + std::to_string(address.port);
  listener->http_->thread = std::thread([http = listener->http_.get()] {
    http->server.listen_after_bind();
    http->ended.store(true);
  });
  // httplib ignores a stop before its loop runs.
  while (!server.is_running() && !listener->http_->ended.load()) std::this_thread::yield();
  return listener;
}

}  // namespace msp::webhooks
