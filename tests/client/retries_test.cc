// SPDX-License-Identifier: Apache-2.0

// What docs/retries hands to clients and meshes is made from the schema's `retry` option: these
// files and that option never drift apart. MSP_UPDATE_RETRIES=1, as ./run derive has it, writes
// the files anew.
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "client/cpp/retries.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "multisafepay/v1/options.pb.h"
#include "multisafepay/v1/order_service.pb.h"
#include "multisafepay/v1/payment_method_service.pb.h"
#include "multisafepay/v1/services.h"
#include "multisafepay/v1/token_service.pb.h"
#include "multisafepay/v1/transaction_service.pb.h"
#include "nlohmann/json.hpp"

namespace msp::client {
namespace {

namespace v1 = multisafepay::v1;
using google::protobuf::MethodDescriptor;
using Json = nlohmann::ordered_json;

constexpr int kAttempts = 3;

std::vector<const MethodDescriptor*> Methods() {
  std::vector<const MethodDescriptor*> methods;
  for (const auto* file : v1::ServiceFiles()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m)
        methods.push_back(file->service(s)->method(m));
    }
  }
  return methods;
}

// The path under which a method goes over HTTP/2.
std::string PathOf(const MethodDescriptor& method) {
  return "/" + method.service()->full_name() + "/" + method.name();
}

std::string IstioVirtualService() {
  std::string text =
      "# Retries by the mesh: reads only. Made from the schema's `retry` option; tests hold it to "
      "that.\n"
      "# Replace the host by the name of your service.\n"
      "apiVersion: networking.istio.io/v1\n"
      "kind: VirtualService\n"
      "metadata:\n"
      "  name: multisafepay-grpc\n"
      "spec:\n"
      "  hosts:\n"
      "    - multisafepay-grpc\n"
      "  http:\n"
      "    - name: reads\n"
      "      match:\n";
  for (const MethodDescriptor* method : Methods()) {
    if (RepeatOf(*method) == Repeat::kFreely)
      text += "        - uri:\n            exact: " + PathOf(*method) + "\n";
  }
  text +=
      "      retries:\n"
      "        attempts: " +
      std::to_string(kAttempts - 1) +
      "\n"
      "        retryOn: unavailable,reset,connect-failure,refused-stream\n"
      "      route:\n"
      "        - destination:\n"
      "            host: multisafepay-grpc\n"
      "    # Everything else may move money: the mesh sends it once. Without this line Istio would "
      "retry.\n"
      "    - name: writes\n"
      "      retries:\n"
      "        attempts: 0\n"
      "      route:\n"
      "        - destination:\n"
      "            host: multisafepay-grpc\n";
  return text;
}

std::string EnvoyRoutes() {
  std::string text =
      "# The routes of an Envoy virtual host: reads are retried, on another replica; writes are "
      "sent "
      "once. Made from the\n"
      "# schema's `retry` option; tests hold it to that. Replace the cluster by your own. The "
      "service "
      "itself bounds every\n"
      "# call; Envoy's own timeout, 15 s where none is given, would cut off payments that are "
      "under "
      "way.\n"
      "routes:\n";
  bool first = true;
  for (const MethodDescriptor* method : Methods()) {
    if (RepeatOf(*method) != Repeat::kFreely) continue;
    text += "  - match: { path: " + PathOf(*method) + " }\n";
    if (first) {
      text +=
          "    route:\n"
          "      cluster: multisafepay-grpc\n"
          "      timeout: 0s\n"
          "      retry_policy: &reads\n"
          "        retry_on: unavailable,reset,connect-failure,refused-stream\n"
          "        num_retries: " +
          std::to_string(kAttempts - 1) +
          "\n"
          "        # The next place on a hash ring is often the same replica's.\n"
          "        host_selection_retry_max_attempts: 20\n"
          "        retry_host_predicate:\n"
          "          - name: envoy.retry_host_predicates.previous_hosts\n"
          "            typed_config:\n"
          "              \"@type\": "
          "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3."
          "PreviousHostsPredicate\n";
    } else {
      text += "    route: { cluster: multisafepay-grpc, timeout: 0s, retry_policy: *reads }\n";
    }
    first = false;
  }
  text +=
      "  - match: { prefix: / }\n"
      "    route: { cluster: multisafepay-grpc, timeout: 0s }\n";
  return text;
}

std::string MethodTable() {
  std::string text =
      "# How each method may be retried\n\n"
      "Generated from the schema's `retry` option; a test compares them. [The retry "
      "policy](../clients.md#the-retry-policy) "
      "says how to\nrepeat a call that moves money.\n\n"
      "| method | retry |\n|---|---|\n";
  for (const MethodDescriptor* method : Methods()) {
    const char* how = "only by the retry policy: same order id, same key, `control.repeat`";
    if (method->input_type()->FindFieldByName("control") == nullptr)
      how = "never by itself; a second one adds a second copy, which moves no money";
    if (RepeatOf(*method) == Repeat::kFreely) how = "freely: it is a read";
    if (RepeatOf(*method) == Repeat::kIdempotent) how = "freely: it is idempotent";
    text += "| `" + method->service()->name() + "." + method->name() + "` | " + how + " |\n";
  }
  return text;
}

void ExpectFile(const std::string& name, const std::string& expected) {
  const std::string path = std::string(MSP_RETRIES_DIR) + "/" + name;
  if (std::getenv("MSP_UPDATE_RETRIES") != nullptr) std::ofstream(path) << expected;
  std::ostringstream found;
  found << std::ifstream(path).rdbuf();
  EXPECT_EQ(found.str(), expected)
      << path << " differs from the schema; ./run derive writes it anew";
}

TEST(Retries, FilesAreTheSchemasOwn) {
  ExpectFile("README.md", MethodTable());
  ExpectFile("service-config.json", Json::parse(ServiceConfig(kAttempts)).dump(2) + "\n");
  ExpectFile("istio-virtual-service.yaml", IstioVirtualService());
  ExpectFile("envoy-routes.yaml", EnvoyRoutes());
}

TEST(Retries, NoMethodThatMovesMoneyIsEverRetriedByAMachine) {
  const std::string config = ServiceConfig(kAttempts);
  for (const MethodDescriptor* method : Methods()) {
    const v1::Retry retry = method->options().GetExtension(v1::retry);
    EXPECT_NE(retry, v1::RETRY_UNSPECIFIED) << method->full_name();
    const bool named = config.find("\"" + method->name() + "\"") != std::string::npos;
    EXPECT_EQ(named, retry == v1::RETRY_READ) << method->full_name();
    const bool controlled = method->input_type()->FindFieldByName("control") != nullptr;
    EXPECT_EQ(controlled, retry == v1::RETRY_KEYED) << method->full_name();
  }
}

}  // namespace
}  // namespace msp::client
