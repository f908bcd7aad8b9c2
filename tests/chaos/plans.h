// SPDX-License-Identifier: Apache-2.0

// What callers do with an order, each plan from its creation to its end, and the answers that they
// received: the results that the audit compares with MultiSafepay's ledger.
#pragma once

#include <string>
#include <vector>

#include "tests/chaos/caller.h"
#include "tests/chaos/options.h"

namespace msp::chaos {

// One conclusive answer to a caller.
struct ReportedResult {
  enum class About { kPayment, kCapture, kRefund, kVoid, kCancel };
  About about;
  std::string order_id;
  // Travels to MultiSafepay with the call: var2 of a payment, var1 of a refund, the description of
  // a capture.
  std::string tag;
  bool done = false;    // Answered that it is done; else that it certainly is not.
  bool certain = true;  // False when the rule never came to an end.
  std::int64_t amount = 0;
  std::string state;  // Of a payment: "PAID", "DECLINED", ...
  std::string transaction_id;
  std::string reason;   // Why it is refused or indeterminate, or of what kind the success is.
  std::string message;  // Of an error.
};

// The end of one plan.
struct OrderHistory {
  std::uint64_t number = 0;
  std::string plan;
  std::vector<ReportedResult> results;
  std::vector<std::string> attempts;  // In words, for the report of a violation.

  // Of its first result; a plan may go on under longer ids.
  std::string OrderId() const { return results.empty() ? "" : results.front().order_id; }
};

// Runs the plan that `number` and the seed choose.
OrderHistory RunPlan(const Options& options, std::uint64_t number, const Fleet& fleet,
                     Tally& tally);

}  // namespace msp::chaos
