// SPDX-License-Identifier: Apache-2.0

// A running sandbox on loopback and the ways to talk to it: a client, and a bare socket for what no
// client would send.
#pragma once

#include <gtest/gtest.h>
#include <httplib.h>
#include <poll.h>

#include <cerrno>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "sandbox/server.h"
#include "service/base/mutex.h"
#include "tests/sandbox/core_fixture.h"
#include "tests/testing/loopback.h"
#include "tests/testing/wait.h"

namespace msp::sandbox::testing {

using msp::testing::WaitUntil;

inline constexpr char kKey[] = "sandbox-test-key-0001";

// Collects log lines from any thread.
class LogLines {
 public:
  std::function<void(std::string_view)> Taker() {
    return [this](std::string_view line) {
      MutexLock lock(mutex_);
      text_ += line;
      text_ += '\n';
    };
  }
  std::string Text() {
    MutexLock lock(mutex_);
    return text_;
  }

 private:
  Mutex mutex_;
  std::string text_;
};

struct ClientResponse {
  int status = 0;  // 0: no answer came
  Json body;       // discarded when it is no JSON
  std::string text;
  httplib::Headers headers;
  const Json& data() const { return body["data"]; }
  // "" when there is none.
  std::string Header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

// A sandbox with a frozen clock and its default key.
class Running {
 public:
  explicit Running(Options options = {}) {
    options.freeze_clock = true;
    options.start_time_s = kNoon / 1000;
    auto started = Server::Start(std::move(options));
    EXPECT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
    client_ = NewClient();
  }

  explicit Running(std::initializer_list<Json> orders) : Running() {
    for (const Json& order : orders) Create(order);
  }

  std::unique_ptr<httplib::Client> NewClient() const {
    auto client = std::make_unique<httplib::Client>("127.0.0.1", server_->port());
    client->set_keep_alive(true);
    client->set_tcp_nodelay(true);
    client->set_read_timeout(10);
    return client;
  }

  ClientResponse Call(const std::string& method, const std::string& path,
                      const std::string& body = "",
                      httplib::Headers headers = {{"api_key", kKey}}) {
    return CallOn(*client_, method, path, body, std::move(headers));
  }
  ClientResponse Call(const std::string& method, const std::string& path, const Json& body,
                      httplib::Headers headers = {{"api_key", kKey}}) {
    return CallOn(*client_, method, path, body.dump(), std::move(headers));
  }
  static ClientResponse CallOn(httplib::Client& client, const std::string& method,
                               const std::string& path, const std::string& body,
                               httplib::Headers headers) {
    httplib::Request request;
    request.method = method;
    request.path = path;
    request.headers = std::move(headers);
    if (!body.empty() && !request.has_header("Content-Type")) {
      request.headers.emplace("Content-Type", "application/json");
    }
    request.body = body;
    ClientResponse response;
    if (const httplib::Result result = client.send(request)) {
      response.status = result->status;
      response.text = result->body;
      response.headers = result->headers;
      response.body = Json::parse(result->body, nullptr, false);
    }
    return response;
  }

  // The merchant API, below /v1/json/.
  ClientResponse Fetch(const std::string& path) { return Call("GET", "/v1/json/" + path); }
  ClientResponse Post(const std::string& path, const Json& body) {
    return Call("POST", "/v1/json/" + path, body);
  }
  ClientResponse Patch(const std::string& path, const Json& body) {
    return Call("PATCH", "/v1/json/" + path, body);
  }
  ClientResponse Create(const Json& body) { return Post("orders", body); }
  ClientResponse Get(const std::string& id) { return Fetch("orders/" + id); }
  ClientResponse Refund(const std::string& id, std::int64_t amount) {
    return Post("orders/" + id + "/refunds", {{"currency", "EUR"}, {"amount", amount}});
  }
  // The control API, below /_sandbox/.
  ClientResponse Control(const std::string& path) { return Call("POST", "/_sandbox/" + path); }
  ClientResponse Control(const std::string& path, const Json& body) {
    return Call("POST", "/_sandbox/" + path, body);
  }
  Json Inspect(const std::string& path) { return Call("GET", "/_sandbox/" + path).body["data"]; }
  ClientResponse Advance(std::int64_t seconds) {
    return Control("clock", {{"advance_seconds", seconds}});
  }
  ClientResponse AddFault(const Json& match, const Json& effect) {
    return Control("faults", {{"match", match}, {"effect", effect}});
  }
  Json Stats() { return Inspect("stats"); }
  // Pages, without a key.
  ClientResponse Open(const std::string& path, httplib::Headers headers = {}) {
    return Call("GET", path, std::string(), std::move(headers));
  }
  ClientResponse PostForm(const std::string& path, const std::string& form,
                          httplib::Headers headers = {}) {
    headers.emplace("Content-Type", "application/x-www-form-urlencoded");
    return Call("POST", path, form, std::move(headers));
  }
  int port() const { return server_->port(); }
  const Server& server() const { return *server_; }
  httplib::Client& client() { return *client_; }

 private:
  std::unique_ptr<Server> server_;
  std::unique_ptr<httplib::Client> client_;
};

// Sends bytes as they are and reads until the end, a reset, `enough` bytes or two seconds of
// nothing.
struct Raw {
  std::string answer;
  bool reset = false;
  bool ended = false;
};
inline Raw SendRaw(int port, std::string_view bytes, bool half_close = false,
                   std::size_t enough = 1) {
  Raw raw;
  const int fd = msp::testing::DialLoopback(port);
  if (fd < 0) return raw;
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  if (half_close) shutdown(fd, SHUT_WR);
  char buffer[4096];
  while (raw.answer.size() < enough) {
    pollfd entry{fd, POLLIN, 0};
    if (poll(&entry, 1, 2000) <= 0) break;
    const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    if (got > 0) {
      raw.answer.append(buffer, static_cast<std::size_t>(got));
      continue;
    }
    raw.reset = got < 0 && errno == ECONNRESET;
    raw.ended = got == 0;
    break;
  }
  close(fd);
  return raw;
}

}  // namespace msp::sandbox::testing
