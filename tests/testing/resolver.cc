// SPDX-License-Identifier: Apache-2.0

#include "tests/testing/resolver.h"

#include <dlfcn.h>
#include <netdb.h>

#include <atomic>
#include <cstring>

namespace msp::testing {
namespace {

std::atomic<int> lookups{0};
std::atomic<Gate*> hold{nullptr};

}  // namespace

int ResolverLookups() { return lookups; }

void HoldResolver(Gate* gate) { hold = gate; }

}  // namespace msp::testing

extern "C" __attribute__((visibility("default"))) int getaddrinfo(const char* node,
                                                                  const char* service,
                                                                  const addrinfo* hints,
                                                                  addrinfo** result) {
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (node == nullptr || std::strcmp(node, msp::testing::kUpstreamHost) != 0) {
    return real(node, service, hints, result);
  }
  ++msp::testing::lookups;
  if (msp::testing::Gate* const gate = msp::testing::hold) gate->Wait();
  return real("127.0.0.1", service, hints, result);
}
