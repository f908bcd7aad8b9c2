// SPDX-License-Identifier: Apache-2.0

#include "tests/codec/fixtures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

namespace msp::codec {

std::vector<std::pair<std::string, std::string>> Fixtures() {
  namespace fs = std::filesystem;
  const char* named = std::getenv("MSP_FIXTURES");
  const fs::path root = named != nullptr ? fs::path(named) : fs::path(MSP_FIXTURES_DEFAULT);
  std::vector<std::pair<std::string, std::string>> files;
  std::error_code absent;
  for (fs::recursive_directory_iterator entry(root, absent), end; !absent && entry != end;
       ++entry) {
    if (entry->path().extension() != ".json") continue;
    std::ifstream file(entry->path(), std::ios::binary);
    files.emplace_back(entry->path().lexically_relative(root).string(),
                       std::string(std::istreambuf_iterator<char>(file), {}));
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) {
    std::cout << "LEFT OUT: the published samples are not at " << root.string() << "\n";
    const char* ci = std::getenv("CI");
    EXPECT_FALSE(ci != nullptr && std::string(ci) == "true") << "CI must have the samples";
  }
  return files;
}

}  // namespace msp::codec
