// SPDX-License-Identifier: Apache-2.0

#include "service/base/http_port.h"

#include <httplib.h>
#include <sys/socket.h>

namespace msp {

HttpPort::HttpPort(std::chrono::seconds timeout, std::size_t body_max)
    : server_(std::make_unique<httplib::Server>()) {
  // Not httplib's default, SO_REUSEPORT: two servers would share the port silently.
  server_->set_socket_options([](socket_t fd) {
    const int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  server_->set_read_timeout(timeout);
  server_->set_write_timeout(timeout);
  server_->set_keep_alive_timeout(timeout.count());
  server_->set_keep_alive_max_count(1);
  server_->set_payload_max_length(body_max);
}

HttpPort::~HttpPort() {
  server_->stop();
  if (thread_.joinable()) thread_.join();
}

absl::Status HttpPort::Start(const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  std::string host = listen.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  int port = std::stoi(listen.substr(colon + 1));
  if (port == 0) {
    port = server_->bind_to_any_port(host);
  } else if (!server_->bind_to_port(host, port)) {
    port = -1;
  }
  if (port < 0) {
    return absl::UnavailableError("cannot listen on " + listen +
                                  ": the address is in use or not this machine's");
  }
  listening_ = listen.substr(0, colon) + ":" + std::to_string(port);
  thread_ = std::thread([this] {
    server_->listen_after_bind();
    ended_.store(true);
  });
  // httplib ignores a stop before its loop runs.
  while (!server_->is_running() && !ended_.load()) std::this_thread::yield();
  return absl::OkStatus();
}

}  // namespace msp
