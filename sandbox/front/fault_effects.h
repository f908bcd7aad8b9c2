// SPDX-License-Identifier: Apache-2.0

// What each effect of a fault does to a response: faults.h has the rules that ask for one.
//
// An effect is a JSON object, {"name": "latency", "ms": 250}. Plain functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sandbox/core/order.h"
#include "sandbox/http/message.h"

namespace msp::sandbox {

// Empty if the effect exists and its members are valid, else the error.
std::string EffectProblem(const Json& effect);

// What is sent in place of the call's own response by the effects `status`, `api_error`,
// `redirect`, `commit_then_fail`, `rate_limit` and `reset`. `now_ms` is the sandbox's time.
HttpResponse FaultResponse(const Json& effect, std::int64_t now_ms);

// Turns a correct response into the wrong one of the effect.
void Garble(const Json& effect, HttpResponse* response);

// A member of an effect or a rule, read as tolerantly as the API's; `fallback` where it is absent
// or unreadable.
std::string TextOr(const Json& json, std::string_view name, const char* fallback = "");
std::int64_t NumberOr(const Json& json, std::string_view name, std::int64_t fallback);

}  // namespace msp::sandbox
