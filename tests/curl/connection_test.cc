// SPDX-License-Identifier: Apache-2.0

#include "service/curl/connection.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "gtest/gtest.h"
#include "tests/testing/loopback.h"

namespace msp::curl {
namespace {

// Each read costs a system call and, over TLS, more. An answer of some kilobytes, as MultiSafepay's
// are, has to take one.
TEST(Connection, ReadsAnAnswerOfManyKilobytesAtOnce) {
  int port = 0;
  const int listener = testing::BindLoopback(port);
  ASSERT_EQ(listen(listener, 1), 0);
  CURLM* const multi = curl_multi_init();
  {
    const ConnectionOptions options{.base_url = "http://127.0.0.1:" + std::to_string(port),
                                    .transport = {}};
    Connection connection(options);
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
}  // namespace msp::curl
