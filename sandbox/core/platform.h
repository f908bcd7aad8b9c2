// SPDX-License-Identifier: Apache-2.0

// MultiSafepay's side of every order: a pure state machine over virtual time.
//
// No sockets, no threads, no wall clock: the front passes the time, parsed JSON and the key's site,
// and gets an HTTP status and a body. Not thread-safe; the front holds a lock around each call.
// Every id it makes comes from the seed.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sandbox/core/api_response.h"
#include "sandbox/core/order.h"
#include "sandbox/core/random.h"
#include "sandbox/core/read_lag.h"
#include "sandbox/core/settings.h"

namespace msp::sandbox {

// A committed change for which the merchant gets a notification.
struct Notice {
  std::uint64_t seq = 0;
  std::string order_id;
  std::string url;
  bool post = true;
  std::string key;
  // The order as it was at that moment, as one line of JSON; empty when the target is not allowed.
  std::string body;
};

class Platform {
 public:
  // `public_base` is the address of the pages, such as "http://127.0.0.1:8080".
  Platform(Settings settings, std::string public_base);
  Platform(const Platform&) = delete;
  Platform& operator=(const Platform&) = delete;

  // Moves the clock, never back, and fires the timers that are due, in their order.
  void AdvanceTo(std::int64_t now_ms);
  std::int64_t now_ms() const { return now_ms_; }
  // When the next timer is due; nothing when there is none.
  std::optional<std::int64_t> NextTimerMs() const;
  // Clears all state and restarts the seed. The clock restarts at `now_ms`.
  void Reset(std::int64_t now_ms);

  // The API's operations. `id` is an order id or a transaction id.
  ApiResponse CreateOrder(const Site& site, const Json& body);
  ApiResponse GetOrder(const Site& site, const std::string& id);
  ApiResponse PatchOrder(const Site& site, const std::string& id, const Json& body);
  ApiResponse CancelOrder(const Site& site, const std::string& id);
  ApiResponse Capture(const Site& site, const std::string& id, const Json& body);
  ApiResponse CancelAuthorization(const Site& site, const std::string& id, const Json& body);
  ApiResponse Refund(const Site& site, const std::string& id, const Json& body);
  ApiResponse CancelRefund(const Site& site, const std::string& id, const std::string& refund_id,
                           const Json& body);
  ApiResponse AddFile(const Site& site, const std::string& id, const Json& body);
  ApiResponse ListTokens(const Site& site, const std::string& reference, std::size_t limit,
                         std::size_t offset);
  ApiResponse GetToken(const Site& site, const std::string& reference, const std::string& token);
  ApiResponse RemoveToken(const Site& site, const std::string& reference, const std::string& token);
  ApiResponse UpdateToken(const Site& site, const std::string& reference, const std::string& token,
                          const Json& body);

  // A token for one order's payment component; valid for 600 seconds.
  ApiResponse NewApiToken(const Site& site);
  ApiResponse NewApplePaySession(const Json& body);
  // Dates as YYYY-MM-DD, the first inclusive, the second exclusive; empty means any.
  ApiResponse ListClosingBalances(const Site& site, const std::string& from,
                                  const std::string& until, const std::string& currency);

  // Pay after delivery: pause the collection, move the day on which an order expires unshipped.
  ApiResponse PutOnHold(const Site& site, const std::string& id, const Json& body);
  ApiResponse ExtendAutoExpire(const Site& site, const std::string& id, const Json& body);

  // Point of sale. Pages count from 1; an empty group means all.
  ApiResponse ListTerminals(const std::string& group_id, std::size_t page, std::size_t limit);
  ApiResponse CreateTerminal(const Json& body);
  ApiResponse GetReceipt(const Site& site, const std::string& id);

  // What `GET /transactions` can be asked for; empty means any.
  struct TransactionFilter {
    std::size_t limit = 100;
    std::string after;
    std::string before;
    std::int64_t created_from_ms = INT64_MIN;
    std::int64_t created_until_ms = INT64_MAX;
    std::int64_t completed_from_ms = INT64_MIN;
    std::int64_t completed_until_ms = INT64_MAX;
    std::string currency;
    std::string financial_status;
    std::string status;
    std::string site_id;
    std::string debit_credit;
    std::string type;
    std::vector<std::string> payment_methods;
  };
  ApiResponse ListTransactions(const Site& site, const TransactionFilter& filter);
  ApiResponse GetTransaction(const Site& site, const std::string& id);

  // The customer's side. `problem` texts are for people.
  Order* FindSession(const std::string& session_id);
  // Counts an opening of the page; false when the link is no longer usable.
  bool OpenSession(Order& order);
  // Y, A, N, U, R or Cancel. False when the order awaits no challenge or the result is unknown.
  bool Decide3ds(Order& order, const std::string& result);
  // A card entered on the page (members as in gateway_info). Empty on success, else what is wrong;
  // `field` then names the member, where it is one.
  std::string PayWithCard(Order& order, const Json& card_data, std::string* field = nullptr);
  // The customer has not acted yet: the page, a wallet or a terminal may still complete the
  // payment.
  bool IsOpenForPayment(const Order& order) const;
  // Another method on the page: completed, declined, uncleared, cancelled or expired.
  std::string PayScenario(Order& order, const std::string& scenario);
  // Where the browser goes once the order has an outcome; empty without a redirect URL.
  std::string ReturnUrl(const Order& order) const;

  // The operator's side: control API only. False when the state does not allow it.
  Order* FindAnywhere(const std::string& id);
  bool SettleRefund(Order& refund, bool accepted);
  bool Review(Order& order, bool accepted);
  bool ChargeBack(Order& order);
  // The next lifecycle stage, which the clock would trigger.
  bool AdvanceLife(Order& order);
  // approve, decline, timeout or cancel, at the order's terminal.
  bool ActAtTerminal(Order& order, const std::string& outcome);
  // {behaviour, active}
  bool SetTerminalBehaviour(const std::string& id, const Json& body);

  // The order whose event stream the token opens; null when there is none.
  Order* FindEventsToken(const std::string& token);

  Order* FindOrder(std::int64_t site_id, const std::string& id);
  Order* FindSeq(std::uint64_t seq);
  const Site* SiteOf(const Order& order) const;
  // The order as GET and webhooks give it.
  Json Render(const Order& order);

  // Records changes as a version that GET shows after its lag. Call it at the end of every call and
  // every move of the clock.
  void RecordVersions();
  std::vector<Notice> TakeNotices() { return std::exchange(notices_, {}); }
  // Queues a notice without a change (a resend).
  void QueueNotice(const Order& order);
  // The body that a webhook about the order would have now.
  std::string WebhookBody(const Order& order);
  const std::map<std::string, std::uint64_t>& stats() const { return stats_; }
  void Count(const std::string& name) { ++stats_[name]; }
  const Settings& settings() const { return settings_; }
  const std::map<std::uint64_t, std::unique_ptr<Order>>& orders() const { return orders_; }
  std::size_t timer_count() const { return timers_.size(); }

  Json Snapshot() const;
  bool Restore(const Json& snapshot);

 private:
  using OrderKey = std::pair<std::int64_t, std::string>;
  using TokenKey = std::pair<std::int64_t, std::string>;  // account, token

  struct ApiToken {
    std::string token;
    std::int64_t account_id = 0;
    std::int64_t expires_ms = 0;
    bool used = false;
  };

  // Creation, one step of the documented checks each. Nothing means the step passed.
  struct Draft;
  std::optional<ApiResponse> CheckBasics(const Json& body, Draft& draft);
  std::optional<ApiResponse> CheckTexts(const Json& body, Draft& draft);
  std::optional<ApiResponse> CheckGateway(const Json& body, Draft& draft);
  std::optional<ApiResponse> CheckDuplicate(const Site& site, const Draft& draft);
  std::optional<ApiResponse> CheckCart(const Json& body, const Draft& draft);
  std::optional<ApiResponse> CheckCard(const Json& body, Draft& draft);
  std::optional<ApiResponse> CheckPaymentData(const Site& site, const Json& body, Draft& draft);
  std::optional<ApiResponse> CheckTerminal(const std::string& terminal_id);
  std::optional<ApiResponse> CheckToken(const Site& site, const Json& body, Draft& draft);
  ApiResponse Invalid(int error_code, const char* attribute);
  Order& Insert(const Site& site, const Json& body, Draft& draft);
  void StartDirect(Order& order, const Json& body, const Draft& draft);
  void StartAtTerminal(Order& order);
  ApiResponse DirectResponse(const Order& order);
  ApiResponse RedirectResponse(const Order& order);
  // events_token with its URLs, qr_url.
  void AddCreateMembers(const Order& order, Json& data) const;

  // What the payment component made: its JSON, empty when it is unreadable.
  static Json ReadPayload(const Json& payment_data);
  bool IsApiTokenUsable(const Site& site, const std::string& text) const;
  void UseApiToken(const std::string& text);

  // The lifecycle of every other method (gateways.h).
  void StartMethod(Order& order, const Json& gateway_info);
  void EnterPaid(Order& order);
  void EnterStage(Order& order, int index);
  // False if the order's lifecycle has no such stage now.
  bool ShipsByLife(Order& order);
  bool CancelsByLife(Order& order);
  void ExtendKlarna(Order& order);
  void FireLife(Order& order, TimerKind kind);
  void FireTerminal(Order& order);
  void ResetTerminals();
  // A line of the order's event stream, where it has one.
  static void RecordEvent(Order& order);

  // The lifecycle of card orders.
  bool NeedsChallenge(const Card& card) const;
  void BeginCard(Order& order, bool challenge);
  void Authenticate(Order& order, bool passed, const std::string& flow, const std::string& status);
  void Authorize(Order& order);
  void Approve(Order& order);
  void Decline(Order& order, const std::string& code, const std::string& reason);
  void StoreToken(Order& order);

  // The only function that changes both statuses; counts, dates, removes the old state's timer and
  // notifies the merchant.
  void Change(Order& order, const std::string& status, const std::string& financial_status);
  void SetTimer(Order& order, TimerKind kind, std::int64_t due_ms);
  void Fire(Order& order);

  // A new order; a full store forgets its oldest, though never `parent`.
  Order& Add(const Site& site, Kind kind, const std::string& order_id, std::uint64_t parent = 0);
  Order& AddChild(Order& parent, Kind kind, const std::string& order_id, std::int64_t amount);
  void AddRelated(Order& order, const std::string& type, const Order& child,
                  const std::string& status);
  void UpdateRelated(const Order& child, const std::string& status);
  void Index(Order& order);
  // The order has changed in what GET shows of it.
  void Touch(const Order& order) {
    if (read_lag_.enabled()) touched_.insert(order.seq);
  }
  // What GET shows under the id with a read lag; null when nothing.
  const Json* VisibleVersion(std::int64_t site_id, const std::string& id);
  void EraseOrder(std::uint64_t seq);
  void EvictOldest(std::uint64_t spared);
  void AssignTransactionId(Order& order);
  std::int64_t NewTransactionId(bool sixteen_digits);
  ApiResponse CapturePart(Order& order, std::int64_t amount, const Json& body);
  void Ship(Order& order, const Json& body);

  const Settings settings_;
  const std::string public_base_;
  Random random_;
  Random polymorphism_random_;  // separate, so that --polymorphism does not change ids
  std::int64_t now_ms_ = 0;
  std::uint64_t next_seq_ = 1;
  std::map<std::uint64_t, std::unique_ptr<Order>> orders_;
  std::map<OrderKey, std::vector<std::uint64_t>> by_order_id_;
  std::unordered_map<std::int64_t, std::uint64_t> by_transaction_id_;
  std::unordered_map<std::string, std::uint64_t> by_session_;
  std::unordered_map<std::string, std::uint64_t> by_events_token_;
  std::map<TokenKey, Token> tokens_;
  std::deque<ApiToken> api_tokens_;  // the oldest first
  std::map<std::string, Terminal> terminals_;
  std::uint64_t next_terminal_ = 1;
  std::set<std::pair<std::int64_t, std::uint64_t>> timers_;  // due, seq
  std::vector<Notice> notices_;
  ReadLag read_lag_;
  std::set<std::uint64_t> touched_;
  std::map<std::string, std::uint64_t> stats_;
};

}  // namespace msp::sandbox
