// SPDX-License-Identifier: Apache-2.0

#include "tests/admin/admin_port.h"

#include <httplib.h>

#include <algorithm>
#include <sstream>

namespace msp::admin {

Page GetPage(const std::string& address, const std::string& path) {
  const std::size_t colon = address.rfind(':');
  httplib::Client client(address.substr(0, colon), std::stoi(address.substr(colon + 1)));
  client.set_read_timeout(msp::testing::kWaitMax);
  const httplib::Result result = client.Get(path);
  Page page;
  if (!result) return page;
  page.status = result->status;
  page.body = result->body;
  for (const auto& [name, value] : result->headers) page.headers[name] = value;
  return page;
}

Samples SamplesOf(const std::string& exposition) {
  Samples samples;
  std::istringstream lines(exposition);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t blank = line.rfind(' ');
    if (line.empty() || line[0] == '#' || blank == std::string::npos) continue;
    samples[line.substr(0, blank)] = std::stod(line.substr(blank + 1));
  }
  return samples;
}

double Sum(const Samples& samples, const std::string& name, const std::vector<std::string>& parts) {
  double sum = 0;
  for (const auto& one : samples) {
    const std::string& sample = one.first;
    if (sample != name && !sample.starts_with(name + "{")) continue;
    const bool all = std::all_of(parts.begin(), parts.end(), [&](const std::string& part) {
      return sample.find(part) != std::string::npos;
    });
    if (all) sum += one.second;
  }
  return sum;
}

std::vector<Json> LinesOf(const std::string& logs, const std::string& event) {
  std::vector<Json> found;
  std::istringstream lines(logs);
  for (std::string line; std::getline(lines, line);) {
    const Json parsed = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (parsed.is_object() && parsed.value("event", "") == event) found.push_back(parsed);
  }
  return found;
}

}  // namespace msp::admin
