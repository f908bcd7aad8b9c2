// SPDX-License-Identifier: Apache-2.0

#include "service/webhooks/order_reader.h"

#include <chrono>
#include <memory>
#include <utility>

#include "multisafepay/v1/order_service.pb.h"

namespace msp::webhooks {
namespace {

namespace v1 = multisafepay::v1;

constexpr std::chrono::seconds kTimeout{20};

struct OrderFetch {
  v1::GetOrderRequest request;
  v1::GetOrderResponse response;
  payments::Call call;
  OrderWatchRegistry::FetchDone done;
};

void ReadOrder(payments::Api& api, std::shared_ptr<const payments::Site> site,
               const std::string& order_id, OrderWatchRegistry::FetchDone done) {
  if (site == nullptr) {
    payments::Failure gone{.code = absl::StatusCode::kUnavailable,
                           .message = "the site is no longer served",
                           .reason = std::string(payments::reason::kUnknownSite)};
    return std::move(done)({.order = {}, .failure = std::move(gone)});
  }
  auto fetch = std::make_shared<OrderFetch>();
  fetch->request.set_order_id(order_id);
  fetch->done = std::move(done);
  payments::Call& call = fetch->call;
  call.operation = &api.operations().Find("GetOrder");
  call.request = &fetch->request;
  call.response = &fetch->response;
  call.site = std::move(site);
  call.start = http::Clock::now();
  call.deadline = call.start + kTimeout;
  api.Start(call, [fetch] {
    OrderWatchRegistry::FetchResult found;
    if (fetch->call.failure) {
      found.failure = *std::move(fetch->call.failure);
    } else {
      found.order = std::move(*fetch->response.mutable_order());
    }
    std::move(fetch->done)(std::move(found));
  });
}

}  // namespace

OrderWatchRegistry::FetchOrder MakeOrderReader(payments::Api& api, SiteFinder sites) {
  return [&api, sites = std::move(sites)](const std::string& site, const std::string& order_id,
                                          OrderWatchRegistry::FetchDone done) {
    ReadOrder(api, sites(site), order_id, std::move(done));
  };
}

}  // namespace msp::webhooks
