// SPDX-License-Identifier: Apache-2.0

// Files as tests read them. Any thread.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace msp::testing {

// Every byte of a file; fails the test when it cannot be read.
inline std::string ContentOf(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace msp::testing
