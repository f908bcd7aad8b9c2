// SPDX-License-Identifier: Apache-2.0

// The dashboard's page of one order: its facts, what can happen to it now, its notifications and
// requests.
//
// A plain function over data that `Front` gathers under its lock.
#pragma once

#include <cstdint>
#include <vector>

#include "sandbox/front/dashboard_elements.h"

namespace msp::sandbox {

struct OrderDetail {
  const Order* order = nullptr;
  const Order* parent = nullptr;
  // Those of `order->related` that are still kept, in its order; null for the others.
  std::vector<const Order*> related;
  std::vector<const RecordedRequest*> requests;
  Json notifications;  // as /_sandbox/notifications lists them
  std::vector<std::int64_t> retries_due_ms;
};

HttpResponse OrderDetailPage(const DashboardFrame& frame, const OrderDetail& detail);

}  // namespace msp::sandbox
