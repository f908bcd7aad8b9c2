// SPDX-License-Identifier: Apache-2.0

// The worlds that `./run chaos --matrix` goes through: what MultiSafepay's house rules are, how far
// its reads lag and its clock is off, what it shows of what it was sent, who else moves money, and
// what operators change meanwhile. Every name is one row of the table in rule_sets.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace msp::chaos {

struct RuleSet {
  std::string name;  // "" when the run's flags make it up.
  // When a used order id is refused: live, any, completed, not-dead.
  std::string order_id_rule = "live";
  // Which second refund is refused: none ("off"), one with the same id ("id"), one of the same
  // amount within 300 s ("300s").
  std::string refund_dedupe = "off";
  bool refund_ids_hidden = false;  // Orders do not show the ids of their refunds.
  std::string custom_echo =
      "as-sent";  // As the sandbox's --custom-echo: what becomes of the marker.
  std::string polymorphism = "modern";  // Types in the sandbox's answers.
  std::int64_t lag_min_ms = 0;          // Reads show what was so long ago.
  std::int64_t lag_max_ms = 0;
  std::int64_t settle_ms = 600;  // The servers' setting of that name.
  std::int64_t clock_off_s = 0;  // MultiSafepay's clock against ours.
  bool late_commits = false;     // Some calls are carried out 3 to 7 s after they came.
  bool other_actors = false;     // The dashboard refunds, captures and voids, too.
  bool settings_change = false;  // Restarts come with another notification URL, or none.
  bool keys_change = false;      // Restarts come with the other of two API keys.
  bool watchers = false;         // Orders are watched, by streams that break and resume.
  bool lease = false;            // Single flight across the replicas, by a real Redis.

  // Whether MultiSafepay's record says which call made a payment, and which a refund. Where it does
  // not, UNKNOWN may be the last word.
  bool ShowsPayments() const { return custom_echo == "as-sent"; }
  bool ShowsRefunds() const { return !refund_ids_hidden; }
};

const std::vector<RuleSet>& RuleSets();
// Null when there is none of that name.
const RuleSet* FindRuleSet(std::string_view name);

}  // namespace msp::chaos
