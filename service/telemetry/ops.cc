// SPDX-License-Identifier: Apache-2.0

#include "service/telemetry/ops.h"

#include <httplib.h>

#include <semaphore>
#include <utility>

namespace msp::telemetry {
namespace {

constexpr int kPortThreads = 4;
constexpr int kRequestsMax = 32;  // Served or waiting; the rest wait in the kernel.
// For a request to arrive, and for an answer to be sent: so long can a stuck client delay the end.
constexpr std::chrono::seconds kRequestTimeout{2};
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

void Respond(httplib::Response& response, int status, const char* text) {
  response.status = status;
  response.set_content(text, kText);
}

constexpr std::chrono::seconds kKeyStatusLifetime{10};

}  // namespace

OpsServer::OpsServer(OpsPages pages) : pages_(std::move(pages)), port_(kRequestTimeout, kBodyMax) {
  port_.server().new_task_queue = [] { return new RequestQueue; };
  AddPages();
}

absl::StatusOr<std::unique_ptr<OpsServer>> OpsServer::Start(const std::string& listen,
                                                            OpsPages pages) {
  std::unique_ptr<OpsServer> ops(new OpsServer(std::move(pages)));
  if (absl::Status started = ops->port_.Start(listen); !started.ok()) return started;
  return ops;
}

// Frequent requests get the last answer again: the port must not allow to make us call
// MultiSafepay.
KeyStatus OpsServer::Keys() {
  MutexLock lock(keys_mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now >= keys_until_) {
    keys_ = pages_.keys();
    keys_until_ = std::chrono::steady_clock::now() + kKeyStatusLifetime;
  }
  return keys_;
}

void OpsServer::AddPages() {
  httplib::Server& server = port_.server();
  server.Get("/livez", [](const httplib::Request&, httplib::Response& response) {
    Respond(response, 200, "alive\n");
  });
  server.Get("/readyz", [this](const httplib::Request& request, httplib::Response& response) {
    if (request.has_param("keys") && phase_.load(std::memory_order_relaxed) == Phase::kServing) {
      const KeyStatus status = Keys();
      return Respond(response, status.all_taken ? 200 : 503, status.text.c_str());
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
