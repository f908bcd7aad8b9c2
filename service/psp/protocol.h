// What is special about each money-moving operation: what to fill in before it is sent, and how to
// read its fate from MultiSafepay's own record of the order. `MoneyCall` drives them; each lives in
// a money_*.cc of its own.
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
#include "service/psp/failure.h"
#include "service/psp/identity.h"
#include "service/psp/operation.h"
#include "service/psp/site.h"

namespace msp::psp {

// When the order is looked at.
enum class Moment : std::uint8_t {
  kBefore,        // Before anything of this call was sent.
  kAfterSuccess,  // The answer said yes, but proves nothing by itself.
  kAfterRefusal,  // The answer said no; an earlier attempt may have worked.
  kAfterDoubt,    // It was sent and no certain answer came back.
};

// What the record says about this call.
struct Verdict {
  enum class Kind : std::uint8_t {
    kDone,     // It has been carried out; the response is filled.
    kNotDone,  // It has not been carried out, as far as the record goes.
    kRefused,  // It has not been and cannot be; `failure` says why.
    kOpen,     // The record does not tell; `failure` may say why.
  };
  Kind kind = Kind::kOpen;
  Failure failure;
};

// One call's facts, shared by the driver and its protocol.
struct MoneyFacts {
  const Operation* operation = nullptr;
  google::protobuf::Message* request = nullptr;
  google::protobuf::Message* response = nullptr;
  const Site* site = nullptr;
  std::string key;     // The idempotency key, given or derived.
  bool keyed = false;  // The caller gave a key or an id of its own: an earlier attempt is a replay.
  // This very call may have been sent before: it says so itself, or it is being sent again. What
  // the record or a refusal leaves open is then no certain no.
  bool tried_before = false;
  bool markers = true;              // --idempotency_marker
  std::int64_t refund_pause_s = 0;  // --refund_pause_s
  MarkerPlace marker_place = MarkerPlace::kNone;
  std::int64_t sent_at_s = 0;        // Wall clock of the first sending, seconds; 0 before.
  bool names_token = false;          // A create that pays with a stored card.
  Failure refusal;                   // The refusal that is being looked into, for kAfterRefusal.
  std::vector<codec::Drift> drift;   // What could not be read of the order that was read first.
  std::string order_transaction_id;  // Of that order.
  std::set<std::string> known;  // Ids of the related transactions that were there before this call.
  // Transactions that were read one by one because the order names them without their own ids:
  // transaction id to order id, "" where that did not tell.
  std::map<std::string, std::string> read;
  // The id that this call gave to what it makes, where that can be read by itself; and the
  // transaction that was found under it.
  std::string own_id;
  std::string own_transaction_id;
  std::string reason;  // For CallResult.reason.
};

struct Protocol {
  // The order is read before every sending, not only for a call that says that it is a repeat.
  bool looks_first = false;
  // A success is believed only when the order shows it.
  bool looks_after = false;
  // Puts the attempt's identity into the request: a marker, or an id derived from the key. Null
  // where there is none.
  void (*identify)(MoneyFacts& facts) = nullptr;
  // Refusals that an earlier attempt of the same call may explain.
  bool (*explains_refusal)(const MoneyFacts& facts, int error_code) = nullptr;
  // A doubtful refusal that stands once the order is still absent after the settle time: then its
  // code and reason are changed to say so. Null where there is none.
  bool (*stands_when_absent)(const MoneyFacts& facts, Failure& doubt) = nullptr;
  // Completes the request from the order that was read first. Null where nothing is read first.
  std::optional<Failure> (*prepare)(MoneyFacts& facts,
                                    const multisafepay::v1::Order& order) = nullptr;
  // Reads the fate from the order (null when MultiSafepay knows no such order).
  Verdict (*judge)(MoneyFacts& facts, const multisafepay::v1::Order* order,
                   Moment moment) = nullptr;
  // The transaction id of a related transaction that may be this call's and has to be read by
  // itself to tell; "" when there is none. Null where ids always show.
  std::string (*unread)(const MoneyFacts& facts, const multisafepay::v1::Order& order) = nullptr;
  // True when an answer that said yes is about another payment. Null where nothing in it can tell.
  bool (*names_another)(const MoneyFacts& facts) = nullptr;
  // Completes the response after an answer that said yes.
  void (*complete)(MoneyFacts& facts) = nullptr;
};

// The protocol of a money-moving operation.
const Protocol& ProtocolOf(const Operation& operation);

extern const Protocol kCreateProtocol;
extern const Protocol kCancelProtocol;
extern const Protocol kCaptureProtocol;
extern const Protocol kVoidProtocol;
extern const Protocol kRefundProtocol;
extern const Protocol kCancelRefundProtocol;

// The response's result, which every money-moving response has.
multisafepay::v1::CallResult& ResultOf(google::protobuf::Message& response);

// Failures that several protocols give.
Failure AlreadyExists(std::string_view reason, std::string message);
Failure Precondition(std::string_view reason, std::string message);
Failure InvalidField(std::string field, std::string description);

// A sum of money, by its path in MultiSafepay's order, that is missing or cannot be read: nothing
// is said or sent on a guess.
Failure UnreadableMoney(std::string_view member);
// True when the order that was read first has this member, by its path, in a form that is no value.
bool CannotRead(const MoneyFacts& facts, std::string_view member);

// No certain answer, and why.
Verdict Undecided(std::string message);

// True when the order can no longer become paid: its id may be free for another one.
bool IsDead(const multisafepay::v1::Order& order);

}  // namespace msp::psp
