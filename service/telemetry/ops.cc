// SPDX-License-Identifier: Apache-2.0

#include "service/telemetry/ops.h"

#include <httplib.h>
#include <sys/socket.h>

#include <semaphore>
#include <thread>
#include <utility>

namespace msp::telemetry {
namespace {

constexpr int kPortThreads = 4;
constexpr int kRequestsMax = 32;        // Served or waiting; the rest wait in the kernel.
constexpr int kRequestTimeout_s = 2;    // For a request to arrive, and for an answer to be sent.
constexpr std::size_t kBodyMax = 1024;  // Requests here need no body.
constexpr char kText[] = "text/plain; charset=utf-8";
constexpr char kMetricsText[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr char kHtml[] = "text/html; charset=utf-8";

// httplib's threads, with a bound on waiting requests: beyond it the accepting thread blocks.
class RequestQueue final : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> request) override {
    slots_.acquire();
    threads_.enqueue([this, request = std::move(request)] {
      request();
      slots_.release();
    });
  }
  void shutdown() override { threads_.shutdown(); }

 private:
  std::counting_semaphore<kRequestsMax> slots_{kRequestsMax};
  httplib::ThreadPool threads_{kPortThreads};
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

void Respond(httplib::Response& response, int status, const char* text) {
  response.status = status;
  response.set_content(text, kText);
}

constexpr std::chrono::seconds kKeyVerdictLife{10};

}  // namespace

struct OpsServer::Http {
  httplib::Server server;
  std::atomic<bool> ended{false};
  std::thread thread;
};

OpsServer::OpsServer(OpsPages pages) : pages_(std::move(pages)), http_(std::make_unique<Http>()) {}

OpsServer::~OpsServer() {
  http_->server.stop();
  if (http_->thread.joinable()) http_->thread.join();
}

absl::StatusOr<std::unique_ptr<OpsServer>> OpsServer::Start(const std::string& listen,
                                                            OpsPages pages) {
  std::unique_ptr<OpsServer> ops(new OpsServer(std::move(pages)));
  httplib::Server& server = ops->http_->server;
  server.new_task_queue = [] { return new RequestQueue; };
  // Not httplib's default, SO_REUSEPORT: two servers would share the port silently.
  server.set_socket_options([](socket_t fd) {
    const int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  server.set_read_timeout(kRequestTimeout_s);
  server.set_write_timeout(kRequestTimeout_s);
  // A silent or persistent client would occupy a thread.
  server.set_keep_alive_timeout(kRequestTimeout_s);
  server.set_keep_alive_max_count(1);
  server.set_payload_max_length(kBodyMax);
  ops->AddPages();
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
  ops->listening_ = listen.substr(0, listen.rfind(':')) + ":" + std::to_string(address.port);
  ops->http_->thread = std::thread([http = ops->http_.get()] {
    http->server.listen_after_bind();
    http->ended.store(true);
  });
  // httplib ignores a stop before its loop runs.
  while (!server.is_running() && !ops->http_->ended.load()) std::this_thread::yield();
  return ops;
}

// Frequent requests get the last answer again: the port must not allow to make us call
// MultiSafepay.
KeyVerdict OpsServer::Keys() {
  MutexLock lock(keys_mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now >= keys_until_) {
    keys_ = pages_.keys();
    keys_until_ = std::chrono::steady_clock::now() + kKeyVerdictLife;
  }
  return keys_;
}

void OpsServer::AddPages() {
  httplib::Server& server = http_->server;
  server.Get("/livez", [](const httplib::Request&, httplib::Response& response) {
    Respond(response, 200, "alive\n");
  });
  server.Get("/readyz", [this](const httplib::Request& request, httplib::Response& response) {
    if (request.has_param("keys") && phase_.load(std::memory_order_relaxed) == Phase::kServing) {
      const KeyVerdict verdict = Keys();
      return Respond(response, verdict.all_taken ? 200 : 503, verdict.text.c_str());
    }
    switch (phase_.load(std::memory_order_relaxed)) {
      case Phase::kStarting:
        return Respond(response, 503, "starting\n");
      case Phase::kServing:
        return Respond(response, 200, "ready\n");
      case Phase::kDraining:
        return Respond(response, 503, "draining\n");
    }
  });
  server.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
    response.set_content(pages_.metrics(), kMetricsText);
  });
  server.Get("/statusz", [this](const httplib::Request&, httplib::Response& response) {
    // Nothing is loaded or run, whatever the page contains.
    response.set_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
    response.set_header("X-Content-Type-Options", "nosniff");
    response.set_header("Cache-Control", "no-store");
    response.set_content(pages_.status(), kHtml);
  });
  server.set_error_handler([](const httplib::Request&, httplib::Response& response) {
    if (response.body.empty()) response.set_content("/metrics /livez /readyz /statusz\n", kText);
  });
}

}  // namespace msp::telemetry
