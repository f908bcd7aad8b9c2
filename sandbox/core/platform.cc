// SPDX-License-Identifier: Apache-2.0

// The clock, the indexes and the changes of state.
#include "sandbox/core/platform.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "sandbox/core/local_time.h"
#include "sandbox/core/polymorphism.h"
#include "sandbox/core/read.h"
#include "sandbox/core/render.h"
#include "sandbox/core/url.h"

namespace msp::sandbox {

Platform::Platform(Settings settings, std::string public_base)
    : settings_(std::move(settings)),
      public_base_(std::move(public_base)),
      random_(settings_.seed),
      polymorphism_random_(~settings_.seed),
      read_lag_(settings_.read_lag_min_ms, settings_.read_lag_max_ms, settings_.seed) {
  ResetTerminals();
}

void Platform::AdvanceTo(std::int64_t now_ms) {
  // One timer at a time, at its own time, so that its effects are dated and ordered correctly.
  while (!timers_.empty() && timers_.begin()->first <= now_ms) {
    const auto [due_ms, seq] = *timers_.begin();
    now_ms_ = std::max(now_ms_, due_ms);
    Order* order = FindSeq(seq);
    if (order == nullptr) {
      timers_.erase(timers_.begin());
      continue;
    }
    Fire(*order);
  }
  now_ms_ = std::max(now_ms_, now_ms);
}

std::optional<std::int64_t> Platform::NextTimerMs() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first;
}

void Platform::Reset(std::int64_t now_ms) {
  random_ = Random(settings_.seed);
  polymorphism_random_ = Random(~settings_.seed);
  now_ms_ = now_ms;
  next_seq_ = 1;
  orders_.clear();
  by_order_id_.clear();
  by_transaction_id_.clear();
  by_session_.clear();
  by_events_token_.clear();
  tokens_.clear();
  api_tokens_.clear();
  ResetTerminals();
  timers_.clear();
  notices_.clear();
  read_lag_.Clear();
  touched_.clear();
  stats_.clear();
}

Order* Platform::FindSeq(std::uint64_t seq) {
  const auto found = orders_.find(seq);
  return found == orders_.end() ? nullptr : found->second.get();
}

Order* Platform::FindOrder(std::int64_t site_id, const std::string& id) {
  // Several transactions may share an id: the newest decides, unless it is dead and an earlier one
  // is not.
  if (const auto found = by_order_id_.find({site_id, id}); found != by_order_id_.end()) {
    Order* best = nullptr;
    for (const std::uint64_t seq : found->second) {
      Order* order = FindSeq(seq);
      if (order == nullptr) continue;
      const bool better = best == nullptr || IsFinal(best->status) || !IsFinal(order->status);
      if (order->kind == Kind::kPayment || order->kind == Kind::kCapture) {
        if (best == nullptr || best->kind == Kind::kRefund || better) best = order;
      } else if (best == nullptr) {
        best = order;
      }
    }
    if (best != nullptr) return best;
  }
  if (id.empty() || id.size() > 18 || id.find_first_not_of("0123456789") != std::string::npos)
    return nullptr;
  const auto found = by_transaction_id_.find(std::strtoll(id.c_str(), nullptr, 10));
  if (found == by_transaction_id_.end()) return nullptr;
  Order* order = FindSeq(found->second);
  return order != nullptr && order->site_id == site_id ? order : nullptr;
}

void Platform::RecordVersions() {
  for (const std::uint64_t seq : touched_) {
    if (const Order* order = FindSeq(seq))
      read_lag_.Record(seq, now_ms_, RenderOrder(*order, settings_));
  }
  touched_.clear();
}

const Json* Platform::VisibleVersion(std::int64_t site_id, const std::string& id) {
  const Json* best = nullptr;
  if (const auto found = by_order_id_.find({site_id, id}); found != by_order_id_.end()) {
    // As in FindOrder: the newest payment, unless it is dead and an earlier one is not.
    bool best_is_payment = false;
    for (const std::uint64_t seq : found->second) {
      const Order* order = FindSeq(seq);
      const Json* version = order == nullptr ? nullptr : read_lag_.Visible(seq, now_ms_);
      if (version == nullptr) continue;
      const bool payment = order->kind == Kind::kPayment || order->kind == Kind::kCapture;
      const bool better = best == nullptr || IsFinal(best->value("status", "")) ||
                          !IsFinal(version->value("status", ""));
      if (best == nullptr || (payment && (!best_is_payment || better))) {
        best = version;
        best_is_payment = payment;
      }
    }
  }
  if (best != nullptr) return best;
  const Order* order = FindOrder(site_id, id);
  return order == nullptr || order->order_id == id ? nullptr
                                                   : read_lag_.Visible(order->seq, now_ms_);
}

Order* Platform::FindAnywhere(const std::string& id) {
  for (const Site& site : settings_.sites) {
    if (Order* order = FindOrder(site.site_id, id)) return order;
  }
  return nullptr;
}

Order* Platform::FindSession(const std::string& session_id) {
  const auto found = by_session_.find(session_id);
  return found == by_session_.end() ? nullptr : FindSeq(found->second);
}

Order* Platform::FindEventsToken(const std::string& token) {
  const auto found = by_events_token_.find(token);
  return found == by_events_token_.end() ? nullptr : FindSeq(found->second);
}

void Platform::RecordEvent(Order& order) {
  if (order.events_token.empty()) return;
  constexpr std::size_t kEventsMax = 100;
  const std::uint64_t id = order.events.empty() ? 1 : order.events.back().id + 1;
  if (order.events.size() >= kEventsMax) order.events.erase(order.events.begin());
  order.events.push_back({id, order.status, order.financial_status, order.transaction_id});
}

const Site* Platform::SiteOf(const Order& order) const {
  for (const Site& site : settings_.sites) {
    if (site.site_id == order.site_id) return &site;
  }
  return nullptr;
}

Json Platform::Render(const Order& order) {
  Json json = RenderOrder(order, settings_);
  ApplyPolymorphism(settings_.polymorphism, polymorphism_random_, json);
  return json;
}

std::int64_t Platform::NewTransactionId(bool sixteen_digits) {
  // Odd and above 2^53, to expose a client that reads numbers as doubles.
  constexpr std::int64_t kSixteen = 9'100'000'000'000'001;
  constexpr std::int64_t kSeventeen = 10'000'000'000'000'001;
  while (true) {
    std::int64_t id;
    if (settings_.short_ids && !sixteen_digits) {
      id = 100'000'000 + static_cast<std::int64_t>(random_.Below(900'000'000));
    } else if (sixteen_digits) {
      id = kSixteen + 2 * static_cast<std::int64_t>(random_.Below(400'000'000'000'000));
    } else {
      id = kSeventeen + 2 * static_cast<std::int64_t>(random_.Below(44'000'000'000'000'000));
    }
    if (!by_transaction_id_.contains(id)) return id;
  }
}

void Platform::AssignTransactionId(Order& order) {
  if (order.transaction_id != 0) return;
  const bool sixteen =
      TextMember(order.customer, "email") == "enable-pspid-encoding@multisafepay.com";
  order.transaction_id = NewTransactionId(sixteen);
  Touch(order);
  by_transaction_id_[order.transaction_id] = order.seq;
}

Order& Platform::Add(const Site& site, Kind kind, const std::string& order_id,
                     std::uint64_t parent) {
  auto owned = std::make_unique<Order>();
  Order& order = *owned;
  order.seq = next_seq_++;
  order.kind = kind;
  order.parent = parent;
  order.site_id = site.site_id;
  order.account_id = site.account_id;
  order.order_id = order_id;
  order.created_ms = now_ms_;
  order.modified_ms = now_ms_;
  orders_[order.seq] = std::move(owned);
  while (static_cast<std::int64_t>(orders_.size()) > settings_.orders_max) EvictOldest(parent);
  return order;
}

Order& Platform::AddChild(Order& parent, Kind kind, const std::string& order_id,
                          std::int64_t amount) {
  const Site* site = SiteOf(parent);
  Order& child = Add(site == nullptr ? settings_.sites.front() : *site, kind, order_id, parent.seq);
  child.type = parent.type;
  child.gateway = parent.gateway;
  child.amount = amount;
  child.currency = parent.currency;
  child.customer = parent.customer;
  child.custom_info = parent.custom_info;
  child.locale = parent.locale;
  child.card = parent.card;
  child.external_id = random_.Digits(16);
  AssignTransactionId(child);
  Index(child);
  return child;
}

void Platform::Index(Order& order) {
  Touch(order);
  auto& same_id = by_order_id_[{order.site_id, order.order_id}];
  same_id.push_back(order.seq);
  if (order.transaction_id != 0) by_transaction_id_[order.transaction_id] = order.seq;
  if (!order.session.id.empty()) by_session_[order.session.id] = order.seq;
  if (!order.events_token.empty()) by_events_token_[order.events_token] = order.seq;
  if (order.timer != TimerKind::kNone) timers_.insert({order.timer_due_ms, order.seq});
}

void Platform::EraseOrder(std::uint64_t seq) {
  const auto found = orders_.find(seq);
  if (found == orders_.end()) return;
  Order& order = *found->second;
  timers_.erase({order.timer_due_ms, seq});
  if (order.transaction_id != 0) by_transaction_id_.erase(order.transaction_id);
  by_session_.erase(order.session.id);
  by_events_token_.erase(order.events_token);
  if (const auto same_id = by_order_id_.find({order.site_id, order.order_id});
      same_id != by_order_id_.end()) {
    std::erase(same_id->second, seq);
    if (same_id->second.empty()) by_order_id_.erase(same_id);
  }
  read_lag_.Erase(seq);
  orders_.erase(found);
}

void Platform::EvictOldest(std::uint64_t spared) {
  const auto oldest = orders_.begin();
  EraseOrder(oldest->first == spared ? std::next(oldest)->first : oldest->first);
  Count("orders_evicted");
}

void Platform::SetTimer(Order& order, TimerKind kind, std::int64_t due_ms) {
  timers_.erase({order.timer_due_ms, order.seq});
  order.timer = kind;
  order.timer_due_ms = due_ms;
  if (kind != TimerKind::kNone) timers_.insert({due_ms, order.seq});
}

void Platform::Change(Order& order, const std::string& status,
                      const std::string& financial_status) {
  if (!MayFollow(order.status, status)) {
    // A defect of the sandbox; counted, so that its own tests detect it.
    Count("illegal_transitions");
    return;
  }
  if (order.status == status && order.financial_status == financial_status) return;
  order.status = status;
  order.financial_status = financial_status;
  order.modified_ms = now_ms_;
  Touch(order);
  RecordEvent(order);
  const bool done = status == "completed" || financial_status == "completed";
  if (done && order.completed_ms == 0) order.completed_ms = now_ms_;
  SetTimer(order, TimerKind::kNone, 0);
  if (IsFinal(status)) {
    order.session.dead = true;
    order.authentication.awaiting_challenge = false;
  }
  if (order.kind == Kind::kPayment || order.kind == Kind::kCapture) QueueNotice(order);
}

std::string Platform::WebhookBody(const Order& order) {
  return Render(order).dump(-1, ' ', false, Json::error_handler_t::replace);
}

void Platform::QueueNotice(const Order& order) {
  const Site* site = SiteOf(order);
  if (order.notification_url.empty() || site == nullptr) return;
  const bool allowed = settings_.webhooks_anywhere || IsLoopbackUrl(order.notification_url);
  notices_.push_back({order.seq, order.order_id, order.notification_url,
                      order.notification_method == "POST", site->key,
                      allowed ? WebhookBody(order) : std::string()});
}

void Platform::Fire(Order& order) {
  const TimerKind kind = order.timer;
  SetTimer(order, TimerKind::kNone, 0);
  switch (kind) {
    case TimerKind::kNone:
      break;
    case TimerKind::kExpire:
      Change(order, "expired", "expired");
      break;
    case TimerKind::kHoldVoid:
      order.money = Money();
      Change(order, "void", "void");
      break;
    case TimerKind::kHoldComplete:
      Approve(order);
      break;
    case TimerKind::kHoldCancel:
      order.money = Money();
      Change(order, "void", "cancelled");
      break;
    case TimerKind::kAuthExpire:
      order.money.voided += order.money.Remain();
      Change(order, "void", "void");
      break;
    case TimerKind::kRefundSettle:
      SettleRefund(order, true);
      break;
    case TimerKind::kNextStage:
    case TimerKind::kUnshipped:
    case TimerKind::kTestOutcome:
      FireLife(order, kind);
      break;
    case TimerKind::kTerminal:
      FireTerminal(order);
      break;
  }
}

}  // namespace msp::sandbox
