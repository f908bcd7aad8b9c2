// SPDX-License-Identifier: Apache-2.0

// What the tests of this folder share: the end-to-end fixture, and what its admin port shows.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/e2e/end_to_end.h"
#include "tests/testing/authority.h"
#include "tests/testing/files.h"

namespace msp::admin {

using Json = nlohmann::json;
using msp::testing::ContentOf;

struct Page {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;
};

// One page of the operators' port at `address`.
Page GetPage(const std::string& address, const std::string& path);

// Every sample of a scrape: `name{labels}` as it is written, and its value.
using Samples = std::map<std::string, double>;
Samples SamplesOf(const std::string& exposition);
// The sum of the samples that begin with `name` and hold every one of `parts`.
double Sum(const Samples& samples, const std::string& name,
           const std::vector<std::string>& parts = {});

// The log lines of one event among what a server printed.
std::vector<Json> LinesOf(const std::string& logs, const std::string& event);

class AdminPort : public e2e::EndToEnd {
 protected:
  Page GetPage(const std::string& path) { return admin::GetPage(server().ops(), path); }
  Samples Scrape() { return SamplesOf(GetPage("/metrics").body); }

  // For a log of the test's own.
  const msp::testing::Folder folder_;
  const std::string file_ = folder_.path("log");
};

}  // namespace msp::admin
