// SPDX-License-Identifier: Apache-2.0

#include "sandbox/core/cards.h"

namespace msp::sandbox {
namespace {

using enum CardOutcome;

constexpr TestCard kCards[] = {
    {"4111111111111111", "VISA", kApprove, false, false},
    {"4761340000000019", "VISA", kApprove, false, false},
    {"5500000000000004", "MASTERCARD", kApprove, false, false},
    {"374500000000015", "AMEX", kApprove, false, false},
    {"6799990000000000011", "MAESTRO", kApprove, false, false},
    {"5555555555554444", "MASTERCARD", kApprove, true, false},
    {"5747906991001442", "MASTERCARD", kApprove, true, false},
    {"4917300000000008", "VISA", kHoldThenVoid, false, false},
    {"378734493671000", "AMEX", kHoldThenVoid, false, false},
    {"4462000000000003", "VISA", kHoldThenComplete, false, false},
    {"4012001037461114", "VISA", kFail3ds, false, false},
    {"374200000000004", "AMEX", kFail3ds, false, false},
    {"4012001038488884", "VISA", kNoFunds, false, false},
    {"67034500054620008", "MISTERCASH", kApprove, false, true},
    {"67039902990000045", "MISTERCASH", kFail3ds, false, true},
    {"67039902990000011", "MISTERCASH", kNoFunds, false, true},
};

struct Decline {
  std::string_view code;
  std::string_view reason;
};

constexpr Decline kDeclines[] = {
    {"3001", "3DS Authentication Failed / Card authentication failed"},
    {"3002", "3DS Authentication Failed / Unknown device"},
    {"3003", "3DS Authentication Failed / Unsupported device"},
    {"3004", "3DS Authentication Failed / Exceeds authentication frequency limit"},
    {"3005", "3DS Authentication Failed / Expired card"},
    {"3006", "3DS Authentication Failed / Invalid card number"},
    {"3007", "3DS Authentication Failed / Invalid transaction"},
    {"3008", "3DS Authentication Failed / No card record"},
    {"3009", "3DS Authentication Failed / Security failure"},
    {"3010", "3DS Authentication Failed / Stolen card"},
    {"3011", "3DS Authentication Failed / Suspected fraud"},
    {"3012", "3DS Authentication Failed / Transaction not permitted to cardholder"},
    {"4001", "Do not honor"},
    {"4002", "Insufficient funds"},
    {"4003", "Suspected fraud or temporary block"},
    {"4004", "Soft decline, additional customer authentication required"},
    {"4005", "Expired card or invalid account number"},
    {"4999", "Declined by issuer or acquirer"},
};

constexpr std::string_view kSchemeNames[][2] = {
    {"VISA", "Visa"},       {"MASTERCARD", "MasterCard"},  {"AMEX", "American Express"},
    {"MAESTRO", "Maestro"}, {"MISTERCASH", "Bancontact"},  {"IDEAL", "iDEAL"},
    {"PAYPAL", "PayPal"},   {"BANKTRANS", "Bank transfer"}};

}  // namespace

const TestCard* FindTestCard(std::string_view number) {
  for (const TestCard& card : kCards) {
    if (card.number == number) return &card;
  }
  return nullptr;
}

bool PassesLuhn(std::string_view number) {
  if (number.size() < 12 || number.size() > 19) return false;
  int sum = 0;
  for (std::size_t i = 0; i < number.size(); ++i) {
    const char c = number[number.size() - 1 - i];
    if (c < '0' || c > '9') return false;
    const int digit = (c - '0') * (i % 2 == 1 ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 == 0;
}

std::string_view DeclineReason(std::string_view code) {
  for (const Decline& decline : kDeclines) {
    if (decline.code == code) return decline.reason;
  }
  return {};
}

bool IsAuthenticationDecline(std::string_view code) { return !code.empty() && code[0] == '3'; }

std::string_view SchemeName(std::string_view scheme) {
  for (const auto& [id, name] : kSchemeNames) {
    if (id == scheme) return name;
  }
  return scheme;
}

}  // namespace msp::sandbox
