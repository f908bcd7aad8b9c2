// SPDX-License-Identifier: Apache-2.0

#include "service/payments/deciding.h"

#include <algorithm>
#include <string_view>

namespace msp::payments {
namespace {

using codec::Drift;

// Of the envelope, which some answers repeat in `data`.
constexpr std::string_view kOfEnvelope[] = {"success", "error_code", "data.success",
                                            "data.error_code"};

// Of an order, a transaction, a refund: its identity and its money.
constexpr std::string_view kOfOrder[] = {
    "order_id",
    "transaction_id",
    "refund_id",
    "status",
    "financial_status",
    "amount",
    "amount_refunded",
    "currency",
    "payment_details.capture",
    "payment_details.capture_remain",
    // Earlier captures and refunds.
    "related_transactions",
    "related_transactions.order_id",
    "related_transactions.transaction_id",
    "related_transactions.refund_order_id",
    "related_transactions.type",
    "related_transactions.status",
    "related_transactions.amount",
    "related_transactions.currency",
};

template <std::size_t kSize>
bool Has(const std::string_view (&paths)[kSize], std::string_view path) {
  return std::find(std::begin(paths), std::end(paths), path) != std::end(paths);
}

// The first unreadable member that `is_deciding`.
template <class IsDeciding>
std::string FirstLost(const std::vector<Drift>& drift, bool drift_cut,
                      const IsDeciding& is_deciding) {
  for (const Drift& one : drift) {
    const bool lost =
        one.kind == Drift::Kind::kUnfitValue || one.kind == Drift::Kind::kUnreadableText;
    if (lost && is_deciding(one.path)) return one.path;
  }
  return drift_cut ? "one of too many members" : "";
}

}  // namespace

std::string UnreadableDecidingMember(const std::vector<Drift>& drift, bool drift_cut) {
  constexpr std::string_view kData = "data.";
  return FirstLost(drift, drift_cut, [&](std::string_view path) {
    return Has(kOfEnvelope, path) ||
           (path.starts_with(kData) && Has(kOfOrder, path.substr(kData.size())));
  });
}

std::string DuplicateOfEnvelope(const std::vector<Drift>& drift) {
  std::size_t duplicates = 0;
  for (const Drift& one : drift) {
    if (one.kind != Drift::Kind::kDuplicateMember) continue;
    if (one.path == "data" || Has(kOfEnvelope, one.path)) return one.path;
    ++duplicates;
  }
  return duplicates >= codec::kDriftMax ? "one of too many members" : "";  // More are not reported.
}

std::string UnreadableOrderMember(const std::vector<Drift>& drift, bool drift_cut) {
  return FirstLost(drift, drift_cut, [](std::string_view path) { return Has(kOfOrder, path); });
}

}  // namespace msp::payments
