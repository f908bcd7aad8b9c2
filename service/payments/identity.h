// SPDX-License-Identifier: Apache-2.0

// Who made an order: idempotency keys, the marker that carries one in the order itself, and ids
// derived from one. MultiSafepay's own record then says whose attempt made it: across replicas,
// restarts and days, with nothing stored here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "multisafepay/v1/control.pb.h"
#include "multisafepay/v1/order.pb.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/base/hash.h"
#include "service/payments/operation.h"

namespace msp::payments {

// The request's control; a default one where it has none.
const multisafepay::v1::CallControl& ControlOf(const google::protobuf::Message& request);

// A keyed digest of the call's content as the caller sent it, 32 bytes: a format version, the
// method, the order and the body with the card number cut to its first six and last four digits and
// the security code left out. Equal for a call that a mesh sends again, on every replica and under
// every setting. The text has room for what a flight puts behind it.
std::string DigestOf(const Operation& operation, google::protobuf::Message& request,
                     const HmacKey& keyed_hash);

// The key that stands for such a digest: the version and 26 hexadecimal digits, so that its marker
// has 32 characters.
std::string DerivedKey(std::string_view digest);

// An id of at most 50 characters for the refund or capture that `key` names on this order; the same
// under every API key.
std::string DerivedId(std::string_view prefix, std::string_view order_id, std::string_view key);
// True for an id that DerivedId may have made with this prefix.
bool IsDerivedId(std::string_view prefix, std::string_view id);

// The idempotency keys of one call: the given or derived one, and as it was derived with the API
// key before a rotation ("" for none).
struct Keys {
  std::string key;
  std::string previous;
};

// Where an order carries its marker.
enum class MarkerPlace : std::uint8_t { kNone, kCustom3, kVar1 };

// How an order carries its marker, and what of the caller's own could be taken for one.
struct Marker {
  MarkerPlace place = MarkerPlace::kNone;
  std::vector<std::string> callers_own;
};

// Puts "idem:<key>" into the member that the caller left free: custom_info.custom_3, else var1,
// else nowhere. Never var3, which may carry split-payment data.
Marker PlaceMarker(multisafepay::v1::CreateOrderRequest& order, std::string_view key);

enum class Ownership : std::uint8_t {
  kOurs,        // The order carries our marker.
  kOther,       // It carries the whole marker of another call.
  kCannotTell,  // It carries none, or a mangled one, or there was no room for one.
};
Ownership OwnershipOf(const multisafepay::v1::Order& order, const Marker& marker, const Keys& keys);

// Takes this call's marker out of an order that is about to be shown: it is ours, not the caller's.
void StripMarker(multisafepay::v1::Order& order, const Marker& marker, const Keys& keys);
// The same where it is not known whose order it is: what looks like a marker, one at the most.
void StripMarker(multisafepay::v1::Order& order);

}  // namespace msp::payments
