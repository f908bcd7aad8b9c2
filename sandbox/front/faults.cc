// SPDX-License-Identifier: Apache-2.0

#include "sandbox/front/faults.h"

#include <algorithm>

#include "sandbox/core/read.h"
#include "sandbox/front/edit.h"
#include "sandbox/front/fault_effects.h"

namespace msp::sandbox {
namespace {

constexpr std::size_t kRulesMax = 1000;
Json EffectOfHeader(const std::string& header) {
  Json effect = Json::object();
  for (std::size_t at = 0; at < header.size();) {
    const std::size_t end = std::min(header.find(';', at), header.size());
    const std::string member = header.substr(at, end - at);
    const std::size_t equals = member.find('=');
    const std::size_t first = std::min(member.find_first_not_of(' '), member.size());
    if (equals != std::string::npos && equals > first) {
      effect[member.substr(first, equals - first)] = member.substr(equals + 1);
    }
    at = end + 1;
  }
  return effect;
}

// Answers of one kind are about the same thing: "POST orders/refunds".
std::string KindOf(const HttpRequest& request) {
  const std::vector<std::string> segments = PathSegments(request.path);
  std::string kind = request.method + " " + (segments.size() > 2 ? segments[2] : std::string());
  if (segments.size() > 4) kind += "/" + segments[4];
  return kind;
}

}  // namespace

bool GlobMatches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*') {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::uint64_t Faults::Add(const Json& json, std::string* problem) {
  Rule rule;
  const Json& match = ObjectMember(json, "match");
  const Json& effect = ObjectMember(json, "effect");
  *problem = EffectProblem(effect);
  if (rules_.size() >= kRulesMax) *problem = "too many rules";
  if (const Json* chance = Member(match, "probability")) {
    rule.probability = chance->is_number() ? chance->get<double>() : -1;
    if (rule.probability < 0 || rule.probability > 1) *problem = "match.probability: 0 to 1";
  }
  if (!problem->empty()) return 0;
  rule.method = TextOr(match, "method");
  rule.path = TextOr(match, "path", "/v1/json/*");
  rule.order_id = TextOr(match, "order_id");
  rule.nth = NumberOr(match, "nth", 0);
  rule.times = NumberOr(match, "times", INT64_MAX);
  rule.effect = effect;
  if (TextOr(effect, "name") == "other_answer") keeps_answers_ = true;
  rule.id = next_id_++;
  rules_.push_back(std::move(rule));
  return rules_.back().id;
}

Json Faults::List() const {
  Json list = Json::array();
  for (const Rule& rule : rules_) {
    list.push_back({{"id", rule.id},
                    {"effect", rule.effect},
                    {"probability", rule.probability},
                    {"matched", rule.matched},
                    {"fired", rule.fired}});
  }
  return list;
}

bool Faults::Fires(Rule& rule, const HttpRequest& request, const std::string& order_id) {
  if (!rule.method.empty() && rule.method != request.method) return false;
  if (!GlobMatches(rule.path, request.path)) return false;
  if (!rule.order_id.empty() && !GlobMatches(rule.order_id, order_id)) return false;
  ++rule.matched;
  if (rule.nth > 0 && rule.matched != rule.nth) return false;
  if (rule.fired >= rule.times) return false;
  if (rule.probability < 1 && !random_.Chance(rule.probability)) return false;
  ++rule.fired;
  return true;
}

std::optional<Delivery> Faults::OnHead(const HttpRequest& request, const std::string& order_id) {
  for (Rule& rule : rules_) {
    const bool mine =
        TextOr(rule.effect, "name") == "reset" && TextOr(rule.effect, "when") == "before_reading";
    if (!mine || !Fires(rule, request, order_id)) continue;
    Delivery delivery;
    delivery.kind = Delivery::Kind::kReset;
    return delivery;
  }
  return std::nullopt;
}

FaultPlan Faults::OnRequest(const HttpRequest& request, const std::string& order_id,
                            const std::string* header, std::int64_t now_ms) {
  FaultPlan plan;
  if (header != nullptr) {
    const Json effect = EffectOfHeader(*header);
    if (EffectProblem(effect).empty()) Apply(effect, nullptr, now_ms, &plan);
  }
  for (Rule& rule : rules_) {
    const bool on_head =
        TextOr(rule.effect, "name") == "reset" && TextOr(rule.effect, "when") == "before_reading";
    if (!on_head && Fires(rule, request, order_id)) Apply(rule.effect, &rule, now_ms, &plan);
  }
  return plan;
}

void Faults::Apply(const Json& effect, Rule* rule, std::int64_t now_ms, FaultPlan* plan) {
  const std::string name = TextOr(effect, "name");
  if (name == "latency") {
    // Delays add up; otherwise the first rule applies.
    std::int64_t ms = NumberOr(effect, "ms", 0);
    const std::int64_t least = NumberOr(effect, "min_ms", 0), most = NumberOr(effect, "max_ms", 0);
    if (most > least)
      ms = least +
           static_cast<std::int64_t>(random_.Below(static_cast<std::uint64_t>(most - least)));
    (TextOr(effect, "when", "before") == "after" ? plan->after_ms : plan->before_ms) += ms;
    return;
  }
  if (plan->instead || plan->afterwards || !plan->garble.is_null()) return;
  const bool resets = name == "reset" && TextOr(effect, "when", "after_reading") != "in_body";
  if (name == "status" || name == "api_error" || name == "redirect" || resets) {
    plan->instead = FaultResponse(effect, now_ms);
  } else if (name == "commit_then_fail") {
    plan->afterwards = FaultResponse(effect, now_ms);
  } else if (name == "rate_limit") {
    const std::int64_t window_ms =
        NumberOr(effect, "window_ms", NumberOr(effect, "window_seconds", 1) * 1000);
    if (rule == nullptr) {
      plan->instead = FaultResponse(effect, now_ms);
      return;
    }
    if (rule->window_began_ms == INT64_MIN || now_ms - rule->window_began_ms >= window_ms) {
      rule->window_began_ms = now_ms;
      rule->window_calls = 0;
    }
    if (++rule->window_calls > NumberOr(effect, "calls", 0)) {
      plan->instead = FaultResponse(effect, now_ms);
    } else {
      --rule->fired;  // Counted, and let through.
    }
  } else {
    plan->garble = effect;
  }
}

void Faults::ReplaceByOtherAnswer(const Json& effect, const HttpRequest& request,
                                  const std::string& order_id, HttpResponse* response) {
  if (!keeps_answers_ || !SaysSuccess(*response)) return;
  KeptResponse& kept = answers_[KindOf(request)];
  KeptResponse own{order_id, response->body};
  if (TextOr(effect, "name") == "other_answer" && !kept.body.empty() && kept.order_id != order_id) {
    const Json* members = Member(effect, "members");
    CopyMembers(members == nullptr ? Json::array() : *members, kept.body, response);
  }
  kept = std::move(own);
}

}  // namespace msp::sandbox
