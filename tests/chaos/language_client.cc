// SPDX-License-Identifier: Apache-2.0

#include "tests/chaos/language_client.h"

#include <cstdio>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/strip.h"
#include "httplib.h"
#include "nlohmann/json.hpp"

namespace msp::chaos {
namespace {

namespace v1 = multisafepay::v1;
using Json = nlohmann::json;

// The client's own budget is seconds; what takes longer has hung.
constexpr int kAnswerMaxS = 90;

client::Error ErrorIn(const Json& answer) {
  client::Error error;
  error.code = static_cast<grpc::StatusCode>(answer.at("code").get<int>());
  error.message = answer.at("message").get<std::string>();
  error.reason = answer.at("reason").get<std::string>();
  error.outcome = static_cast<v1::Outcome>(answer.at("outcome").get<int>());
  error.error_code = answer.at("error_code").get<int>();
  error.order_id = answer.at("order_id").get<std::string>();
  error.from_service = answer.at("from_service").get<bool>();
  return error;
}

}  // namespace

LanguageClient::LanguageClient(const std::string& command) : driver_("/bin/bash", {"-c", command}) {
  listen_ = Json::parse(driver_.WaitForOutput("\"serving\"")).at("listen").get<std::string>();
}

std::optional<client::Error> LanguageClient::Call(const std::string& server,
                                                  const google::protobuf::Message& request,
                                                  std::int64_t attempt_ms,
                                                  google::protobuf::Message& response) const {
  const absl::string_view method = absl::StripSuffix(request.GetDescriptor()->name(), "Request");
  const Json body{{"server", server},
                  {"method", std::string(method)},
                  {"request", absl::Base64Escape(request.SerializeAsString())},
                  {"attempt_ms", attempt_ms}};
  httplib::Client http("http://" + listen_);
  http.set_read_timeout(kAnswerMaxS);
  const auto answer = http.Post("/call", body.dump(), "application/json");
  if (!answer || answer->status != 200) {
    std::fprintf(stderr, "the client's driver failed: %s\n%s\n",
                 answer ? answer->body.c_str() : "no answer", driver_.error().c_str());
    std::abort();
  }
  const Json result = Json::parse(answer->body);
  if (!result.at("ok").get<bool>()) return ErrorIn(result);
  std::string bytes;
  if (!absl::Base64Unescape(result.at("response").get<std::string>(), &bytes) ||
      !response.ParseFromString(bytes)) {
    std::fputs("the client's driver sent no message\n", stderr);
    std::abort();
  }
  return std::nullopt;
}

}  // namespace msp::chaos
