// SPDX-License-Identifier: Apache-2.0

// Reads orders for the order watch registry, as GetOrder does for callers. Owned by main; any
// thread.
#pragma once

#include <string>

#include "service/payments/api.h"
#include "service/webhooks/order_watch_registry.h"
#include "service/webhooks/sites.h"

namespace msp::webhooks {

class OrderReader {
 public:
  OrderReader(payments::Api& api, SiteFinder sites);
  void operator()(const std::string& site, const std::string& order_id,
                  OrderWatchRegistry::FetchDone done) const;

 private:
  payments::Api& api_;
  const payments::Operation& get_order_;
  const SiteFinder sites_;
};

}  // namespace msp::webhooks
