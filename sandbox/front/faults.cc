// SPDX-License-Identifier: Apache-2.0

#include "sandbox/front/faults.h"

#include <algorithm>

#include "sandbox/core/api_response.h"
#include "sandbox/core/read.h"
#include "sandbox/front/edit.h"
#include "sandbox/front/front.h"

namespace msp::sandbox {
namespace {

constexpr std::size_t kRulesMax = 1000;
constexpr std::int64_t kWaitMaxMs = 600'000;
constexpr std::size_t kHugeBytes = std::size_t{20} * 1024 * 1024;
constexpr std::size_t kDeepLevels = 2000;

struct Shape {
  std::string_view name;
  int status;
  std::string_view content_type;
  std::string_view body;
};

constexpr std::string_view kJsonType = "application/json; charset=utf-8";
constexpr std::string_view kHtmlType = "text/html; charset=utf-8";

// The documented and observed forms of an error, and two that no JSON parser takes.
constexpr Shape kShapes[] = {
    {"E1", 404, kJsonType,
     R"({"success":false,"data":{},"error_code":1006,"error_info":"Invalid transaction ID"})"},
    {"E2", 404, kJsonType,
     R"({"success":false,"data":[],"error_code":1006,"error_info":"Invalid transaction ID"})"},
    {"E3", 404, kJsonType,
     R"({"success":"false","data":[],"error_code":1019,"error_info":"The site is blocked in your account."})"},
    {"E4", 403, kJsonType, R"({"message":"Forbidden"})"},
    {"E5", 404, kJsonType, R"({"message":"Not found"})"},
    {"E6", 400, kJsonType, R"({"message":"Invalid account ID."})"},
    {"E7", 422, kJsonType,
     R"({"success":false,"message":"Validation error","errors":[{"attribute":"email","details":"not an address",)"
     R"("message":"Invalid email","uri":"#/email"}]})"},
    {"E8", 404, kJsonType,
     R"({"success":false,"data":{"error_code":1034,"error_info":"Cannot refund transaction"}})"},
    {"E9", 502, kHtmlType,
     "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>\n"},
    {"E10", 404, kJsonType,
     R"({"success":false,"data":"broken","error_code":9999,"error_info":"Unknown error"})"},
    {"html", 503, kHtmlType,
     "<html><head><title>503 Service Unavailable</title></head><body>Overloaded</body></html>\n"},
    {"empty", 500, "", ""},
};

constexpr std::string_view kEffects[] = {
    "latency", "status",    "api_error",  "reset",    "commit_then_fail", "truncate",    "garbage",
    "edit",    "slow_body", "rate_limit", "redirect", "wrong_type",       "other_answer"};
constexpr std::string_view kGarbage[] = {"invalid_json", "invalid_utf8",      "bom",
                                         "deep",         "duplicate_members", "huge"};

template <std::size_t kCount>
bool IsIn(const std::string_view (&list)[kCount], const std::string& text) {
  return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

std::string Text(const Json& effect, std::string_view name, const char* fallback = "") {
  return TextMember(effect, name).value_or(fallback);
}

std::int64_t Number(const Json& effect, std::string_view name, std::int64_t fallback) {
  const AmountRead read = AmountMember(effect, name, false);
  return read.kind == AmountRead::Kind::kValue ? read.value : fallback;
}

HttpResponse ShapedResponse(const Json& effect) {
  HttpResponse response;
  const std::string body = Text(effect, "body", "html");
  response.body = body;
  response.status = 500;
  for (const Shape& shape : kShapes) {
    if (shape.name != body) continue;
    response.body = std::string(shape.body);
    response.content_type = std::string(shape.content_type);
    response.status = shape.status;
  }
  response.status = static_cast<int>(Number(effect, "status", response.status));
  if (const auto type = TextMember(effect, "content_type")) response.content_type = *type;
  return response;
}

HttpResponse ApiError(const Json& effect) {
  const int code = static_cast<int>(Number(effect, "error_code", 1000));
  const std::string info = Text(effect, "error_info", std::string(ErrorText(code)).c_str());
  const std::string shape = Text(effect, "shape", "top");
  Json body{{"success", false}, {"data", Json::object()}};
  if (shape == "nested") {
    body["data"] = {{"error_code", code}, {"error_info", info}};
  } else {
    body["error_code"] = code;
    body["error_info"] = info;
    if (shape == "data_array" || shape == "success_string") body["data"] = Json::array();
    if (shape == "success_string") body["success"] = "false";
  }
  HttpResponse response;
  response.status = static_cast<int>(Number(effect, "status", ErrorResponse(code).status));
  response.body = body.dump();
  return response;
}

HttpResponse Broken(Delivery::Kind kind, std::int64_t hold_ms) {
  HttpResponse response;
  response.delivery.kind = kind;
  response.delivery.hold_ms = hold_ms;
  return response;
}

HttpResponse AfterCommit(const Json& effect) {
  const std::string then = Text(effect, "then", "reset");
  if (then == "timeout")
    return Broken(Delivery::Kind::kSilence, Number(effect, "hold_ms", 120'000));
  if (then == "close") {
    HttpResponse response = Broken(Delivery::Kind::kSilence, 0);
    return response;
  }
  if (then == "api_error") return ApiError(effect);
  if (then == "status") return ShapedResponse(effect);
  if (then == "500") return ShapedResponse({{"body", "empty"}});
  return Broken(Delivery::Kind::kReset, 0);
}

HttpResponse TooMany(const Json& effect, std::int64_t now_ms) {
  const std::int64_t wait_s = Number(effect, "retry_after_seconds", 1);
  HttpResponse response;
  response.status = 429;
  response.body = R"({"message":"Too many requests"})";
  const bool date = Text(effect, "retry_after") == "date";
  response.headers = {
      {"Retry-After", date ? HttpDate(now_ms + wait_s * 1000) : std::to_string(wait_s)}};
  return response;
}

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

// The effect's number is absent or within 0 and `most`.
bool InRange(const Json& effect, std::string_view name, std::int64_t most) {
  const AmountRead read = AmountMember(effect, name, false);
  if (read.kind == AmountRead::Kind::kAbsent) return true;
  return read.kind == AmountRead::Kind::kValue && read.value >= 0 && read.value <= most;
}

// The changes of `edit`, and the single one of `wrong_type`.
Json ChangesOf(const Json& effect) {
  if (Text(effect, "name") == "wrong_type") return Json::array({effect});
  const Json* changes = Member(effect, "changes");
  return changes != nullptr && changes->is_array() ? *changes : Json::array();
}

std::string ChangesProblem(const Json& effect) {
  const std::string name = Text(effect, "name");
  if (name == "edit" || name == "wrong_type") {
    for (const Json& change : ChangesOf(effect)) {
      const std::string problem = ChangeProblem(change);
      if (!problem.empty()) return "effect." + problem;
    }
  }
  const Json* members = Member(effect, "members");
  if (name != "other_answer" || members == nullptr) return {};
  if (!members->is_array()) return "effect.members: an array of JSON pointers";
  for (const Json& member : *members) {
    const std::string problem = ChangeProblem({{"pointer", member}});
    if (!problem.empty()) return "effect.members: an array of JSON pointers";
  }
  return {};
}

// Answers of one kind are about the same thing: "POST orders/refunds".
std::string KindOf(const HttpRequest& request) {
  const std::vector<std::string> segments = PathSegments(request.path);
  std::string kind = request.method + " " + (segments.size() > 2 ? segments[2] : std::string());
  if (segments.size() > 4) kind += "/" + segments[4];
  return kind;
}

std::string GarbageBody(const std::string& kind, const std::string& body) {
  if (kind == "invalid_json") return body.substr(0, body.size() / 2) + "tru,}";
  if (kind == "invalid_utf8")
    return "{\"success\":true,\"data\":{\"order_id\":\"\xff\xfe\xc3\x28\"}}";
  if (kind == "bom") return "\xef\xbb\xbf" + body;
  if (kind == "deep") {
    return "{\"success\":true,\"data\":" + std::string(kDeepLevels, '[') +
           std::string(kDeepLevels, ']') + "}";
  }
  if (kind == "duplicate_members")
    return body.size() > 1 ? "{\"success\":false,\"data\":{}," + body.substr(1) : body;
  return "{\"success\":true,\"data\":{\"order_id\":\"" + std::string(kHugeBytes, 'x') + "\"}}";
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

std::string EffectProblem(const Json& effect) {
  const std::string name = Text(effect, "name");
  if (!IsIn(kEffects, name)) return "effect.name: no such effect";
  for (const char* wait : {"ms", "min_ms", "max_ms", "hold_ms"}) {
    if (!InRange(effect, wait, kWaitMaxMs))
      return std::string("effect.") + wait + ": milliseconds up to ten minutes";
  }
  if (!InRange(effect, "status", 599) ||
      (Member(effect, "status") != nullptr && Number(effect, "status", 0) < 200)) {
    return "effect.status: 200 to 599";
  }
  for (const char* size : {"bytes", "bytes_per_second", "calls", "window_seconds", "window_ms",
                           "retry_after_seconds"}) {
    if (!InRange(effect, size, 100'000'000)) return std::string("effect.") + size + ": not below 0";
  }
  if (name == "garbage" && !IsIn(kGarbage, Text(effect, "kind")))
    return "effect.kind: no such garbage";
  if (std::string problem = ChangesProblem(effect); !problem.empty()) return problem;
  static constexpr std::string_view kResets[] = {"before_reading", "after_reading", "in_body"};
  if (name == "reset" && !IsIn(kResets, Text(effect, "when", "after_reading")))
    return "effect.when: no such moment";
  static constexpr std::string_view kThens[] = {"reset", "timeout", "close",
                                                "500",   "status",  "api_error"};
  if (name == "commit_then_fail" && !IsIn(kThens, Text(effect, "then", "reset")))
    return "effect.then: no such end";
  return {};
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
  rule.method = Text(match, "method");
  rule.path = Text(match, "path", "/v1/json/*");
  rule.order_id = Text(match, "order_id");
  rule.nth = Number(match, "nth", 0);
  rule.times = Number(match, "times", INT64_MAX);
  rule.effect = effect;
  if (Text(effect, "name") == "other_answer") keeps_answers_ = true;
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
        Text(rule.effect, "name") == "reset" && Text(rule.effect, "when") == "before_reading";
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
        Text(rule.effect, "name") == "reset" && Text(rule.effect, "when") == "before_reading";
    if (!on_head && Fires(rule, request, order_id)) Apply(rule.effect, &rule, now_ms, &plan);
  }
  return plan;
}

void Faults::Apply(const Json& effect, Rule* rule, std::int64_t now_ms, FaultPlan* plan) {
  const std::string name = Text(effect, "name");
  if (name == "latency") {
    // Delays add up; otherwise the first rule applies.
    std::int64_t ms = Number(effect, "ms", 0);
    const std::int64_t least = Number(effect, "min_ms", 0), most = Number(effect, "max_ms", 0);
    if (most > least)
      ms = least +
           static_cast<std::int64_t>(random_.Below(static_cast<std::uint64_t>(most - least)));
    (Text(effect, "when", "before") == "after" ? plan->after_ms : plan->before_ms) += ms;
    return;
  }
  if (plan->instead || plan->afterwards || !plan->garble.is_null()) return;
  if (name == "status") {
    plan->instead = ShapedResponse(effect);
  } else if (name == "api_error") {
    plan->instead = ApiError(effect);
  } else if (name == "redirect") {
    plan->instead = ShapedResponse({{"body", "empty"}, {"status", Number(effect, "status", 302)}});
    plan->instead->headers = {
        {"Location", Text(effect, "location", "http://127.0.0.2:9/elsewhere")}};
  } else if (name == "commit_then_fail") {
    plan->afterwards = AfterCommit(effect);
  } else if (name == "reset" && Text(effect, "when", "after_reading") != "in_body") {
    plan->instead = Broken(Delivery::Kind::kReset, 0);
  } else if (name == "rate_limit") {
    const std::int64_t window_ms =
        Number(effect, "window_ms", Number(effect, "window_seconds", 1) * 1000);
    if (rule == nullptr) {
      plan->instead = TooMany(effect, now_ms);
      return;
    }
    if (rule->window_began_ms == INT64_MIN || now_ms - rule->window_began_ms >= window_ms) {
      rule->window_began_ms = now_ms;
      rule->window_calls = 0;
    }
    if (++rule->window_calls > Number(effect, "calls", 0)) {
      plan->instead = TooMany(effect, now_ms);
    } else {
      --rule->fired;  // Counted, and let through.
    }
  } else {
    plan->garble = effect;
  }
}

void Faults::MixUp(const Json& effect, const HttpRequest& request, const std::string& order_id,
                   HttpResponse* response) {
  if (!keeps_answers_ || !SaysSuccess(*response)) return;
  KeptResponse& kept = answers_[KindOf(request)];
  KeptResponse own{order_id, response->body};
  if (Text(effect, "name") == "other_answer" && !kept.body.empty() && kept.order_id != order_id) {
    const Json* members = Member(effect, "members");
    CopyMembers(members == nullptr ? Json::array() : *members, kept.body, response);
  }
  kept = std::move(own);
}

void Garble(const Json& effect, HttpResponse* response) {
  const std::string name = Text(effect, "name");
  Delivery& delivery = response->delivery;
  if (name == "wrong_type") {
    Edit(ChangesOf(effect), response);
  } else if (name == "edit") {
    // A refusal is not edited: it would misreport an operation that was not performed.
    if (!SaysSuccess(*response)) return;
    Edit(ChangesOf(effect), response);
    response->status = static_cast<int>(Number(effect, "status", response->status));
  } else if (name == "garbage") {
    response->body = GarbageBody(Text(effect, "kind"), response->body);
  } else if (name == "slow_body") {
    delivery.kind = Delivery::Kind::kSlow;
    delivery.bytes =
        static_cast<std::size_t>(std::max<std::int64_t>(1, Number(effect, "bytes_per_second", 10)));
  } else if (name == "truncate" || name == "reset") {
    delivery.kind = name == "truncate" ? Delivery::Kind::kTruncate : Delivery::Kind::kResetInBody;
    delivery.bytes = static_cast<std::size_t>(
        Number(effect, "bytes", static_cast<std::int64_t>(response->body.size() / 2)));
    delivery.states_whole_length = Text(effect, "length", "whole") == "whole";
  }
}

}  // namespace msp::sandbox
