// SPDX-License-Identifier: Apache-2.0

// The dashboard's first page: the orders, the clock, the faults, the latest requests.
//
// Plain functions over data that `Front` gathers under its lock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/front/dashboard_elements.h"

namespace msp::sandbox {

struct OrderList {
  std::vector<const Order*> orders;  // newest first
  std::string wanted;                // what was searched for
  std::uint64_t older = 0;           // where the next page starts; 0: nowhere
  Json faults;                       // as /_sandbox/faults lists them
  std::vector<const RecordedRequest*> requests;
  std::string api_url;
};

HttpResponse OrderListPage(const DashboardFrame& frame, const OrderList& list);

// The faults that the form offers: a name for the form and the rule behind it. Null when unknown.
Json FaultPreset(std::string_view name);

}  // namespace msp::sandbox
