// SPDX-License-Identifier: Apache-2.0

#include "tests/chaos/rule_sets.h"

namespace msp::chaos {

const std::vector<RuleSet>& RuleSets() {
  // clang-format off
  static const std::vector<RuleSet> kRuleSets{
      // House rules.
      {.name = "id-live"},
      {.name = "id-any", .order_id_rule = "any"},
      {.name = "id-not-dead", .order_id_rule = "not-dead"},
      {.name = "id-completed", .order_id_rule = "completed", .lease = true},
      {.name = "refund-dedupe-id", .refund_dedupe = "id"},
      {.name = "refund-dedupe-300s", .refund_dedupe = "300s"},
      {.name = "refund-ids-hidden", .refund_ids_hidden = true},
      {.name = "refund-ids-hidden-dedupe-id", .refund_dedupe = "id", .refund_ids_hidden = true},
      {.name = "refund-ids-hidden-dedupe-300s", .refund_dedupe = "300s", .refund_ids_hidden = true},
      // Reads that lag: within the settle time, and beyond it. Where an equal refund passes, two replicas
      // need the lease: neither can see what the other has just done.
      {.name = "lag-short", .lag_min_ms = 100, .lag_max_ms = 500, .lease = true},
      {.name = "lag-short-any", .order_id_rule = "any", .lag_min_ms = 100, .lag_max_ms = 500, .lease = true},
      {.name = "lag-short-completed", .order_id_rule = "completed", .lag_min_ms = 100, .lag_max_ms = 500, .lease = true},
      {.name = "lag-short-dedupe-id", .refund_dedupe = "id", .lag_min_ms = 100, .lag_max_ms = 500},
      {.name = "lag-short-lease", .lag_min_ms = 100, .lag_max_ms = 500, .lease = true},
      {.name = "lag-middle", .lag_min_ms = 100, .lag_max_ms = 1'800, .settle_ms = 2'000, .lease = true},
      {.name = "lag-middle-not-dead", .order_id_rule = "not-dead", .lag_min_ms = 100, .lag_max_ms = 1'800, .settle_ms = 2'000, .lease = true},
      {.name = "lag-middle-dedupe-300s", .refund_dedupe = "300s", .lag_min_ms = 100, .lag_max_ms = 1'800, .settle_ms = 2'000},
      {.name = "lag-middle-refund-ids-hidden", .refund_ids_hidden = true, .lag_min_ms = 100, .lag_max_ms = 1'800, .settle_ms = 2'000, .lease = true},
      {.name = "lag-long", .lag_min_ms = 100, .lag_max_ms = 3'000, .settle_ms = 2'000, .lease = true},
      {.name = "lag-long-any", .order_id_rule = "any", .lag_min_ms = 100, .lag_max_ms = 3'000, .settle_ms = 2'000, .lease = true},
      {.name = "lag-long-dedupe-id", .refund_dedupe = "id", .lag_min_ms = 100, .lag_max_ms = 3'000, .settle_ms = 2'000},
      {.name = "lag-long-dedupe-300s", .refund_dedupe = "300s", .lag_min_ms = 100, .lag_max_ms = 3'000, .settle_ms = 2'000},
      // Texts that come back changed, the marker among them.
      {.name = "echo-null", .custom_echo = "null"},
      {.name = "echo-absent", .custom_echo = "absent"},
      {.name = "echo-cut", .custom_echo = "cut"},
      {.name = "echo-upper", .custom_echo = "upper"},
      {.name = "echo-space", .custom_echo = "space"},
      {.name = "echo-cut-any", .order_id_rule = "any", .custom_echo = "cut"},
      {.name = "echo-null-lag", .custom_echo = "null", .lag_min_ms = 100, .lag_max_ms = 500, .lease = true},
      // Others who move money.
      {.name = "other-actors", .other_actors = true},
      {.name = "other-actors-lag", .lag_min_ms = 100, .lag_max_ms = 500, .other_actors = true, .lease = true},
      {.name = "other-actors-dedupe-300s", .refund_dedupe = "300s", .other_actors = true},
      {.name = "other-actors-ids-hidden", .refund_ids_hidden = true, .other_actors = true},
      {.name = "other-actors-lease", .other_actors = true, .lease = true},
      // Clocks.
      {.name = "clock-6h-ahead", .clock_off_s = 6 * 3600},
      {.name = "clock-6h-behind", .clock_off_s = -6 * 3600},
      {.name = "clock-4h-ahead-lag", .lag_min_ms = 100, .lag_max_ms = 500, .clock_off_s = 4 * 3600, .lease = true},
      {.name = "clock-4h-behind-echo-null", .custom_echo = "null", .clock_off_s = -4 * 3600},
      // Calls that are carried out late.
      {.name = "late-any-dedupe-300s", .order_id_rule = "any", .refund_dedupe = "300s", .late_commits = true},
      {.name = "late-live-dedupe-id", .refund_dedupe = "id", .late_commits = true},
      // What operators change.
      {.name = "settings-change", .settings_change = true},
      {.name = "keys-change", .keys_change = true},
      {.name = "settings-and-keys-change-lag", .lag_min_ms = 100, .lag_max_ms = 500, .settings_change = true, .keys_change = true, .lease = true},
      // Watchers.
      {.name = "watchers", .watchers = true},
      {.name = "watchers-lag", .lag_min_ms = 100, .lag_max_ms = 1'800, .settle_ms = 2'000, .watchers = true, .lease = true},
      {.name = "watchers-keys-change", .keys_change = true, .watchers = true},
      {.name = "watchers-clock-6h-behind", .clock_off_s = -6 * 3600, .watchers = true},
      // Types of answers.
      {.name = "legacy-lag", .polymorphism = "legacy", .lag_min_ms = 100, .lag_max_ms = 500, .lease = true},
      {.name = "chaos-php-other-actors", .polymorphism = "chaos-php", .other_actors = true},
  };
  // clang-format on
  return kRuleSets;
}

const RuleSet* FindRuleSet(std::string_view name) {
  for (const RuleSet& rules : RuleSets()) {
    if (rules.name == name) return &rules;
  }
  return nullptr;
}

}  // namespace msp::chaos
