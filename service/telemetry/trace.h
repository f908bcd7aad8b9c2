// SPDX-License-Identifier: Apache-2.0

// W3C trace context (https://www.w3.org/TR/trace-context/): the origin of a call and the id of each
// of its hops, so that a payment can be followed through every log. Values; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace msp::telemetry {

// Lower-case hexadecimal digits, the form in which they are received, sent and logged.
using TraceId = std::array<char, 32>;
using SpanId = std::array<char, 16>;

struct TraceContext {
  TraceId trace_id{};
  SpanId span_id{};    // This hop's own.
  SpanId parent_id{};  // The caller's; all '\0' where the trace begins here.
  bool sampled = false;
  std::string state;  // The caller's tracestate, passed on unchanged.

  bool valid() const { return trace_id[0] != '\0'; }
  std::string_view trace() const { return {trace_id.data(), valid() ? trace_id.size() : 0}; }
  std::string_view span() const { return {span_id.data(), valid() ? span_id.size() : 0}; }
  std::string_view parent() const {
    return {parent_id.data(), parent_id[0] == '\0' ? 0 : parent_id.size()};
  }
};

// The context of a call from its metadata. A malformed or absent traceparent begins a new trace,
// not sampled. A tracestate that is too long or no valid header value is dropped.
TraceContext Accept(std::string_view traceparent, std::string_view tracestate);

// The next hop: same trace, a new span with this one as its parent. Without the state.
TraceContext ChildOf(const TraceContext& context);

// "00-<trace>-<span>-<flags>" for the next hop; the latter appends it to `out`.
std::string TraceParent(const TraceContext& context);
void AppendTraceParent(const TraceContext& context, std::string& out);

// The length of such a text.
inline constexpr std::size_t kTraceParentBytes = 55;

}  // namespace msp::telemetry
