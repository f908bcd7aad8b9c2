// SPDX-License-Identifier: Apache-2.0

// Fault injection: rules that match calls, and the effect of each.
//
// Owned by `Front`; not thread-safe, used under its lock. A rule:
//   {"match": {"method": "POST", "path": "/v1/json/orders", "order_id": "shop-*", "nth": 2,
//              "probability": 0.5, "times": 1},
//    "effect": {"name": "commit_then_fail", "then": "reset"}}
// with every member of `match` optional. The header X-Sandbox-Fault asks for one effect of one
// request:
//   X-Sandbox-Fault: name=latency;ms=250
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/core/order.h"
#include "sandbox/core/random.h"
#include "sandbox/http/message.h"

namespace msp::sandbox {

// The faults of one exchange.
struct FaultPlan {
  std::int64_t before_ms = 0;  // waited before the state changes
  std::int64_t after_ms = 0;   // and after it
  // Sent instead of running the call.
  std::optional<HttpResponse> instead;
  // Sent instead of the call's own response, after the call has run.
  std::optional<HttpResponse> afterwards;
  // Applied to the response of the call.
  Json garble;  // the effect object, or null
};

class Faults {
 public:
  explicit Faults(std::uint64_t seed) : random_(seed) {}

  // Adds a rule; returns its id, or 0 with `problem` set.
  std::uint64_t Add(const Json& rule, std::string* problem);
  // Rules with how often each matched and fired.
  Json List() const;
  // Removes one rule.
  void Remove(std::uint64_t id) {
    std::erase_if(rules_, [id](const Rule& rule) { return rule.id == id; });
  }
  void Clear() {
    rules_.clear();
    answers_.clear();
    keeps_answers_ = false;
  }
  bool empty() const { return rules_.empty(); }

  // Rules that act on the head alone: a reset before the body is read.
  std::optional<Delivery> OnHead(const HttpRequest& request, const std::string& order_id);
  // All others. `now_ms` is the sandbox's time; `header` the X-Sandbox-Fault header or null.
  FaultPlan OnRequest(const HttpRequest& request, const std::string& order_id,
                      const std::string* header, std::int64_t now_ms);
  // For `other_answer`: keeps each response of success, and gives members of the last one of the
  // same kind, about another order, when `effect` asks for that.
  void ReplaceByOtherAnswer(const Json& effect, const HttpRequest& request,
                            const std::string& order_id, HttpResponse* response);

 private:
  struct Rule {
    std::uint64_t id = 0;
    std::string method;
    std::string path;
    std::string order_id;
    std::int64_t nth = 0;
    double probability = 1;
    std::int64_t times = INT64_MAX;
    Json effect;
    std::int64_t matched = 0;
    std::int64_t fired = 0;
    // rate_limit's window.
    std::int64_t window_began_ms = INT64_MIN;
    std::int64_t window_calls = 0;
  };
  struct KeptResponse {
    std::string order_id;
    std::string body;
  };
  bool Fires(Rule& rule, const HttpRequest& request, const std::string& order_id);
  void Apply(const Json& effect, Rule* rule, std::int64_t now_ms, FaultPlan* plan);

  Random random_;
  std::uint64_t next_id_ = 1;
  std::vector<Rule> rules_;
  bool keeps_answers_ = false;                   // Some rule is an `other_answer`.
  std::map<std::string, KeptResponse> answers_;  // The last one by kind: method and path.
};

// "*" matches any run of characters, "?" one.
bool GlobMatches(std::string_view pattern, std::string_view text);

}  // namespace msp::sandbox
