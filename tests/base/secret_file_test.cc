// SPDX-License-Identifier: Apache-2.0

#include "service/base/secret_file.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "gtest/gtest.h"
#include "service/base/text.h"

namespace msp {
namespace {

class SecretFile : public ::testing::Test {
 protected:
  ~SecretFile() override { unlink(path_); }
  void Write(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }

  char path_[32] = "/tmp/msp-secret-XXXXXX";
  const int fd_ = mkstemp(path_);
  std::string content_ = "what was there before";
};

TEST_F(SecretFile, IsReadAsItStands) {
  Write("key with \n lines\n");
  EXPECT_TRUE(ReadSecretFile(path_, &content_));
  EXPECT_EQ(content_, "key with \n lines\n");
}

TEST_F(SecretFile, EmptyOneIsEmpty) {
  EXPECT_TRUE(ReadSecretFile(path_, &content_));
  EXPECT_EQ(content_, "");
}

TEST_F(SecretFile, MissingOrLargeOneIsRefused) {
  EXPECT_FALSE(ReadSecretFile("/tmp/there/is/none", &content_));
  EXPECT_EQ(content_, "");
  EXPECT_FALSE(ReadSecretFile("/tmp", &content_)) << "a directory";
  Write(std::string(kSecretFileBytesMax, 'x'));
  EXPECT_TRUE(ReadSecretFile(path_, &content_));
  Write(std::string(kSecretFileBytesMax + 1, 'x'));
  EXPECT_FALSE(ReadSecretFile(path_, &content_));
  EXPECT_EQ(content_, "");
}

TEST(ReserveZeroizing, KeepsTheTextAndMakesRoom) {
  std::string text = "4111111111111111";
  for (const std::size_t more : {0U, 1U, 100U, 10'000U}) {
    ReserveZeroizing(text, more);
    EXPECT_EQ(text, "4111111111111111");
    EXPECT_GE(text.capacity() - text.size(), more);
    const char* const place = text.data();
    ReserveZeroizing(text, more);
    EXPECT_EQ(text.data(), place) << "there is room already";
  }
}

}  // namespace
}  // namespace msp
