// SPDX-License-Identifier: Apache-2.0

#include "sandbox/front/card_form.h"

#include "sandbox/core/cards.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

// MM/YY, MM/YYYY or four digits, as YYMM; empty when it is no month of a year. Four digits are
// taken for MMYY, as on the card, unless only YYMM, the API's own form, makes a month of them.
std::string ExpiryOf(std::string_view typed) {
  std::string digits;
  for (const char c : typed) {
    if (c >= '0' && c <= '9') {
      digits += c;
    } else if (c != '/' && c != ' ' && c != '-') {
      return {};
    }
  }
  const auto is_month = [](std::string_view two) { return two >= "01" && two <= "12"; };
  if (digits.size() == 3) digits.insert(0, 1, '0');  // 9/30
  if (digits.size() == 6) digits.erase(2, 2);        // 09/2030
  if (digits.size() != 4) return {};
  const std::string first = digits.substr(0, 2), second = digits.substr(2);
  if (is_month(first)) return second + first;
  return is_month(second) ? digits : std::string();
}

}  // namespace

CardForm ReadCardForm(const HttpRequest& form) {
  CardForm read;
  const auto value_of = [&](const char* name) {
    std::string value;
    form.QueryValue(name, &value);
    std::string trimmed(Trimmed(value));
    ZeroizeString(value);
    return trimmed;
  };
  std::string number = value_of("card_number");
  std::erase_if(number, [](char c) { return c == ' ' || c == '-'; });
  const bool digits = number.find_first_not_of("0123456789") == std::string::npos;
  if (number.empty()) {
    read.problems.push_back({"card_number", "Enter the card number"});
  } else if (!digits || !PassesLuhn(number)) {
    read.problems.push_back({"card_number", "Check the card number: it has a mistake in it"});
  }
  read.data["card_number"] = number;
  ZeroizeString(number);
  read.typed.holder = value_of("card_holder_name");
  if (read.typed.holder.empty())
    read.problems.push_back({"card_holder_name", "Enter the name on the card"});
  read.data["card_holder_name"] = read.typed.holder;
  read.typed.expiry = value_of("card_expiry_date");
  const std::string expiry = ExpiryOf(read.typed.expiry);
  if (expiry.empty()) {
    read.problems.push_back(
        {"card_expiry_date", "Enter the expiry date as month and year, such as 09/30"});
  }
  read.data["card_expiry_date"] = expiry;
  if (std::string cvc = value_of("card_cvc"); !cvc.empty()) {
    if (cvc.size() < 3 || cvc.size() > 4 ||
        cvc.find_first_not_of("0123456789") != std::string::npos)
      read.problems.push_back({"card_cvc", "Enter the security code: 3 or 4 digits"});
    read.data["card_cvc"] = cvc;
    ZeroizeString(cvc);
  }
  return read;
}

void ZeroizeCard(Json& card_data) {
  for (auto& [name, value] : card_data.items()) ZeroizeString(value.get_ref<std::string&>());
}

}  // namespace msp::sandbox
