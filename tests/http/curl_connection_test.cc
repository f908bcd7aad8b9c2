// SPDX-License-Identifier: Apache-2.0

#include "service/http/curl_connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "gtest/gtest.h"

namespace msp::http {
namespace {

// Each read costs a system call and, over TLS, more. An answer of some kilobytes, as MultiSafepay's
// are, has to take one.
TEST(CurlConnection, ReadsAnAnswerOfManyKilobytesAtOnce) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);

  CURLM* const multi = curl_multi_init();
  {
    const ConnectionOptions options{
        .base_url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)), .transport = {}};
    CurlConnection connection(options);
    ASSERT_TRUE(connection.Open(multi));
    for (int running = 1; running > 0;) {
      ASSERT_EQ(curl_multi_perform(multi, &running), CURLM_OK);
      ASSERT_EQ(curl_multi_poll(multi, nullptr, 0, 10, nullptr), CURLM_OK);
    }
    ASSERT_TRUE(connection.SetEstablished(Clock::now()));
    const int upstream = accept(listener, nullptr, nullptr);
    const std::string answer(10'000, 'a');
    ASSERT_EQ(send(upstream, answer.data(), answer.size(), 0), std::ssize(answer));
    for (int arrived = 0; arrived < std::ssize(answer);)
      ASSERT_EQ(ioctl(connection.fd(), FIONREAD, &arrived), 0);

    std::array<char, kReadBytes> buffer;
    EXPECT_EQ(connection.Receive(buffer.data(), buffer.size()).bytes, answer.size());
    EXPECT_EQ(connection.Receive(buffer.data(), buffer.size()).kind, IoResult::Kind::kWouldBlock);
    close(upstream);
  }
  curl_multi_cleanup(multi);
  close(listener);
}

}  // namespace
}  // namespace msp::http
