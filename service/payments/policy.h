// SPDX-License-Identifier: Apache-2.0

// What MultiSafepay's record shows of a payment call, what follows from it, and what is special
// about each operation. `kDecisions` in policy.cc is the one table of evidence and verdict
// (docs/architecture.md shows it); an operation's policy reads the record, PaymentCall acts.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
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
  kBefore,         // Nothing was sent, and no earlier attempt is known.
  kRepeat,         // Nothing was sent by this call; an earlier attempt may have been.
  kAfterSuccess,   // The answer was a success, which by itself proves nothing.
  kRefused,        // The answer was a refusal, and no earlier attempt is known.
  kRefusedRepeat,  // The answer was a refusal; an earlier attempt may be the reason.
  kIndeterminate,  // It was sent and no conclusive answer came back.
};
inline constexpr std::size_t kPhases = 6;

// What the record shows of this call.
enum class Finding : std::uint8_t {
  kOurs,                // Its own effect, identified by its marker or id.
  kOursOtherMoney,      // Its marker or id on another amount or currency.
  kUndone,              // Its own effect, declined or voided since.
  kDoneOtherwise,       // What it asks for was done by another call.
  kEqualExists,         // An equal effect, which a call without a caller's key cannot claim.
  kTakenFinal,          // The order id belongs to another payment, and that is final.
  kTakenOpen,           // Another payment has the order id for now.
  kTakenFailed,         // Another payment had the order id and has failed.
  kOwnerIndeterminate,  // There is something, and nothing in it shows which call made it.
  kImpossible,          // The order is in a state that rules the operation out.
  kNothing,             // The order exists, the effect does not.
  kAbsent,              // MultiSafepay knows no such order, or none that this create made.
  kOrderUnknown,        // The same, for a call that needs the order.
};
inline constexpr std::size_t kFindings = 13;

enum class Decision : std::uint8_t {
  kConfirmed,        // It is done.
  kReplayed,         // An earlier attempt of this call has done it.
  kReconciled,       // This attempt has done it, though its answer was lost.
  kRejected,         // It is not done and will not be; the evidence says why.
  kRejectedSettled,  // The same, once the settle time has passed.
  kRefusalStands,    // MultiSafepay's refusal is the answer.
  kRefusalSettled,   // The same, once the settle time has passed.
  kSend,             // The call may be sent.
  kSendSettled,      // The same, once the settle time has passed.
  kUnknown,          // No certain outcome can be established.
  kWait,             // Read the order again; unknown when the time is up.
};
Decision DecisionFor(Finding finding, Phase phase);

// What one read of the record found, and the failure to return where a verdict needs one.
struct Found {
  Finding finding = Finding::kOwnerIndeterminate;
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
  // The caller says that this call may have been made before, or an equal call was waited for.
  bool claims_repeat = false;
  // An equal call completed a short while ago and had, or may have had, an effect.
  bool after_equal = false;
  // Another replica may have completed an equal call that this process cannot know of.
  bool may_miss_equal = false;
  bool markers = true;              // --idempotency_marker
  std::int64_t refund_pause_s = 0;  // --refund_pause_s
  Marker marker;
  bool names_token = false;  // A CreateOrder that pays with a stored card.
  // The earliest time of an attempt of this call by MultiSafepay's clock, in Unix seconds. Unset
  // where its answers carry no Date.
  std::optional<std::int64_t> first_attempt_s;
  Failure refusal;                        // The refusal that is checked in kRefused.
  std::vector<codec::Drift> drift;        // What could not be read of the last order.
  std::vector<std::string_view> numbers;  // Its text fields that came as JSON numbers.
  std::string order_transaction_id;       // Of the order as first read.
  std::set<std::string> known;            // Ids of the related transactions in that read.
  // Transactions that were read one by one because the order names them without their own ids:
  // transaction id to order id, "" where the read showed none.
  std::map<std::string, std::string> read;
  // The ids that this call may have given to what it makes; the id that is sent comes first. Below:
  // the transaction that was found under one of them.
  std::vector<std::string> own_ids;
  std::string own_transaction_id;
  std::string own_auth_order_id;           // The authorization that this transaction captured.
  std::optional<std::int64_t> own_amount;  // The transaction's amount.
  std::size_t own_ids_read = 0;  // How many of own_ids this lookup has read, from the first.
  bool id_is_derived = false;    // The first own id was derived, not given by the caller.
  bool wants_all = false;        // A full refund.
  std::string reason;            // For CallResult.reason.

  bool repeats() const { return claims_repeat || after_equal; }
};

// MultiSafepay's codes that more than one policy acts on. kInvalidId, "Invalid transaction ID", has
// two meanings: the id that a call gives to what it makes is in use; the order that it names is
// unknown. kDeclined: a card's bank declined.
inline constexpr int kInvalidId = 1006;
inline constexpr int kDeclined = 1024;

// MultiSafepay refuses a second refund of the same amount for this long (documented). It accepts an
// equal one that is sent later.
inline constexpr std::chrono::milliseconds kEqualRefusedFor{300'000};

// What is special about one operation. Functions may be null where there is nothing to do.
struct OperationPolicy {
  // The order is read before every send, not only for a repeat.
  bool reads_first = false;
  // A success is believed only when the order shows it.
  bool reads_after = false;
  // May be sent after an equal attempt whose outcome the record does not show: MultiSafepay's ids
  // keep it from being done twice. False for refunds and captures.
  bool may_follow_equal = true;
  // How long after its completion a call is remembered, so that an equal one counts as a repeat.
  std::chrono::milliseconds remembered{60'000};
  // Puts the attempt's identity into the request: a marker, or an id derived from the key.
  void (*identify)(PaymentFacts& facts) = nullptr;
  // Removes a derived id from the request.
  void (*clear_identity)(PaymentFacts& facts) = nullptr;
  // Refusals that an earlier attempt of the same call may explain.
  bool (*explains_refusal)(const PaymentFacts& facts, int error_code) = nullptr;
  // True for an inconclusive refusal that stands once the settle time has passed and the order is
  // still absent or does not show the operation. Then sets its code and reason.
  bool (*stands_when_settled)(const PaymentFacts& facts, bool absent, Failure& failure) = nullptr;
  // Completes the request from the order as first read.
  std::optional<Failure> (*prepare)(PaymentFacts& facts,
                                    const multisafepay::v1::Order& order) = nullptr;
  // Reads the record: the order, or null when MultiSafepay knows none. Fills the response where the
  // call's effect is found.
  Found (*read)(PaymentFacts& facts, const multisafepay::v1::Order* order, Phase phase) = nullptr;
  // The id of a transaction that may be this call's and that only a read of its own identifies; ""
  // when there is none.
  std::string (*unread)(const PaymentFacts& facts, const multisafepay::v1::Order& order) = nullptr;
  // True when a successful answer is about another payment.
  bool (*names_another)(const PaymentFacts& facts) = nullptr;
  // Completes the response after a successful answer.
  void (*complete)(PaymentFacts& facts) = nullptr;
};

const OperationPolicy& PolicyOf(const Operation& operation);
PaymentFacts FactsOf(const Call& call, const ApiOptions& options);

// What an answer leads to.
struct Reaction {
  enum class Step : std::uint8_t { kEndConfirmed, kEndFailed, kEndUnknown, kLookUp };
  Step step = Step::kLookUp;
  Phase phase = Phase::kIndeterminate;  // Of the lookup.
};
// Where that is a lookup, sets the answer's failure to the reason. Stores a refusal in the facts.
// `resent`: it answers a second send.
Reaction ReactionTo(const OperationPolicy& policy, PaymentFacts& facts, RestResult& answer,
                    bool resent);
// Whether MultiSafepay's record has had the time to show what was done. `enough`: to send.
// `certain`: to reject, although another replica or an earlier attempt may have sent.
struct Settled {
  bool enough = false;
  bool certain = false;
};
// Whether the call may be sent; `after_settle`: only when the record has settled.
bool MaySend(const OperationPolicy& policy, const PaymentFacts& facts, Settled settled,
             bool after_settle);
// Whether it may be sent once more, after a first send of which the record shows nothing.
bool MayResend(const OperationPolicy& policy, const PaymentFacts& facts, Finding finding);
// Whether a refusal stands although the order could not be read.
bool RefusalIsConclusive(const PaymentFacts& facts);
// Declined by the card's bank, which is a conclusive answer.
bool IsDeclined(const Failure& refusal);

extern const OperationPolicy kCreatePolicy;
extern const OperationPolicy kCancelPolicy;
extern const OperationPolicy kCapturePolicy;
extern const OperationPolicy kVoidPolicy;
extern const OperationPolicy kRefundPolicy;
extern const OperationPolicy kCancelRefundPolicy;

// The response's result, which every payment response has.
multisafepay::v1::CallResult& ResultOf(google::protobuf::Message& response);

// For calls without an id of their own: an earlier attempt may explain every refusal except that of
// the API key (1032), which only a repeat leaves open: the key may have been valid then.
bool MayBeByEarlierAttempt(const PaymentFacts& facts, int error_code);

// Failures that several policies give.
Failure AlreadyExists(std::string_view reason, std::string message);
Failure Precondition(std::string_view reason, std::string message);
Failure InvalidField(std::string field, std::string description);
// An amount, by its path in MultiSafepay's order, is missing or cannot be read: nothing is sent or
// answered on a guess.
Failure UnreadableMoney(std::string_view member);
// True when the order that was read last has this member, by its path, but with an unreadable
// value.
bool CannotRead(const PaymentFacts& facts, std::string_view member);
Found OwnerIndeterminate(std::string message);

// An amount of MultiSafepay's record; nothing where the record does not have it, or has more than
// any payment moves (10^15 minor units): such a number is taken for unreadable, and a sum of two
// others cannot overflow.
std::optional<std::int64_t> ReadableAmount(bool present, std::int64_t amount);
// The amount of an order or a related transaction, without the sign that refunds have in some
// answers.
template <class Record>
std::optional<std::int64_t> SizeOf(const Record& record) {
  const auto amount = ReadableAmount(record.has_amount(), record.amount());
  return amount ? std::optional(std::abs(*amount)) : std::nullopt;
}

// True for a refund or capture that was declined or voided: it moved no money, or gave it back.
bool IsUndone(const multisafepay::v1::RelatedTransaction& related);

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
