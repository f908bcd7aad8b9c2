// SPDX-License-Identifier: Apache-2.0

// MultiSafepay's public test cards, the outcome of each, and the decline codes. Other cards are
// rejected, so that the sandbox never stores a live card by mistake.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace msp::sandbox {

enum class CardOutcome : std::uint8_t {
  kApprove,
  kHoldThenVoid,      // uncleared, 180 s later void
  kHoldThenComplete,  // uncleared, 180 s later completed
  kFail3ds,           // declined 3001
  kNoFunds,           // 3-D Secure passes, then declined 4002
};

struct TestCard {
  std::string_view number;
  std::string_view scheme;  // as payment_details.type spells it
  CardOutcome outcome;
  // Requires a challenge in every mode (as the reference page's own card does).
  bool always_challenge;
  // Only on the payment page.
  bool redirect_only;
};

// Null for every number that is not a public test card.
const TestCard* FindTestCard(std::string_view number);

// 12 to 19 digits with a valid check digit.
bool PassesLuhn(std::string_view number);

// The text of a decline code; empty for other codes.
std::string_view DeclineReason(std::string_view code);

// A decline code of the 3-D Secure family, in which the card was never charged.
bool IsAuthenticationDecline(std::string_view code);

// "Visa", "MasterCard" ... for payment_methods[].payment_description.
std::string_view SchemeName(std::string_view scheme);

// The stored data of a card: never the number, never the security code.
struct Card {
  std::string scheme;
  std::string bin;  // first six
  std::string last4;
  std::string holder;
  std::string expiry;  // YYMM
  CardOutcome outcome = CardOutcome::kApprove;
  bool always_challenge = false;
  // From a holder name such as "SBX:4005": the decline to give, or CHALLENGE, FRICTIONLESS,
  // TIMEOUT, EXEMPTION.
  std::string magic;
};

}  // namespace msp::sandbox
