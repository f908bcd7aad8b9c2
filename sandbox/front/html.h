// SPDX-License-Identifier: Apache-2.0

// The markup of the customer's pages: payment page, 3-D Secure simulator, and final pages.
//
// Used by `Front`, under its lock. Plain HTML that works without scripts, by keyboard, on a phone
// and with a screen reader; all external text is escaped, and card numbers in it are masked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/core/order.h"
#include "sandbox/http/message.h"

namespace msp::sandbox {

// What is wrong with a form. `field` is the name of a member of it; empty: the form as a whole.
struct FormProblem {
  std::string field;
  std::string text;
};

// The customer's input that is shown again; never the number or the security code.
struct TypedCard {
  std::string holder;
  std::string expiry;
};

// A whole document: `head` follows the title, `body` is between the tags. Not escaped.
HttpResponse HtmlDocument(int status, std::string_view title, const std::string& head,
                          const std::string& body);

// A page with its headers; with status 422 a screen reader announces the problem first.
// `order`, where there is one, says which shop's addresses its forms may end at.
HttpResponse HtmlPage(int status, std::string_view title, std::string_view content,
                      const Order* order);

// An amount in major units: "EUR 7.04".
std::string AmountText(std::int64_t amount, const std::string& currency);

// What is paid, and with which card once that is known.
std::string OrderFacts(const Order& order);

// The card form, other methods, and the way out; `problems` at the top, each with a link to its
// field.
std::string PaymentContent(const Order& order, const std::vector<FormProblem>& problems,
                           const TypedCard& typed);

// The choice of what the bank says.
std::string ChallengeContent(const Order& order, const std::vector<FormProblem>& problems);

}  // namespace msp::sandbox
