// SPDX-License-Identifier: Apache-2.0

// A sandbox in the test's own process, for programs that link msp_sandbox and httplib; and what any
// sandbox is asked.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "httplib.h"
#include "nlohmann/json.hpp"
#include "sandbox/server.h"
#include "tests/testing/server_process.h"

namespace msp::testing {

// Takes the key of ServerProcess. Ends the program when it does not start.
inline std::unique_ptr<sandbox::Server> StartSandbox(sandbox::Options options = {}) {
  options.settings.sites = {sandbox::Site{.key = kServerKey, .site_id = 10001, .account_id = 7}};
  auto server = sandbox::Server::Start(std::move(options));
  if (server.ok()) return *std::move(server);
  std::fprintf(stderr, "sandbox: %s\n", server.status().ToString().c_str());
  std::abort();
}

// The control API of the sandbox at `origin`: GET where the body is null, POST otherwise. Returns
// `data`; ends the program when the call is refused.
template <class Json = nlohmann::json>
Json AskSandbox(const std::string& origin, const std::string& path, const Json& body = nullptr) {
  httplib::Client client(origin);
  client.set_read_timeout(60);  // For the books of a long run.
  const std::string target = "/_sandbox/" + path;
  const httplib::Result result =
      body.is_null() ? client.Get(target) : client.Post(target, body.dump(), "application/json");
  if (result && result->status == 200) return Json::parse(result->body).at("data");
  std::fprintf(stderr, "sandbox: %s: %s\n", target.c_str(),
               result ? result->body.c_str() : "no answer");
  std::abort();
}

template <class Json = nlohmann::json>
Json AskSandbox(const sandbox::Server& sandbox, const std::string& path,
                const Json& body = nullptr) {
  return AskSandbox<Json>(sandbox.origin(), path, body);
}

}  // namespace msp::testing
