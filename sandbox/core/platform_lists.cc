// SPDX-License-Identifier: Apache-2.0

// Tokens and the list of transactions.
#include <algorithm>

#include "sandbox/core/local_time.h"
#include "sandbox/core/platform.h"
#include "sandbox/core/read.h"
#include "sandbox/core/render.h"
#include "sandbox/core/url.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

constexpr std::size_t kListMax = 1000;

// Cursors are opaque to clients: the position, in the API's habit of base64.
std::string CursorOf(const Order& order) { return Base64("seq:" + std::to_string(order.seq)); }

std::uint64_t SeqOfCursor(const std::string& cursor) {
  std::string plain;
  if (!Base64Decode(cursor, &plain) || plain.rfind("seq:", 0) != 0) return 0;
  std::uint64_t seq = 0;
  for (const char c : std::string_view(plain).substr(4)) {
    if (c < '0' || c > '9' || seq > 1'000'000'000'000'000) return 0;
    seq = seq * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return seq;
}

bool IsAny(const std::string& wanted, const std::string& is) {
  return wanted.empty() || EqualsIgnoreCase(wanted, is);
}

bool Matches(const Order& order, const Platform::TransactionFilter& filter) {
  if (order.transaction_id == 0) return false;
  if (order.created_ms < filter.created_from_ms || order.created_ms >= filter.created_until_ms)
    return false;
  const bool by_completion =
      filter.completed_from_ms != INT64_MIN || filter.completed_until_ms != INT64_MAX;
  if (by_completion && (order.completed_ms == 0 || order.completed_ms < filter.completed_from_ms ||
                        order.completed_ms >= filter.completed_until_ms)) {
    return false;
  }
  const std::string& method = order.card ? order.card->scheme : order.gateway;
  const auto& methods = filter.payment_methods;
  const bool method_ok = methods.empty() || std::any_of(methods.begin(), methods.end(),
                                                        [&](const std::string& wanted) {
                                                          return EqualsIgnoreCase(wanted, method);
                                                        });
  return method_ok && IsAny(filter.currency, order.currency) &&
         IsAny(filter.status, order.status) &&
         IsAny(filter.financial_status, order.financial_status) &&
         IsAny(filter.site_id, std::to_string(order.site_id)) &&
         IsAny(filter.debit_credit, IsOutgoing(order) ? "D" : "C") &&
         IsAny(filter.type, std::string(TransactionType(order)));
}

}  // namespace

ApiResponse Platform::ListTokens(const Site& site, const std::string& reference, std::size_t limit,
                                 std::size_t offset) {
  Json list = Json::array();
  const int now = LocalYearMonth(now_ms_);
  std::size_t seen = 0;
  for (const auto& [key, token] : tokens_) {
    if (key.first != site.account_id || token.reference != reference || reference.empty()) continue;
    if (seen++ >= offset && list.size() < std::min(limit, kListMax))
      list.push_back(RenderToken(token, now));
  }
  if (seen == 0) return ErrorResponse(1000, 410, "Not found");
  return Success({{"tokens", std::move(list)}});
}

ApiResponse Platform::GetToken(const Site& site, const std::string& reference,
                               const std::string& token) {
  const auto found = tokens_.find({site.account_id, token});
  if (found == tokens_.end() || found->second.reference != reference)
    return ErrorResponse(1000, 410, "Not found: token");
  return Success(RenderToken(found->second, LocalYearMonth(now_ms_)));
}

ApiResponse Platform::RemoveToken(const Site& site, const std::string& reference,
                                  const std::string& token) {
  const auto found = tokens_.find({site.account_id, token});
  if (found == tokens_.end() || found->second.reference != reference)
    return ErrorResponse(1000, 410, "Token not removed");
  tokens_.erase(found);
  return Success({{"removed", true}});
}

ApiResponse Platform::UpdateToken(const Site& site, const std::string& reference,
                                  const std::string& token, const Json& body) {
  const auto found = tokens_.find({site.account_id, token});
  std::string expiry = TextMember(body, "expiry_date").value_or("");
  const Json* member = Member(body, "expiry_date");
  if (member != nullptr && member->is_number_integer())
    expiry.insert(0, expiry.size() < 4 ? 4 - expiry.size() : 0, '0');
  const bool digits =
      expiry.size() == 4 && expiry.find_first_not_of("0123456789") == std::string::npos;
  const int month = digits ? (expiry[2] - '0') * 10 + (expiry[3] - '0') : 0;
  if (found == tokens_.end() || found->second.reference != reference || month < 1 || month > 12) {
    return ErrorResponse(1000, 410, "Token not updated");
  }
  found->second.card.expiry = expiry;
  return Success({{"updated", true}});
}

ApiResponse Platform::ListTransactions(const Site& site, const TransactionFilter& filter) {
  const std::size_t limit = std::clamp<std::size_t>(filter.limit, 1, kListMax);
  const auto visible = [&](const Order& order) {
    const bool own = site.kind == "account" ? order.account_id == site.account_id
                                            : order.site_id == site.site_id;
    return own && Matches(order, filter);
  };
  std::vector<const Order*> page;
  if (const std::uint64_t newer_than = SeqOfCursor(filter.before); newer_than != 0) {
    for (auto it = orders_.upper_bound(newer_than); it != orders_.end() && page.size() < limit;
         ++it) {
      if (visible(*it->second)) page.push_back(it->second.get());
    }
    std::reverse(page.begin(), page.end());
  } else {
    const std::uint64_t older_than = SeqOfCursor(filter.after);
    auto it = older_than == 0 ? orders_.end() : orders_.lower_bound(older_than);
    while (it != orders_.begin() && page.size() < limit) {
      --it;
      if (visible(*it->second)) page.push_back(it->second.get());
    }
  }
  ApiResponse response = Success(Json::array());
  for (const Order* order : page) response.body["data"].push_back(RenderTransaction(*order));
  Json& pager = response.body["pager"] = {
      {"after", nullptr}, {"before", nullptr}, {"cursor", Json::object()}, {"limit", limit}};
  pager["cursor"] = {{"after", nullptr}, {"before", nullptr}};
  if (page.empty()) return response;
  const std::string base = public_base_ + "/v1/json/transactions?limit=" + std::to_string(limit);
  for (const auto& [name, order] :
       {std::pair("after", page.back()), std::pair("before", page.front())}) {
    pager["cursor"][name] = CursorOf(*order);
    pager[name] = WithQuery(base, name, CursorOf(*order));
  }
  return response;
}

ApiResponse Platform::GetTransaction(const Site& site, const std::string& id) {
  Order* order = FindOrder(site.site_id, id);
  if (order == nullptr || std::to_string(order->transaction_id) != id)
    return Message(404, "Not found");
  return Success(RenderTransaction(*order));
}

}  // namespace msp::sandbox
