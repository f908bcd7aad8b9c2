// SPDX-License-Identifier: Apache-2.0

// Which call made an order: idempotency keys, the marker that carries a key in the order itself,
// and ids derived from a key. So MultiSafepay's record shows whose attempt made the order, across
// replicas, restarts and days, and nothing is stored here.
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

// The request's control; a default instance where it has none.
const multisafepay::v1::CallControl& ControlOf(const google::protobuf::Message& request);

// A keyed digest of the call's content as the caller sent it, 32 bytes: a format version, the
// method, the order and the body with the card number cut to its first six and last four digits and
// the security code left out. Equal for a call that a mesh sends again, on every replica and under
// every setting. The string has capacity for what the single flight's name appends.
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

// The idempotency keys of one call: the given or derived key, and the key derived with the API key
// before a rotation ("" for none).
struct Keys {
  std::string key;
  std::string previous;
};

// The member of an order that carries its marker.
enum class MarkerField : std::uint8_t { kNone, kCustom3, kVar1 };

// The member that carries the marker, and the caller's own texts that look like a marker.
struct Marker {
  MarkerField field = MarkerField::kNone;
  std::vector<std::string> callers_own;
};

// Puts "idem:<key>" into the member that the caller left free: custom_info.custom_3, else var1,
// else nowhere. Never var3, which may carry split-payment data.
Marker PlaceMarker(multisafepay::v1::CreateOrderRequest& order, std::string_view key);

enum class Ownership : std::uint8_t {
  kOurs,           // The order carries our marker.
  kOther,          // The order carries the whole marker of another call.
  kIndeterminate,  // The order carries no marker or a mangled one, or had no free member.
};
Ownership OwnershipOf(const multisafepay::v1::Order& order, const Marker& marker, const Keys& keys);

// Removes this call's marker from an order before the caller gets it.
void StripMarker(multisafepay::v1::Order& order, const Marker& marker, const Keys& keys);
// The same where the order's call is not known: removes one text in marker form at most.
void StripMarker(multisafepay::v1::Order& order);

}  // namespace msp::payments
