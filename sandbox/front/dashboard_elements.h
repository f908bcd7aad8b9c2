// SPDX-License-Identifier: Apache-2.0

// The parts that the dashboard's pages share: the page around them, forms, and values as HTML.
//
// Plain functions, used under the lock of `Front`. All external text is masked and escaped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/core/order.h"
#include "sandbox/front/recorder.h"
#include "sandbox/http/message.h"

namespace msp::sandbox {

// What every page of the dashboard needs.
struct DashboardFrame {
  std::string csrf;  // goes into every form
  std::int64_t now_ms = 0;
  bool frozen = false;
  std::string done;     // an action that has just been done; empty: none
  std::string problem;  // why one was refused; empty: it was not
};

// The whole page, with its headers.
HttpResponse DashboardPage(int status, std::string_view title, const std::string& content);
// A page with one sentence.
HttpResponse DashboardMessage(int status, std::string_view title, std::string_view text);
// The start of a page: the clock, the title, and what the last action did.
std::string DashboardHeader(const DashboardFrame& frame, const std::string& title);

// A form of one action; `content` has its fields and buttons.
std::string ActionForm(const DashboardFrame& frame, const std::string& address,
                       std::string_view action, const std::string& content);
std::string SubmitButton(std::string_view id, std::string_view text, std::string_view name = "",
                         std::string_view value = "");

std::string MaskedHtml(std::string_view text);
// An id of the shop's; ids of many digits stay readable.
std::string MaskedIdHtml(std::string_view id);
// Amsterdam local time, as in the API.
std::string LocalTime(std::int64_t ms);
std::string AmountHtml(std::int64_t amount, const std::string& currency);

std::string_view KindText(Kind kind);
std::string StateHtml(const Order& order);
std::string MethodHtml(const Order& order);
std::string OrderAddress(const Order& order);
std::string OrderLink(const Order& order);

std::string RecordedRequestSection(const std::vector<const RecordedRequest*>& requests,
                                   std::string_view title);

}  // namespace msp::sandbox
