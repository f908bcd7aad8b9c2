// SPDX-License-Identifier: Apache-2.0

#include "sandbox/server.h"

#include <csignal>

#include "sandbox/front/front.h"
#include "sandbox/http/listener.h"

namespace msp::sandbox {
namespace {

bool IsLoopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.rfind("127.", 0) == 0;
}

}  // namespace

Server::Server() = default;

Server::~Server() {
  // Connections end before the front that they call.
  if (front_ != nullptr) front_->StopWaiting();
  listener_.reset();
  front_.reset();
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(Options options) {
  if (!IsLoopback(options.host) && !options.allow_non_loopback) {
    return absl::InvalidArgumentError("host: " + options.host +
                                      " is not loopback; allow it with --allow-non-loopback");
  }
  if (options.tls_cert_file.empty() != options.tls_key_file.empty()) {
    return absl::InvalidArgumentError("tls-cert: certificate and key go together");
  }
  if (options.settings.sites.empty())
    return absl::InvalidArgumentError("key: at least one is needed");
  // A closed connection must not end the process (OpenSSL writes without MSG_NOSIGNAL).
  std::signal(SIGPIPE, SIG_IGN);
  ListenerOptions listening;
  listening.host = options.host;
  listening.port = options.port;
  listening.connections_max = options.connections_max;
  listening.tls_cert_file = options.tls_cert_file;
  listening.tls_key_file = options.tls_key_file;
  auto listener = Listener::Bind(std::move(listening));
  if (!listener.ok()) return listener.status();

  auto server = std::unique_ptr<Server>(new Server());
  server->listener_ = *std::move(listener);
  const bool any = options.host == "0.0.0.0" || options.host == "::";
  const bool v6 = options.host.find(':') != std::string::npos && !any;
  const std::string name = any ? "127.0.0.1" : v6 ? "[" + options.host + "]" : options.host;
  server->origin_ = std::string(options.tls_cert_file.empty() ? "http" : "https") + "://" + name +
                    ":" + std::to_string(server->listener_->port());
  if (options.public_url.empty()) options.public_url = server->origin_;
  auto front = Front::Start(std::move(options));
  if (!front.ok()) return front.status();
  server->front_ = *std::move(front);
  Front* raw = server->front_.get();
  server->listener_->Serve({[raw](const HttpRequest& request) { return raw->OnHead(request); },
                            [raw](HttpRequest& request) { return raw->OnRequest(request); }});
  return server;
}

int Server::port() const { return listener_->port(); }
std::string Server::base_url() const { return origin_ + "/v1/json"; }
std::string Server::origin() const { return origin_; }

}  // namespace msp::sandbox
