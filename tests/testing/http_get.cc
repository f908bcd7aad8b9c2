// SPDX-License-Identifier: Apache-2.0

#include "tests/testing/http_get.h"

#include <array>

#include "tests/testing/loopback.h"

namespace msp::testing {

std::string HttpGet(const std::string& address, const std::string& target) {
  const int fd = DialLoopback(PortOf(address));
  std::string answer;
  if (fd >= 0) {
    const std::string request =
        "GET " + target + " HTTP/1.1\r\nHost: " + address + "\r\nConnection: close\r\n\r\n";
    if (write(fd, request.data(), request.size()) == static_cast<ssize_t>(request.size())) {
      std::array<char, 4096> buffer{};
      ssize_t size = 0;
      while ((size = read(fd, buffer.data(), buffer.size())) > 0)
        answer.append(buffer.data(), static_cast<std::size_t>(size));
    }
  }
  if (fd >= 0) close(fd);
  return answer;
}

double MetricOf(const std::string& address, const std::string& series) {
  const std::string text = HttpGet(address, "/metrics");
  const std::size_t at = text.find("\n" + series + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + series.size() + 2));
}

}  // namespace msp::testing
