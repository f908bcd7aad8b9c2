// SPDX-License-Identifier: Apache-2.0

// The account's closing balances, from the orders' payments and costs.
#include <map>

#include "sandbox/core/local_time.h"
#include "sandbox/core/platform.h"
#include "sandbox/core/render.h"

namespace msp::sandbox {
namespace {

constexpr std::size_t kDaysMax = 3660;

// When the funds of a payment came: a capture by hand is later than the authorization.
std::int64_t CollectedMs(const Order& order) {
  for (const Related& related : order.related) {
    if (related.type == "capture" && related.transaction_id == order.transaction_id)
      return related.created_ms;
  }
  return order.completed_ms;
}

struct Day {
  std::int64_t moved = 0;
  std::int64_t uncleared = 0;
};

}  // namespace

ApiResponse Platform::ListClosingBalances(const Site& site, const std::string& from,
                                          const std::string& until, const std::string& currency) {
  // Payments and costs, by currency and by the midnight that closes the day.
  std::map<std::string, std::map<std::int64_t, Day>> books;
  for (const auto& [seq, order] : orders_) {
    const bool own = site.kind == "account" ? order->account_id == site.account_id
                                            : order->site_id == site.site_id;
    if (!own || (!currency.empty() && order->currency != currency)) continue;
    std::map<std::int64_t, Day>& days = books[order->currency];
    const bool back = IsOutgoing(*order);
    if (back && order->status == "completed") {
      days[NextLocalMidnightMs(order->completed_ms)].moved -= order->amount;
    } else if (!back && order->money.captured_here > 0) {
      days[NextLocalMidnightMs(CollectedMs(*order))].moved +=
          order->money.captured_here - CostMinor(*order);
    } else if (!back && order->financial_status == "uncleared") {
      days[NextLocalMidnightMs(order->modified_ms)].uncleared += order->amount;
    }
  }
  Json list = Json::array();
  for (const auto& [name, days] : books) {
    if (days.empty()) continue;
    Day balance;
    std::size_t count = 0;
    // Every day since the first has a closing balance, the present one not yet.
    for (std::int64_t closed_ms = days.begin()->first; closed_ms <= now_ms_ && count < kDaysMax;
         closed_ms = NextLocalMidnightMs(closed_ms), ++count) {
      if (const auto day = days.find(closed_ms); day != days.end()) {
        balance.moved += day->second.moved;
        balance.uncleared += day->second.uncleared;
      }
      const std::string date = LocalTimeText(closed_ms - 1000).substr(0, 10);
      if ((!from.empty() && date < from) || (!until.empty() && date >= until)) continue;
      list.push_back({{"account_id", site.account_id},
                      {"amount", balance.moved},
                      {"amount_uncleared", balance.uncleared},
                      {"bic", "ABNANL2A"},
                      {"closing_date", date},
                      {"currency", name},
                      {"iban", "NL87ABNA0000000001"},
                      // The sandbox makes no payouts: the balance stays in the account.
                      {"payout_amount", 0},
                      {"payout_transaction_id", 0},
                      {"status", "completed"}});
    }
  }
  ApiResponse response = Success(Json());
  response.body["page"] = {{"total", list.size()}};
  response.body["data"] = std::move(list);
  return response;
}

}  // namespace msp::sandbox
