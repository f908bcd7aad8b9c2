#include "service/notify/listener.h"

#include <httplib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <semaphore>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "service/notify/visit.h"

namespace msp::notify {
namespace {

using std::chrono::seconds;

constexpr int kThreads = 16;
constexpr int kVisitorsMax = 512;  // Served or waiting; the rest wait in the kernel.
constexpr seconds kVisitMax{5};    // From a thread's first look at a visitor to the last byte.
constexpr int kSilenceMax_s = 5;   // The kernel keeps a connection that says nothing to itself.
constexpr int kBacklog = 4'096;    // Connections in the kernel's hands.
constexpr std::size_t kBodyMax = 1 << 20;
constexpr std::size_t kBytesMax = 4 * kBodyMax;  // With head, and sizes and trailers of chunks.
constexpr std::size_t kOrderIdMax = 255;
constexpr char kText[] = "text/plain; charset=utf-8";
// What MultiSafepay looks for in the answer; anything else and it sends again.
constexpr char kOk[] = "OK";

// httplib's threads, with a bound on who waits for one: the accepting thread waits beyond it.
class Visitors final : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> visit) override {
    room_.acquire();
    threads_.enqueue([this, visit = std::move(visit)] {
      visit();
      room_.release();
    });
  }
  void shutdown() override { threads_.shutdown(); }

 private:
  std::counting_semaphore<kVisitorsMax> room_{kVisitorsMax};
  httplib::ThreadPool threads_{kThreads};
};

// One request a connection, and an end to it however slowly it comes.
class OneVisitServer final : public httplib::Server {
 private:
  bool process_and_close_socket(socket_t fd) override {
    Visit visit(fd, Visit::Clock::now() + kVisitMax, kBytesMax);
    bool closed = false;
    const bool served = process_request(visit, /*close_connection=*/true, closed, nullptr);
    shutdown(fd, SHUT_RDWR);
    close(fd);
    return served;
  }
};

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

// Where the body ends: by one Content-Length or by chunks, said in one way only. Nothing where two
// parsers would read two things, or where it has no end.
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
    case Received::kHint:
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

struct Listener::Http {
  OneVisitServer server;
  std::atomic<bool> ended{false};
  std::thread thread;
};

namespace {

class Desk {
 public:
  explicit Desk(const Listener::Parts& parts) : parts_(parts) {}

  void Post(const std::string& name, const httplib::Request& request, httplib::Response& response,
            const httplib::ContentReader& reader) const {
    const auto site = parts_.sites(name);
    if (site == nullptr) return Refuse(response, Received::kUnknownSite, "no such site\n");
    if (request.has_header("Content-Encoding")) {
      // The signature is of the bytes before any coding: MultiSafepay sends none.
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
    const auto begun = Visit::Clock::now();
    const bool whole = reader([&](const char* data, std::size_t size) {
      body.append(data, size);
      return body.size() <= kBodyMax;
    });
    if (body.size() > kBodyMax) return Refuse(response, Received::kTooLarge, "too large\n");
    if (framing->chunked && !whole && Visit::Clock::now() - begun < kVisitMax / 2)
      return Refuse(response, Received::kBadRequest, "broken chunks\n");
    if (!whole || (!framing->chunked && body.size() != framing->length))
      return Refuse(response, Received::kTooSlow, "the body did not come in time\n");
    const std::string id = request.get_param_value("transactionid");
    std::promise<Inbox::Result> taken;
    parts_.inbox.Take(*site, {request.get_header_value("Auth"), body, id},
                      [&taken](Inbox::Result result) { taken.set_value(std::move(result)); });
    const Inbox::Result result = taken.get_future().get();
    Log(site->name(), result.received);
    Say(response, result.received, result.genuine() ? kOk : result.detail + "\n");
  }

  void Get(const std::string& name, const httplib::Request& request,
           httplib::Response& response) const {
    const auto site = parts_.sites(name);
    if (site == nullptr) return Refuse(response, Received::kUnknownSite, "no such site\n");
    const std::string id = request.get_param_value("transactionid");
    if (!request.has_param("timestamp") || id.empty() || id.size() > kOrderIdMax) {
      parts_.counters.received.Count(Received::kIgnored);
    } else {
      parts_.inbox.Hint(*site, id);
    }
    Say(response, Received::kHint, kOk);
  }

  void Refuse(httplib::Response& response, Received received, const std::string& text) const {
    parts_.counters.received.Count(received);
    Log({}, received);
    Say(response, received, text);
  }

 private:
  static void Say(httplib::Response& response, Received received, const std::string& text) {
    response.status = StatusOf(received);
    response.set_content(text, kText);
  }

  // Refusals are a visitor's to cause: they may not fill the log.
  void Log(std::string_view site, Received received) const {
    const bool genuine = received == Received::kAccepted || received == Received::kDuplicate;
    if (!genuine && !MayComplain()) return;
    parts_.log.Write(genuine ? telemetry::Level::kInfo : telemetry::Level::kWarning, "notification",
                     {{"via", std::string_view("http")},
                      {"site", site},
                      {"result", kReceivedNames[static_cast<std::size_t>(received)]}});
  }
  // Ten lines a second.
  bool MayComplain() const {
    const std::int64_t now = telemetry::UnixMsNow() / 1'000;
    if (second_.exchange(now, std::memory_order_relaxed) != now)
      lines_.store(0, std::memory_order_relaxed);
    return lines_.fetch_add(1, std::memory_order_relaxed) < kComplaintsPerS;
  }
  static constexpr int kComplaintsPerS = 10;

  const Listener::Parts& parts_;
  mutable std::atomic<std::int64_t> second_{0};
  mutable std::atomic<int> lines_{0};
};

void AddPages(httplib::Server& server, const std::shared_ptr<Desk>& desk) {
  constexpr char kPath[] = R"(/webhook(?:/([A-Za-z0-9._~-]{1,64}))?/?)";
  server.Post(kPath, [desk](const httplib::Request& request, httplib::Response& response,
                            const httplib::ContentReader& reader) {
    desk->Post(request.matches[1], request, response, reader);
  });
  server.Get(kPath, [desk](const httplib::Request& request, httplib::Response& response) {
    desk->Get(request.matches[1], request, response);
  });
  server.set_error_handler([desk](const httplib::Request&, httplib::Response& response) {
    if (!response.body.empty()) return;  // Ours.
    const int status = response.status;
    desk->Refuse(response, status == 404 ? Received::kNotFound : Received::kBadRequest,
                 "POST /webhook\n");
    response.status = status;
  });
}

}  // namespace

Listener::Listener(Parts parts) : parts_(std::move(parts)), http_(std::make_unique<Http>()) {}

Listener::~Listener() {
  http_->server.stop();
  if (http_->thread.joinable()) http_->thread.join();
}

absl::StatusOr<std::unique_ptr<Listener>> Listener::Start(const std::string& listen, Parts parts) {
  std::unique_ptr<Listener> listener(new Listener(std::move(parts)));
  httplib::Server& server = listener->http_->server;
  server.new_task_queue = [] { return new Visitors; };
  // Not httplib's own choice, SO_REUSEPORT: two servers would share the port without a word.
  socket_t listening = INVALID_SOCKET;
  server.set_socket_options([&listening](socket_t fd) {
    listening = fd;
    const int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    // Connections that say nothing stay in the kernel and cost no thread.
    setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &kSilenceMax_s, sizeof kSilenceMax_s);
  });
  server.set_keep_alive_max_count(1);
  server.set_payload_max_length(kBodyMax);
  AddPages(server, std::make_shared<Desk>(listener->parts_));
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
  // httplib asks for room for five: that many silent visitors would keep everybody else out.
  ::listen(listening, kBacklog);
  listener->listening_ = listen.substr(0, listen.rfind(':')) + ":" + std::to_string(address.port);
  listener->http_->thread = std::thread([http = listener->http_.get()] {
    http->server.listen_after_bind();
    http->ended.store(true);
  });
  // httplib forgets a stop that comes before its loop runs.
  while (!server.is_running() && !listener->http_->ended.load()) std::this_thread::yield();
  return listener;
}

}  // namespace msp::notify
