// SPDX-License-Identifier: Apache-2.0

// The published requests and answers, kept outside of the tree. MSP_FIXTURES names their directory.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "sandbox/core/order.h"

namespace msp::sandbox::testing {

// Nothing when they are not there: a failure in CI, one line elsewhere.
inline std::optional<std::string> FixturesDirectory() {
  const char* named = std::getenv("MSP_FIXTURES");
  const std::string directory =
      named != nullptr ? named : std::string(MSP_SOURCE_DIR) + "/../shared/fixtures";
  if (std::filesystem::exists(directory + "/webhook-vector.json")) return directory;
  const char* ci = std::getenv("CI");
  if (ci != nullptr && std::string(ci) == "true") {
    ADD_FAILURE() << "no fixtures in " << directory;
  } else {
    std::printf("no fixtures in %s: set MSP_FIXTURES; not compared\n", directory.c_str());
  }
  return std::nullopt;
}

inline Json ReadFixture(const std::string& path) {
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  Json json = Json::parse(text, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << path;
  return json;
}

}  // namespace msp::sandbox::testing
