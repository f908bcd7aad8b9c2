// SPDX-License-Identifier: Apache-2.0

// A floor under the service's HTTP: connections that libcurl only opens (CURLOPT_CONNECT_ONLY),
// with a request that is ready to be written and an answer of which the status and the length are
// read. One thread, epoll, N connections with one request in flight on each, none of the service's
// code. Usage and output: floor.h.

#include <curl/curl.h>
#include <strings.h>
#include <sys/epoll.h>

#include <array>
#include <string_view>

#include "tests/bench/floor.h"

namespace msp::bench {
namespace {

struct Connection {
  CURL* easy = nullptr;
  Clock::time_point start;
  std::string answer;
};

// The bytes of a whole answer; 0 while its header is not there or says nothing of a length.
std::size_t LengthOf(const std::string& answer) {
  static constexpr std::string_view kName = "\r\nContent-Length:";
  const std::size_t end = answer.find("\r\n\r\n");
  if (end == std::string::npos) return 0;
  for (std::size_t at = answer.find("\r\n"); at < end; at = answer.find("\r\n", at + 2)) {
    if (strncasecmp(answer.c_str() + at, kName.data(), kName.size()) != 0) continue;
    return end + 4 + std::strtoul(answer.c_str() + at + kName.size(), nullptr, 10);
  }
  return 0;
}

class ConnectLoad {
 public:
  explicit ConnectLoad(const FloorOptions& options) {
    const std::size_t host = options.url.find("//") + 2, path = options.url.find('/', host);
    request_ = "POST " + options.url.substr(path) +
               " HTTP/1.1\r\nHost: " + options.url.substr(host, path - host) +
               "\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
               "api_key: floor-key-0001\r\nContent-Length: " +
               std::to_string(options.body.size()) + "\r\n\r\n" + options.body;
    connections_.resize(static_cast<std::size_t>(options.in_flight));
    for (Connection& connection : connections_) Open(connection, options);
  }

  void Run(long requests) {
    left_ = requests;
    for (Connection& connection : connections_) Send(connection);
    std::array<epoll_event, 64> events{};
    while (active_ > 0) {
      const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < ready; ++i)
        Receive(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
  }

  long failed() const { return failed_; }
  Times& times() { return times_; }

 private:
  void Open(Connection& connection, const FloorOptions& options) {
    connection.easy = curl_easy_init();
    curl_easy_setopt(connection.easy, CURLOPT_URL, options.url.c_str());
    curl_easy_setopt(connection.easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(connection.easy, CURLOPT_NOSIGNAL, 1L);
    if (options.ca_file != nullptr)
      curl_easy_setopt(connection.easy, CURLOPT_CAINFO, options.ca_file);
    curl_socket_t socket = CURL_SOCKET_BAD;
    if (curl_easy_perform(connection.easy) != CURLE_OK ||
        curl_easy_getinfo(connection.easy, CURLINFO_ACTIVESOCKET, &socket) != CURLE_OK) {
      std::cerr << "no connection to " << options.url << "\n";
      std::exit(1);
    }
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
  }

  void Send(Connection& connection) {
    if (left_ == 0) return;
    --left_;
    ++active_;
    connection.answer.clear();
    connection.start = Clock::now();
    std::size_t sent = 0;
    const CURLcode code = curl_easy_send(connection.easy, request_.data(), request_.size(), &sent);
    if (code != CURLE_OK || sent != request_.size()) End(connection, false);
  }

  void Receive(Connection& connection) {
    std::array<char, 16384> buffer;
    std::size_t size = 0;
    const CURLcode code = curl_easy_recv(connection.easy, buffer.data(), buffer.size(), &size);
    if (code == CURLE_AGAIN) return;
    if (code != CURLE_OK || size == 0) return End(connection, false);
    connection.answer.append(buffer.data(), size);
    const std::size_t length = LengthOf(connection.answer);
    if (length == 0 || connection.answer.size() < length) return;
    End(connection, connection.answer.starts_with("HTTP/1.1 200 "));
  }

  void End(Connection& connection, bool succeeded) {
    if (!succeeded) ++failed_;
    times_.Add(connection.start);
    --active_;
    Send(connection);
  }

  const int epoll_ = epoll_create1(0);
  std::string request_;
  long left_ = 0;
  long active_ = 0;
  long failed_ = 0;
  std::vector<Connection> connections_;
  Times times_;
};

}  // namespace
}  // namespace msp::bench

int main(int argc, char** argv) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  return msp::bench::RunFloor<msp::bench::ConnectLoad>(argc, argv);
}
