// SPDX-License-Identifier: Apache-2.0

// Reads orders for the order watch registry, as GetOrder does for callers.
#pragma once

#include "service/payments/api.h"
#include "service/webhooks/order_watch_registry.h"
#include "service/webhooks/sites.h"

namespace msp::webhooks {

// `api` outlives the function. Any thread may call it.
OrderWatchRegistry::FetchOrder MakeOrderReader(payments::Api& api, SiteFinder sites);

}  // namespace msp::webhooks
