// SPDX-License-Identifier: Apache-2.0

// What the pool's tests share: a pool before a scripted upstream, reached by IP literal and by a
// name that goes through the threaded resolver.
#pragma once

#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/http/curl_pool.h"
#include "tests/testing/gate.h"
#include "tests/testing/resolver.h"
#include "tests/testing/upstream.h"

namespace msp::http {

using testing::CloseMode;
using testing::Gate;
using testing::RecordedRequest;
using testing::Reply;
using testing::Upstream;

inline const char kBody[] = R"({"type":"direct","order_id":"order-1"})";

inline std::shared_ptr<const Headers> SiteHeaders() {
  return std::make_shared<Headers>(
      std::vector<std::string>{"api_key: secret-of-the-site", "Accept: application/json"});
}

inline Request Get(std::string target = "/orders/order-1") {
  Request request;
  request.method = Method::kGet;
  request.target = std::move(target);
  request.headers = SiteHeaders();
  request.deadline = Clock::now() + testing::kWaitMax;
  request.read = true;
  return request;
}

inline Request Post(std::string body = kBody) {
  Request request = Get("/orders");
  request.method = Method::kPost;
  request.body = std::move(body);
  request.read = false;
  return request;
}

inline Request Within(std::chrono::milliseconds time, Request request = Post()) {
  request.deadline = Clock::now() + time;
  return request;
}

MATCHER_P2(Ended, outcome, failure, "has ended with this outcome and failure") {
  *result_listener << "outcome " << static_cast<int>(arg.outcome) << ", failure "
                   << static_cast<int>(arg.failure) << ": " << arg.detail;
  return arg.outcome == outcome && arg.failure == failure;
}

inline PoolOptions OptionsFor(std::string base_url) {
  PoolOptions options;
  options.base_url = std::move(base_url);
  return options;
}

// Ends the test program where the options make no sense.
inline std::unique_ptr<CurlPool> PoolOf(PoolOptions options) {
  auto pool = CurlPool::Create(std::move(options));
  if (pool.ok()) return *std::move(pool);
  std::fprintf(stderr, "%s\n", std::string(pool.status().message()).c_str());
  std::abort();
}

// One answer on its way. Ends the test program when it does not come.
class Pending {
 public:
  Pending(Client& client, Request request) {
    auto promise = std::make_shared<std::promise<Response>>();
    future_ = promise->get_future();
    client.Start(std::move(request),
                 [promise](Response response) { promise->set_value(std::move(response)); });
  }
  bool HasEnded() const {
    return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  Response Wait() {
    if (future_.wait_for(testing::kWaitMax + std::chrono::seconds(10)) !=
        std::future_status::ready) {
      std::fputs("Pending: no answer came\n", stderr);
      std::abort();
    }
    return future_.get();
  }

 private:
  std::future<Response> future_;
};

inline Response RestCall(Client& client, Request request) {
  return Pending(client, std::move(request)).Wait();
}

enum class Address { kIp, kName };

class PoolTest : public ::testing::TestWithParam<Address> {
 protected:
  std::string UrlOf(const Upstream& upstream) const {
    return GetParam() == Address::kIp ? upstream.url() : upstream.named_url();
  }
  PoolOptions Options() const { return OptionsFor(UrlOf(upstream_)); }
  std::unique_ptr<CurlPool> Pool() const { return Pool(Options()); }
  // With these changes to the options.
  std::unique_ptr<CurlPool> Pool(const std::function<void(PoolOptions&)>& change) const {
    PoolOptions options = Options();
    change(options);
    return Pool(options);
  }
  static std::unique_ptr<CurlPool> Pool(PoolOptions options) { return PoolOf(std::move(options)); }

  // From now on writes wait for gate_; reads do not.
  void HoldWrites() {
    upstream_.Script([this](const RecordedRequest& request) {
      if (request.method != "GET") gate_.Wait();
      return Reply::Json(200, "{}");
    });
  }

  Gate gate_;  // Outlives the upstream's threads, which wait for it.
  Upstream upstream_;
};

inline std::string NameOf(Address address) { return address == Address::kIp ? "ip" : "name"; }
inline std::string NameOf(Upstream::Transport transport) {
  return transport == Upstream::Transport::kTls ? "tls" : "plain";
}
inline std::string AddressName(const ::testing::TestParamInfo<Address>& info) {
  return NameOf(info.param);
}

inline const auto kAddresses = ::testing::Values(Address::kIp, Address::kName);
inline const auto kTransports =
    ::testing::Values(Upstream::Transport::kPlain, Upstream::Transport::kTls);

inline PoolOptions OptionsTo(const Upstream& upstream, Address address,
                             Upstream::Transport transport) {
  PoolOptions options = OptionsFor(address == Address::kIp ? upstream.url() : upstream.named_url());
  if (transport == Upstream::Transport::kTls) options.ca_file = upstream.ca_file();
  return options;
}

}  // namespace msp::http
