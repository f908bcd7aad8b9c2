// SPDX-License-Identifier: Apache-2.0

// The whole state as JSON, and back.
#include <algorithm>

#include "sandbox/core/platform.h"
#include "sandbox/core/read.h"

namespace msp::sandbox {

Json Platform::Snapshot() const {
  Json snapshot{{"version", 1},
                {"now_ms", now_ms_},
                {"next_seq", next_seq_},
                {"random", random_.state()},
                {"orders", Json::array()},
                {"tokens", Json::array()},
                {"api_tokens", Json::array()},
                {"terminals", Json::array()},
                {"next_terminal", next_terminal_},
                {"stats", stats_}};
  for (const auto& [seq, order] : orders_) snapshot["orders"].push_back(ToJson(*order));
  for (const auto& [key, token] : tokens_) snapshot["tokens"].push_back(ToJson(token));
  for (const ApiToken& token : api_tokens_) {
    snapshot["api_tokens"].push_back({{"token", token.token},
                                      {"account_id", token.account_id},
                                      {"expires_ms", token.expires_ms},
                                      {"used", token.used}});
  }
  for (const auto& [id, terminal] : terminals_) snapshot["terminals"].push_back(ToJson(terminal));
  return snapshot;
}

bool Platform::Restore(const Json& snapshot) {
  const Json* orders = Member(snapshot, "orders");
  const Json* tokens = Member(snapshot, "tokens");
  const Json* now = Member(snapshot, "now_ms");
  const Json* random = Member(snapshot, "random");
  if (orders == nullptr || !orders->is_array() || tokens == nullptr || !tokens->is_array())
    return false;
  if (now == nullptr || !now->is_number_integer() || random == nullptr ||
      !random->is_number_integer())
    return false;
  Reset(now->get<std::int64_t>());
  random_.set_state(random->get<std::uint64_t>());
  for (const Json& json : *orders) {
    auto order = std::make_unique<Order>();
    if (!FromJson(json, order.get()) || order->seq == 0) return false;
    next_seq_ = std::max(next_seq_, order->seq + 1);
    Order& kept = *(orders_[order->seq] = std::move(order));
    Index(kept);
  }
  for (const Json& json : *tokens) {
    Token token;
    if (!FromJson(json, &token)) return false;
    tokens_[{token.account_id, token.token}] = token;
  }
  // Older snapshots have none of these.
  if (const Json* list = Member(snapshot, "api_tokens"); list != nullptr && list->is_array()) {
    for (const Json& json : *list) {
      api_tokens_.push_back(
          {TextMember(json, "token").value_or(""), AmountMember(json, "account_id", true).value,
           AmountMember(json, "expires_ms", true).value, BoolMember(json, "used").value_or(false)});
    }
  }
  if (const Json* list = Member(snapshot, "terminals"); list != nullptr && list->is_array()) {
    for (const Json& json : *list) {
      Terminal terminal;
      if (!FromJson(json, &terminal)) return false;
      terminals_[terminal.id] = terminal;
    }
    next_terminal_ = static_cast<std::uint64_t>(
        std::max<std::int64_t>(1, AmountMember(snapshot, "next_terminal", true).value));
  }
  return true;
}

}  // namespace msp::sandbox
