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

struct Reading {
  v1::GetOrderRequest request;
  v1::GetOrderResponse response;
  payments::Call call;
  OrderWatchRegistry::FetchDone done;
};

}  // namespace

OrderReader::OrderReader(payments::Api& api, SiteFinder sites)
    : api_(api), get_order_(api.operations().Find("GetOrder")), sites_(std::move(sites)) {}

void OrderReader::operator()(const std::string& site, const std::string& order_id,
                             OrderWatchRegistry::FetchDone done) const {
  auto reading = std::make_shared<Reading>();
  reading->request.set_order_id(order_id);
  reading->done = std::move(done);
  payments::Call& call = reading->call;
  call.operation = &get_order_;
  call.request = &reading->request;
  call.response = &reading->response;
  call.site = sites_(site);
  if (call.site == nullptr) {
    payments::Failure gone{.code = absl::StatusCode::kUnavailable,
                           .message = "the site is no longer served",
                           .reason = std::string(payments::reason::kUnknownSite)};
    return std::move(reading->done)({.order = {}, .failure = std::move(gone)});
  }
  call.start = http::Clock::now();
  call.deadline = call.start + kTimeout;
  api_.Start(call, [reading] {
    OrderWatchRegistry::Found found;
    if (reading->call.failure) {
      found.failure = *std::move(reading->call.failure);
    } else {
      found.order = std::move(*reading->response.mutable_order());
    }
    std::move(reading->done)(std::move(found));
  });
}

}  // namespace msp::webhooks
