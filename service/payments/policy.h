// SPDX-License-Identifier: Apache-2.0

// What MultiSafepay's record shows of a payment call, what follows from it, and what is special
// about each operation. `kVerdicts` in policy.cc is the one table of evidence and verdict
// (docs/architecture.md shows it); an operation's policy reads the record, PaymentCall acts.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/message.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/payments/api.h"
#include "service/payments/failure.h"
#include "service/payments/identity.h"
#include "service/payments/operation.h"
#include "service/payments/rest_call.h"
#include "service/payments/site.h"

namespace msp::payments {

// Where a call is when its order is looked up.
enum class Phase : std::uint8_t {
  kBefore,         // Nothing was sent, and no earlier attempt is known of.
  kRepeat,         // Nothing was sent by this call; an earlier attempt may have been.
  kAfterSuccess,   // The answer said yes, which by itself proves nothing.
  kRefused,        // The answer said no, and no earlier attempt is known of.
  kRefusedRepeat,  // The answer said no; an earlier attempt may be the reason.
  kIndeterminate,  // It was sent and no certain answer came back.
};
inline constexpr std::size_t kPhases = 6;

// What the record shows of this call.
enum class Finding : std::uint8_t {
  kOurs,            // Its deed, told by its marker or id.
  kOursOtherMoney,  // Its marker or id on another amount or currency.
  kDoneOtherwise,   // What it asks for is so, by another call's doing.
  kEqualExists,     // An equal deed, which a call without a key of the caller's cannot claim.
  kTakenForGood,    // The order id belongs to another payment, and that is final.
  kTakenOpen,       // Another payment has the order id for now.
  kTakenDead,       // Another payment had the order id and has failed.
  kCannotTell,      // There is something, and nothing in it tells whose it is.
  kImpossible,      // The order is in a state that rules the deed out.
  kNothing,         // The order is there, the deed is not.
  kAbsent,          // MultiSafepay knows no such order, or none of this create's making.
  kOrderUnknown,    // The same, for a call that needs the order.
};
inline constexpr std::size_t kFindings = 12;

enum class Decision : std::uint8_t {
  kConfirmed,        // It is done.
  kReplayed,         // An earlier attempt of this call has done it.
  kReconciled,       // This attempt has done it, though its answer was lost.
  kRejected,         // It is not done and will not be; the evidence says why.
  kRejectedSettled,  // So too, once the settle time has passed.
  kRefusalStands,    // MultiSafepay's refusal is the answer.
  kRefusalSettled,   // So too, once the settle time has passed.
  kSend,             // Nothing stands in the way of sending.
  kSendSettled,      // So too, once the settle time has passed.
  kUnknown,          // Nothing certain can be had.
  kWait,             // Look again; unknown when the time is up.
};
Decision DecisionFor(Finding finding, Phase phase);

// What one look at the record found, and the failure that it means where a verdict needs one.
struct Found {
  Finding finding = Finding::kCannotTell;
  Failure failure;
};

// One call's facts, shared by PaymentCall and its policy.
struct PaymentFacts {
  const Operation* operation = nullptr;
  google::protobuf::Message* request = nullptr;
  google::protobuf::Message* response = nullptr;
  const Site* site = nullptr;
  Keys keys;           // The idempotency key, given or derived.
  bool keyed = false;  // The caller gave a key or an id of its own.
  // The caller says that this call may have been made before, or it was waited for elsewhere.
  bool claims_repeat = false;
  // An equal call ended a short while ago, and has done something or may have.
  bool after_equal = false;
  // Another replica may have ended one that this process cannot know of.
  bool may_miss_equal = false;
  bool markers = true;              // --idempotency_marker
  std::int64_t refund_pause_s = 0;  // --refund_pause_s
  Marker marker;
  bool names_token = false;  // A create that pays with a stored card.
  // The first moment at which an attempt of this call can have been made, by MultiSafepay's clock,
  // as Unix seconds; nothing where its answers carry no date.
  std::optional<std::int64_t> first_attempt_s;
  Failure refusal;                        // What is being looked into in kRefused.
  std::vector<codec::Drift> drift;        // What could not be read of the last order.
  std::vector<std::string_view> numbers;  // Its text fields that came as JSON numbers.
  std::string order_transaction_id;       // Of the order that was read first.
  std::set<std::string> known;            // Ids of the related transactions that were there then.
  // Transactions that were read one by one because the order names them without their own ids:
  // transaction id to order id, "" where that did not tell.
  std::map<std::string, std::string> read;
  // The ids that this call may have given to what it makes: the one that is sent first. And the
  // transaction that was found under it.
  std::vector<std::string> own_ids;
  std::string own_transaction_id;
  std::string own_auth_order_id;           // The authorization that was captured under it.
  std::optional<std::int64_t> own_amount;  // What it comes to.
  std::size_t own_ids_read = 0;            // In this look-up: how many of them, from the first.
  bool id_is_derived = false;              // The first of them, not given by the caller.
  bool wants_all = false;                  // A full refund.
  std::string reason;                      // For CallResult.reason.

  bool repeats() const { return claims_repeat || after_equal; }
};

// MultiSafepay's codes that more than one policy acts on: an id is in use (or unknown, of an order
// that a call needs), and a card's bank declined.
inline constexpr int kIdInUse = 1006;
inline constexpr int kDeclined = 1024;

// For so long MultiSafepay refuses a second refund of the same amount (documented); an equal one
// that is sent later passes.
inline constexpr std::chrono::milliseconds kEqualRefused{300'000};

// What is special about one operation. Functions may be null where there is nothing to do.
struct OperationPolicy {
  // The order is read before every sending, not only for a repeat.
  bool reads_first = false;
  // A success is believed only when the order shows it.
  bool reads_after = false;
  // May be sent after an equal attempt whose fate the record does not show: MultiSafepay's ids keep
  // it from being done twice. Not so for refunds and captures.
  bool may_follow_equal = true;
  // How long after its completion an equal call is known as one.
  std::chrono::milliseconds remembered{60'000};
  // Puts the attempt's identity into the request: a marker, or an id derived from the key.
  void (*identify)(PaymentFacts& facts) = nullptr;
  // Takes a derived id out of the request again.
  void (*clear_identity)(PaymentFacts& facts) = nullptr;
  // Refusals that an earlier attempt of the same call may explain.
  bool (*explains_refusal)(const PaymentFacts& facts, int error_code) = nullptr;
  // A doubtful refusal that stands once the settle time has passed and the order is still absent,
  // or there without the deed: then its code and reason are changed to say so.
  bool (*stands_when_settled)(const PaymentFacts& facts, bool absent, Failure& failure) = nullptr;
  // Completes the request from the order that was read first.
  std::optional<Failure> (*prepare)(PaymentFacts& facts,
                                    const multisafepay::v1::Order& order) = nullptr;
  // Reads the record: the order, or null when MultiSafepay knows none. Fills the response where the
  // deed is found.
  Found (*read)(PaymentFacts& facts, const multisafepay::v1::Order* order, Phase phase) = nullptr;
  // The id of something that may be this call's and has to be read by itself to tell; "" when there
  // is nothing.
  std::string (*unread)(const PaymentFacts& facts, const multisafepay::v1::Order& order) = nullptr;
  // True when an answer that said yes is about another payment.
  bool (*names_another)(const PaymentFacts& facts) = nullptr;
  // Completes the response after an answer that said yes.
  void (*complete)(PaymentFacts& facts) = nullptr;
};

const OperationPolicy& PolicyOf(const Operation& operation);
PaymentFacts FactsOf(const Call& call, const ApiOptions& options);

// What an answer leads to.
struct Reaction {
  enum class Step : std::uint8_t { kConfirm, kFail, kUnknown, kLookUp };
  Step step = Step::kLookUp;
  Phase phase = Phase::kIndeterminate;  // Of the look-up.
};
// Where that is a look-up, the answer's failure comes to say why; a refusal is noted in the facts.
// `resent`: it answers a second sending.
Reaction ReactionTo(const OperationPolicy& policy, PaymentFacts& facts, RestResult& answer,
                    bool resent);
// Whether MultiSafepay's record has had the time to show what was done: enough to send, and enough
// for a certain no, which the sending of another replica or an earlier one could belie.
struct Settled {
  bool enough = false;
  bool certain = false;
};
// Whether the call may be sent; `after_settle`: only when the record has settled.
bool MaySend(const OperationPolicy& policy, const PaymentFacts& facts, Settled settled,
             bool after_settle);
// Whether it may be sent once more, after a first sending that shows nowhere.
bool MayResend(const OperationPolicy& policy, const PaymentFacts& facts, Finding finding);
// Whether a refusal stands though the order could not be read.
bool RefusalIsCertain(const PaymentFacts& facts);
// Declined by the card's bank, which is an answer in its own right.
bool IsDeclined(const Failure& refusal);

extern const OperationPolicy kCreatePolicy;
extern const OperationPolicy kCancelPolicy;
extern const OperationPolicy kCapturePolicy;
extern const OperationPolicy kVoidPolicy;
extern const OperationPolicy kRefundPolicy;
extern const OperationPolicy kCancelRefundPolicy;

// The response's result, which every payment response has.
multisafepay::v1::CallResult& ResultOf(google::protobuf::Message& response);

// Of calls without an id of their own: every refusal but that of the API key (1032) may come of an
// earlier attempt.
bool MayBeEarliersDoing(const PaymentFacts& facts, int error_code);

// Failures that several policies give.
Failure AlreadyExists(std::string_view reason, std::string message);
Failure Precondition(std::string_view reason, std::string message);
Failure InvalidField(std::string field, std::string description);
// A sum of money, by its path in MultiSafepay's order, that is missing or cannot be read: nothing
// is said or sent on a guess.
Failure UnreadableMoney(std::string_view member);
// True when the order that was read last has this member, by its path, in a form that is no value.
bool CannotRead(const PaymentFacts& facts, std::string_view member);
Found CannotTell(std::string message);

// True when the id of an answer's `field` ("multisafepay.v1.RelatedTransaction.order_id") names
// what `sent` names: the same text, or the same number where MultiSafepay answered with a JSON
// number, which loses leading zeros.
bool IsSameId(const PaymentFacts& facts, std::string_view sent, std::string_view answered,
              std::string_view field);

// True when the order can no longer become paid: its id may be free for another one.
bool IsDead(const multisafepay::v1::Order& order);
// True when the order is paid or has been: it can no longer become void.
bool IsPaidForGood(const multisafepay::v1::Order& order);

}  // namespace msp::payments
