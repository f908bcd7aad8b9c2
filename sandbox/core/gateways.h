// SPDX-License-Identifier: Apache-2.0

// Every payment method of the merchant API: its id, its family, and the pairs of statuses that an
// order of the family goes through. The catalogue, creation and the orders' lifecycles use this one
// table.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace msp::sandbox {

enum class Family : std::uint8_t {
  kCard,
  kWallet,        // a card behind a token: Apple Pay, Google Pay
  kBank,          // paid while the customer waits, or not at all
  kBankTransfer,  // the customer transfers the amount within days
  kPayLater,      // authorized, collected after the shipment
  kInvoice,       // as pay later, but refundable from the start
  kPayPal,
  kAmazon,
  kSettledLater,  // the customer has paid, the funds come a day later
  kBizum,
  kRequestToPay,
  kDirectDebit,
  kCorrectable,  // the bank has authorized, the funds come within three days
  kCoupon,
};

struct Gateway {
  std::string_view id;
  std::string_view name;
  Family family;
  // Upper-case country codes it is limited to, separated by spaces; empty means everywhere.
  std::string_view countries;
  bool euro_only;
};

// The trigger of a lifecycle stage.
enum class Trigger : std::uint8_t {
  kStart,    // a direct order is created
  kPaid,     // the customer has acted, on the page, at the bank or by the control API
  kShipped,  // the merchant has reported the shipment
  kTime,     // the stage before has lasted `after_s`
};

struct Stage {
  Trigger trigger;
  std::string_view status;
  std::string_view financial_status;
  // The amount is the merchant's: it can be refunded.
  bool collected;
  std::int64_t after_s = 0;
};

// In lifecycle order. Kinds of orders whose family is not in the table (cards) are moved by
// the card's own rules.
using Life = std::span<const Stage>;

// Null when there is no such gateway; upper and lower case are the same.
const Gateway* FindGateway(std::string_view id);
std::span<const Gateway> AllGateways();

// The lifecycle of the gateway's family; an unknown or empty gateway has that of a bank method.
Life LifeOf(std::string_view gateway);
Family FamilyOf(std::string_view gateway);

// The first stage of the lifecycle with that trigger; -1 if none.
int FirstStage(Life life, Trigger trigger);

}  // namespace msp::sandbox
