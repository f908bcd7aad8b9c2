// SPDX-License-Identifier: Apache-2.0

#include "sandbox/front/fault_effects.h"

#include <algorithm>

#include "sandbox/core/api_response.h"
#include "sandbox/core/read.h"
#include "sandbox/front/edit.h"

namespace msp::sandbox {
namespace {

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

HttpResponse ShapedResponse(const Json& effect) {
  HttpResponse response;
  const std::string body = TextOr(effect, "body", "html");
  response.body = body;
  response.status = 500;
  for (const Shape& shape : kShapes) {
    if (shape.name != body) continue;
    response.body = std::string(shape.body);
    response.content_type = std::string(shape.content_type);
    response.status = shape.status;
  }
  response.status = static_cast<int>(NumberOr(effect, "status", response.status));
  if (const auto type = TextMember(effect, "content_type")) response.content_type = *type;
  return response;
}

HttpResponse ApiError(const Json& effect) {
  const int code = static_cast<int>(NumberOr(effect, "error_code", 1000));
  const std::string info = TextOr(effect, "error_info", std::string(ErrorText(code)).c_str());
  const std::string shape = TextOr(effect, "shape", "top");
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
  response.status = static_cast<int>(NumberOr(effect, "status", ErrorResponse(code).status));
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
  const std::string then = TextOr(effect, "then", "reset");
  if (then == "timeout")
    return Broken(Delivery::Kind::kSilence, NumberOr(effect, "hold_ms", 120'000));
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
  const std::int64_t wait_s = NumberOr(effect, "retry_after_seconds", 1);
  HttpResponse response;
  response.status = 429;
  response.body = R"({"message":"Too many requests"})";
  const bool date = TextOr(effect, "retry_after") == "date";
  response.headers = {
      {"Retry-After", date ? HttpDate(now_ms + wait_s * 1000) : std::to_string(wait_s)}};
  return response;
}

HttpResponse Redirect(const Json& effect) {
  HttpResponse response =
      ShapedResponse({{"body", "empty"}, {"status", NumberOr(effect, "status", 302)}});
  response.headers = {{"Location", TextOr(effect, "location", "http://127.0.0.2:9/elsewhere")}};
  return response;
}

// The effect's number is absent or within 0 and `most`.
bool InRange(const Json& effect, std::string_view name, std::int64_t most) {
  const AmountRead read = AmountMember(effect, name, false);
  if (read.kind == AmountRead::Kind::kAbsent) return true;
  return read.kind == AmountRead::Kind::kValue && read.value >= 0 && read.value <= most;
}

// The changes of `edit`, and the single one of `wrong_type`.
Json ChangesOf(const Json& effect) {
  if (TextOr(effect, "name") == "wrong_type") return Json::array({effect});
  const Json* changes = Member(effect, "changes");
  return changes != nullptr && changes->is_array() ? *changes : Json::array();
}

std::string ChangesProblem(const Json& effect) {
  const std::string name = TextOr(effect, "name");
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

std::string TextOr(const Json& effect, std::string_view name, const char* fallback) {
  return TextMember(effect, name).value_or(fallback);
}

std::int64_t NumberOr(const Json& effect, std::string_view name, std::int64_t fallback) {
  const AmountRead read = AmountMember(effect, name, false);
  return read.kind == AmountRead::Kind::kValue ? read.value : fallback;
}

std::string EffectProblem(const Json& effect) {
  const std::string name = TextOr(effect, "name");
  if (!IsIn(kEffects, name)) return "effect.name: no such effect";
  for (const char* wait : {"ms", "min_ms", "max_ms", "hold_ms"}) {
    if (!InRange(effect, wait, kWaitMaxMs))
      return std::string("effect.") + wait + ": milliseconds up to ten minutes";
  }
  if (!InRange(effect, "status", 599) ||
      (Member(effect, "status") != nullptr && NumberOr(effect, "status", 0) < 200)) {
    return "effect.status: 200 to 599";
  }
  for (const char* size : {"bytes", "bytes_per_second", "calls", "window_seconds", "window_ms",
                           "retry_after_seconds"}) {
    if (!InRange(effect, size, 100'000'000)) return std::string("effect.") + size + ": not below 0";
  }
  if (name == "garbage" && !IsIn(kGarbage, TextOr(effect, "kind")))
    return "effect.kind: no such garbage";
  if (std::string problem = ChangesProblem(effect); !problem.empty()) return problem;
  static constexpr std::string_view kResets[] = {"before_reading", "after_reading", "in_body"};
  if (name == "reset" && !IsIn(kResets, TextOr(effect, "when", "after_reading")))
    return "effect.when: no such moment";
  static constexpr std::string_view kThens[] = {"reset", "timeout", "close",
                                                "500",   "status",  "api_error"};
  if (name == "commit_then_fail" && !IsIn(kThens, TextOr(effect, "then", "reset")))
    return "effect.then: no such end";
  return {};
}

HttpResponse FaultResponse(const Json& effect, std::int64_t now_ms) {
  const std::string name = TextOr(effect, "name");
  if (name == "status") return ShapedResponse(effect);
  if (name == "api_error") return ApiError(effect);
  if (name == "redirect") return Redirect(effect);
  if (name == "commit_then_fail") return AfterCommit(effect);
  if (name == "rate_limit") return TooMany(effect, now_ms);
  return Broken(Delivery::Kind::kReset, 0);
}

void Garble(const Json& effect, HttpResponse* response) {
  const std::string name = TextOr(effect, "name");
  Delivery& delivery = response->delivery;
  if (name == "wrong_type") {
    Edit(ChangesOf(effect), response);
  } else if (name == "edit") {
    // A refusal is not edited: it would misreport an operation that was not performed.
    if (!SaysSuccess(*response)) return;
    Edit(ChangesOf(effect), response);
    response->status = static_cast<int>(NumberOr(effect, "status", response->status));
  } else if (name == "garbage") {
    response->body = GarbageBody(TextOr(effect, "kind"), response->body);
  } else if (name == "slow_body") {
    delivery.kind = Delivery::Kind::kSlow;
    delivery.bytes = static_cast<std::size_t>(
        std::max<std::int64_t>(1, NumberOr(effect, "bytes_per_second", 10)));
  } else if (name == "truncate" || name == "reset") {
    delivery.kind = name == "truncate" ? Delivery::Kind::kTruncate : Delivery::Kind::kResetInBody;
    delivery.bytes = static_cast<std::size_t>(
        NumberOr(effect, "bytes", static_cast<std::int64_t>(response->body.size() / 2)));
    delivery.states_whole_length = TextOr(effect, "length", "whole") == "whole";
  }
}

}  // namespace msp::sandbox
