// SPDX-License-Identifier: Apache-2.0

// What docs/retries hands to clients and meshes is made from the schema's `retry` option: these
// files and that option never drift apart. MSP_UPDATE_RETRIES=1, as ./run derive has it, writes
// the files anew.
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/substitute.h"
#include "client/cpp/retries.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "multisafepay/v1/options.pb.h"
#include "multisafepay/v1/order_service.pb.h"
#include "multisafepay/v1/payment_method_service.pb.h"
#include "multisafepay/v1/token_service.pb.h"
#include "multisafepay/v1/transaction_service.pb.h"
#include "nlohmann/json.hpp"
#include "tests/golden/schema.h"

namespace msp::client {
namespace {

namespace v1 = multisafepay::v1;
using google::protobuf::MethodDescriptor;
using Json = nlohmann::ordered_json;

constexpr int kAttempts = 3;

// The path under which a method goes over HTTP/2.
std::string PathOf(const MethodDescriptor& method) {
  return "/" + method.service()->full_name() + "/" + method.name();
}

std::string IstioVirtualService() {
  std::string matches;
  for (const MethodDescriptor* method : Methods()) {
    if (RepeatOf(*method) == Repeat::kFreely)
      matches += "        - uri:\n            exact: " + PathOf(*method) + "\n";
  }
  return absl::Substitute(
      R"(# Retries by the mesh: reads only. Made from the schema's `retry` option; tests hold it to that.
# Replace the host by the name of your service.
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: multisafepay-grpc
spec:
  hosts:
    - multisafepay-grpc
  http:
    - name: reads
      match:
$0      retries:
        attempts: $1
        retryOn: unavailable,reset,connect-failure,refused-stream
      route:
        - destination:
            host: multisafepay-grpc
    # Everything else may move money: the mesh sends it once. Without this line Istio would retry.
    - name: writes
      retries:
        attempts: 0
      route:
        - destination:
            host: multisafepay-grpc
)",
      matches, kAttempts - 1);
}

std::string EnvoyRoutes() {
  std::string text =
      R"(# The routes of an Envoy virtual host: reads are retried, on another replica; writes are sent once. Made from the
# schema's `retry` option; tests hold it to that. Replace the cluster by your own. The service itself bounds every
# call; Envoy's own timeout, 15 s where none is given, would cut off payments that are under way.
routes:
)";
  std::string route = absl::Substitute(
      R"(    route:
      cluster: multisafepay-grpc
      timeout: 0s
      retry_policy: &reads
        retry_on: unavailable,reset,connect-failure,refused-stream
        num_retries: $0
        # The next place on a hash ring is often the same replica's.
        host_selection_retry_max_attempts: 20
        retry_host_predicate:
          - name: envoy.retry_host_predicates.previous_hosts
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate
)",
      kAttempts - 1);
  for (const MethodDescriptor* method : Methods()) {
    if (RepeatOf(*method) != Repeat::kFreely) continue;
    text += "  - match: { path: " + PathOf(*method) + " }\n" + route;
    route = "    route: { cluster: multisafepay-grpc, timeout: 0s, retry_policy: *reads }\n";
  }
  return text + R"(  - match: { prefix: / }
    route: { cluster: multisafepay-grpc, timeout: 0s }
)";
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
