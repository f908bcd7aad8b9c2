// Who made an order: idempotency keys, the marker that carries one in the order itself, and ids
// derived from one. MultiSafepay's own record then says whose attempt made it: across replicas,
// restarts and days, with nothing stored here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "multisafepay/v1/control.pb.h"
#include "multisafepay/v1/order.pb.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/psp/operation.h"
#include "service/psp/site.h"

namespace msp::psp {

// The request's control; a default one where it has none.
const multisafepay::v1::CallControl& ControlOf(const google::protobuf::Message& request);

// A keyed digest of the call's content, 32 bytes: the method, the order and the body with the card
// number cut to its first six and last four digits and the security code left out. Equal for a call
// that a mesh sends again, on every replica. The text has room for what a flight puts behind it.
std::string DigestOf(const Operation& operation, google::protobuf::Message& request,
                     const Site& site);

// The key that stands for such a digest: 32 hexadecimal digits.
std::string DerivedKey(std::string_view digest);

// An id of at most 50 characters for the refund or capture that `key` names on this order.
std::string DerivedId(std::string_view prefix, std::string_view order_id, std::string_view key,
                      const Site& site);

// Where an order carries its marker.
enum class MarkerPlace : std::uint8_t { kNone, kCustom3, kVar1 };

// Puts "idem:<key>" into the member that the caller left free: custom_info.custom_3, else var1,
// else nowhere. Never var3, which may carry split-payment data.
MarkerPlace PlaceMarker(multisafepay::v1::CreateOrderRequest& order, std::string_view key);

enum class Ownership : std::uint8_t {
  kOurs,        // The order carries our marker.
  kOther,       // It carries another, or none although ours would be there.
  kCannotTell,  // There was no room for a marker, or the answer does not echo the member.
};
Ownership OwnershipOf(const multisafepay::v1::Order& order, MarkerPlace place,
                      std::string_view key);

// True when the member that holds this call's marker has come back with another call's.
bool CarriesAnotherMarker(const multisafepay::v1::Order& order, MarkerPlace place,
                          std::string_view key);

// Takes the marker out of an order that is about to be shown: it is ours, not the caller's.
void StripMarker(multisafepay::v1::Order& order);

}  // namespace msp::psp
