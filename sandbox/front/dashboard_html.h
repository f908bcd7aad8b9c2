// SPDX-License-Identifier: Apache-2.0

// The markup of the dashboard, which shows the sandbox's state and its control actions.
//
// Plain functions over data that `Front` gathers under its lock. HTML that works without scripts
// and by keyboard; all external text is masked and escaped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/core/order.h"
#include "sandbox/front/recorder.h"
#include "sandbox/http/message.h"

namespace msp::sandbox {

// What every page of the dashboard needs.
struct DashboardFrame {
  std::string csrf;  // goes into every form
  std::int64_t now_ms = 0;
  bool frozen = false;
  std::string done;     // an action that has just been done; empty: none
  std::string problem;  // why one was refused; empty: it was not
};

struct OrderList {
  std::vector<const Order*> orders;  // newest first
  std::string wanted;                // what was searched for
  std::uint64_t older = 0;           // where the next page starts; 0: nowhere
  Json faults;                       // as /_sandbox/faults lists them
  std::vector<const Exchange*> exchanges;
  std::string api_url;
};

struct OrderDetail {
  const Order* order = nullptr;
  const Order* parent = nullptr;
  // Those of `order->related` that are still kept, in its order; null for the others.
  std::vector<const Order*> related;
  std::vector<const Exchange*> exchanges;
  Json notifications;  // as /_sandbox/notifications lists them
  std::vector<std::int64_t> retries_due_ms;
};

HttpResponse OrderListPage(const DashboardFrame& frame, const OrderList& list);
HttpResponse OrderDetailPage(const DashboardFrame& frame, const OrderDetail& detail);
// A page with one sentence.
HttpResponse DashboardMessage(int status, std::string_view title, std::string_view text);

// The faults that the form offers: a name for the form and the rule behind it. Null when unknown.
Json FaultPreset(std::string_view name);

}  // namespace msp::sandbox
