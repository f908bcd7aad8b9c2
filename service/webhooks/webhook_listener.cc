// SPDX-License-Identifier: Apache-2.0

#include "service/webhooks/webhook_listener.h"

#include <httplib.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"

namespace msp::webhooks {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr std::size_t kThreads = 16;
constexpr seconds kSilenceMax{5};  // Between two pieces of a request, or of the answer.
constexpr seconds kBodyTimeMax{15};
constexpr std::size_t kBodyMax = 1 << 20;
constexpr char kText[] = "text/plain; charset=utf-8";
// The answer that MultiSafepay expects; after any other it sends again.
constexpr char kOk[] = "OK";

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

class WebhookHandler {
 public:
  explicit WebhookHandler(WebhookDependencies dependencies)
      : dependencies_(std::move(dependencies)) {}

  void Post(const std::string& name, const httplib::Request& request, httplib::Response& response,
            const httplib::ContentReader& reader) const {
    const auto site = dependencies_.sites(name);
    if (site == nullptr) return Refuse(response, Received::kUnknownSite, "no such site\n");
    if (request.has_header("Content-Encoding") || request.is_multipart_form_data()) {
      // The signature covers the bytes before any coding: MultiSafepay uses none.
      Refuse(response, Received::kBadRequest, "no Content-Encoding, no multipart\n");
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
      return body.size() <= kBodyMax && steady_clock::now() - begun < kBodyTimeMax;
    });
    if (body.size() > kBodyMax) return Refuse(response, Received::kTooLarge, "too large\n");
    if (!whole || (!framing->chunked && body.size() != framing->length)) {
      if (steady_clock::now() - begun < kSilenceMax)
        return Refuse(response, Received::kBadRequest, "broken body\n");
      return Refuse(response, Received::kTooSlow, "the body did not come in time\n");
    }
    const std::string id = request.get_param_value("transactionid");
    std::promise<NotificationReceiver::ReceiveResult> received;
    dependencies_.receiver.Receive(*site, {request.get_header_value("Auth"), body, id},
                                   [&received](NotificationReceiver::ReceiveResult result) {
                                     received.set_value(std::move(result));
                                   });
    const NotificationReceiver::ReceiveResult result = received.get_future().get();
    Log(site->name(), result.received);
    Respond(response, result.received, result.genuine() ? kOk : result.detail + "\n");
  }

  void Get(const std::string& name, const httplib::Request& request,
           httplib::Response& response) const {
    const auto site = dependencies_.sites(name);
    if (site == nullptr) return Refuse(response, Received::kUnknownSite, "no such site\n");
    const std::string id = request.get_param_value("transactionid");
    if (!request.has_param("timestamp") || id.empty() || id.size() > kOrderIdMax) {
      dependencies_.counters.received.Count(Received::kIgnored);
    } else {
      dependencies_.receiver.ReceiveUnauthenticated(*site, id);
    }
    Respond(response, Received::kUnauthenticated, kOk);
  }

  void Refuse(httplib::Response& response, Received received, const std::string& text) const {
    dependencies_.counters.received.Count(received);
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
    dependencies_.log.Write(genuine ? telemetry::Level::kInfo : telemetry::Level::kWarning,
                            "notification",
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

  const WebhookDependencies dependencies_;
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

absl::StatusOr<std::unique_ptr<HttpPort>> ListenForWebhooks(const std::string& listen,
                                                            WebhookDependencies dependencies) {
  auto port = std::make_unique<HttpPort>(kSilenceMax, kBodyMax);
  port->server().new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  AddPages(port->server(), std::make_shared<WebhookHandler>(std::move(dependencies)));
  if (absl::Status started = port->Start(listen); !started.ok()) return started;
  return port;
}

}  // namespace msp::webhooks
