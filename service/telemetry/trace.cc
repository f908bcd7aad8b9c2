// SPDX-License-Identifier: Apache-2.0

#include "service/telemetry/trace.h"

#include <algorithm>
#include <limits>

#include "service/base/random.h"

namespace msp::telemetry {
namespace {

// version "-" trace "-" parent "-" flags
constexpr std::size_t kTraceAt = 3;
constexpr std::size_t kSpanAt = 36;
constexpr std::size_t kFlagsAt = 53;
constexpr std::size_t kStateBytesMax = 512;

constexpr std::string_view kDigits = "0123456789abcdef";

bool IsHex(std::string_view text) {
  return text.find_first_not_of(kDigits) == std::string_view::npos;
}

bool IsId(std::string_view text) {
  return IsHex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

// Version 00 has exactly this form; later ones may continue after another dash.
bool IsParent(std::string_view text) {
  if (text.size() < kTraceParentBytes || text[kTraceAt - 1] != '-' || text[kSpanAt - 1] != '-' ||
      text[kFlagsAt - 1] != '-')
    return false;
  const std::string_view version = text.substr(0, 2);
  if (!IsHex(version) || version == "ff") return false;
  if (version == "00" ? text.size() != kTraceParentBytes
                      : text.size() > kTraceParentBytes && text[kTraceParentBytes] != '-')
    return false;
  return IsId(text.substr(kTraceAt, 32)) && IsId(text.substr(kSpanAt, 16)) &&
         IsHex(text.substr(kFlagsAt, 2));
}

bool IsState(std::string_view text) {
  return text.size() <= kStateBytesMax && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 0x20 && c < 0x7F) || c == '\t';
         });
}

// Not zero, which the standard forbids.
template <std::size_t kSize>
void Fill(std::array<char, kSize>& id) {
  for (std::size_t at = 0; at < kSize; at += 16) {
    std::uint64_t bits = 1 + RandomBelow(std::numeric_limits<std::uint64_t>::max());
    for (std::size_t i = 0; i < 16; ++i, bits >>= 4U) id[at + i] = kDigits[bits & 0xFU];
  }
}

}  // namespace

TraceContext Accept(std::string_view traceparent, std::string_view tracestate) {
  TraceContext context;
  Fill(context.span_id);
  if (!IsParent(traceparent)) {
    Fill(context.trace_id);
    return context;
  }
  std::copy_n(traceparent.begin() + kTraceAt, context.trace_id.size(), context.trace_id.begin());
  std::copy_n(traceparent.begin() + kSpanAt, context.parent_id.size(), context.parent_id.begin());
  context.sampled = (kDigits.find(traceparent[kFlagsAt + 1]) & 1U) != 0;
  if (IsState(tracestate)) context.state = std::string(tracestate);
  return context;
}

TraceContext ChildOf(const TraceContext& context) {
  TraceContext child;
  child.trace_id = context.trace_id;
  child.parent_id = context.span_id;
  child.sampled = context.sampled;
  Fill(child.span_id);
  return child;
}

std::string TraceParent(const TraceContext& context) {
  std::string text;
  AppendTraceParent(context, text);
  return text;
}

void AppendTraceParent(const TraceContext& context, std::string& out) {
  out.reserve(out.size() + kTraceParentBytes);
  out.append("00-").append(context.trace()).append("-").append(context.span());
  out.append(context.sampled ? "-01" : "-00");
}

}  // namespace msp::telemetry
