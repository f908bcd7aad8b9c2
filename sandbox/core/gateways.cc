// SPDX-License-Identifier: Apache-2.0

#include "sandbox/core/gateways.h"

#include "sandbox/core/local_time.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

using enum Family;

constexpr Gateway kGateways[] = {
    {"VISA", "Visa", kCard, "", false},
    {"MASTERCARD", "Mastercard", kCard, "", false},
    {"MAESTRO", "Maestro", kCard, "", false},
    {"AMEX", "American Express", kCard, "", false},
    {"IDEAL", "iDEAL", kBank, "NL", true},
    {"IDEALQR", "iDEAL QR", kBank, "NL", true},
    {"MISTERCASH", "Bancontact", kBank, "BE", true},
    {"BELFIUS", "Belfius", kBank, "BE", true},
    {"CBC", "CBC", kBank, "BE", true},
    {"KBC", "KBC", kBank, "BE", true},
    {"DOTPAY", "Dotpay", kBank, "PL", true},
    {"EPS", "EPS", kBank, "AT", true},
    {"GIROPAY", "Giropay", kBank, "DE", true},
    {"MYBANK", "MyBank", kBank, "IT", true},
    {"TRUSTPAY", "TrustPay", kBank, "CZ SK", true},
    {"BANKTRANS", "Bank transfer", kBankTransfer, "", true},
    {"DIRECTBANK", "Sofort", kCorrectable, "DE AT BE", true},
    {"TRUSTLY", "Trustly", kCorrectable, "", true},
    {"DIRDEB", "SEPA Direct Debit", kDirectDebit, "", true},
    {"DBRTP", "Request to Pay", kRequestToPay, "DE", true},
    {"BIZUM", "Bizum", kBizum, "ES", true},
    {"MBWAY", "MB WAY", kSettledLater, "PT", true},
    {"MULTIBANCO", "Multibanco", kSettledLater, "PT", true},
    {"KLARNA", "Klarna", kPayLater, "NL DE AT", true},
    {"AFTERPAY", "Riverty", kPayLater, "NL BE DE", true},
    {"BILLINK", "Billink", kPayLater, "NL BE", true},
    {"IN3", "in3", kPayLater, "NL", true},
    {"SANTANDER", "Betaal per Maand", kPayLater, "NL", true},
    {"BNPL_INSTM", "Pay in installments", kPayLater, "NL", true},
    {"BNPL_MF", "Pay After Delivery", kPayLater, "NL", true},
    {"PAYAFTER", "Pay After Delivery", kPayLater, "NL", true},
    {"EINVOICE", "E-Invoicing", kInvoice, "NL", true},
    {"ZINIA", "Zinia", kInvoice, "NL DE", true},
    {"PAYPAL", "PayPal", kPayPal, "", false},
    {"AMAZONBTN", "Amazon Pay", kAmazon, "", false},
    {"APPLEPAY", "Apple Pay", kWallet, "", false},
    {"GOOGLEPAY", "Google Pay", kWallet, "", false},
    {"ALIPAY", "Alipay", kBank, "", false},
    {"ALIPAYPLUS", "Alipay+", kBank, "", false},
    {"WECHAT", "WeChat Pay", kBank, "", false},
    {"EDENCOM", "Ticket Compliments", kCoupon, "BE", true},
    {"EDENECO", "Ticket EcoCheque", kCoupon, "BE", true},
    {"EDENRES", "Ticket Restaurant", kCoupon, "BE", true},
    {"EDENSPORTS", "Ticket Sport and Culture", kCoupon, "BE", true},
    {"AMSGIFT", "Amsterdam Giftcard", kCoupon, "NL", true},
    {"BABYCAD", "Baby Cadeaubon", kCoupon, "NL", true},
    {"BEAUTYCAD", "Beauty Cadeau", kCoupon, "NL", true},
    {"BEAUTYWELL", "Beauty and Wellness", kCoupon, "NL", true},
    {"BIERCHEQUE", "Bier Cheque", kCoupon, "NL", true},
    {"BLOEMENCAD", "Bloemen Cadeaukaart", kCoupon, "NL", true},
    {"BOEKENBON", "Boekenbon", kCoupon, "NL", true},
    {"BOEKENVOOR", "Boekenvoordeel", kCoupon, "NL", true},
    {"DORDTPAS", "Dordtpas", kCoupon, "NL", true},
    {"FASHIONCHQ", "Fashioncheque", kCoupon, "NL", true},
    {"FASHIONGFT", "Fashion Giftcard", kCoupon, "NL", true},
    {"GELREPAS", "Gelrepas", kCoupon, "NL", true},
    {"GEZONDHEID", "Gezondheidsbon", kCoupon, "NL", true},
    {"GOOD4FUN", "Good4fun Giftcard", kCoupon, "NL", true},
    {"HORSESGIFT", "Horses and Gifts", kCoupon, "NL", true},
    {"HUISTUIN", "Huis en Tuin Cadeau", kCoupon, "NL", true},
    {"KIDSCADEAU", "Kids Cadeau", kCoupon, "NL", true},
    {"KLUSCADEAU", "Klus Cadeau", kCoupon, "NL", true},
    {"NATENCRD", "Nationale Entertainment Card", kCoupon, "NL", true},
    {"NATNLBIOSC", "Nationale Bioscoopbon", kCoupon, "NL", true},
    {"NATNLETUIN", "Nationale Tuinbon", kCoupon, "NL", true},
    {"OHMYGOOD", "Ohmygood", kCoupon, "NL", true},
    {"ROTGIFT", "Rotterdam Giftcard", kCoupon, "NL", true},
    {"SPORTENFIT", "Sport en Fit Cadeau", kCoupon, "NL", true},
    {"SPORTSGIFT", "Sports Giftcard", kCoupon, "NL", true},
    {"UPAS", "U-pas", kCoupon, "NL", true},
    {"VVVGIFTCARD", "VVV Cadeaukaart", kCoupon, "NL", true},
    {"VVVGIFTCRD", "VVV Cadeaukaart", kCoupon, "NL", true},
    {"WIJNCADEAU", "Wijn Cadeau", kCoupon, "NL", true},
    {"YOURGIFT", "YourGift", kCoupon, "NL", true},
};

using enum Trigger;

constexpr Stage kPlain[] = {{kPaid, "completed", "completed", true}};
constexpr Stage kPayLaterLife[] = {{kPaid, "completed", "uncleared", false},
                                   {kShipped, "shipped", "uncleared", false},
                                   {kTime, "shipped", "completed", true, kDayS}};
constexpr Stage kInvoiceLife[] = {{kPaid, "completed", "initialized", true},
                                  {kShipped, "shipped", "initialized", true},
                                  {kTime, "shipped", "completed", true, 14 * kDayS}};
constexpr Stage kPayPalLife[] = {{kStart, "uncleared", "initialized", false},
                                 {kPaid, "completed", "initialized", true},
                                 {kTime, "completed", "completed", true, kHourS}};
constexpr Stage kAmazonLife[] = {{kPaid, "completed", "initialized", false},
                                 {kTime, "completed", "completed", true, kHourS}};
constexpr Stage kSettledLaterLife[] = {{kPaid, "completed", "uncleared", false},
                                       {kTime, "completed", "completed", true, kDayS}};
constexpr Stage kBizumLife[] = {{kPaid, "completed", "initialized", false},
                                {kTime, "completed", "completed", true, kHourS}};
constexpr Stage kDirectDebitLife[] = {{kPaid, "uncleared", "initialized", false},
                                      {kTime, "uncleared", "uncleared", false, kDayS},
                                      {kTime, "completed", "completed", true, 5 * kDayS}};
constexpr Stage kCorrectableLife[] = {{kPaid, "uncleared", "uncleared", false},
                                      {kTime, "completed", "completed", true, 3 * kDayS}};

struct FamilyLife {
  Family family;
  Life life;
};
constexpr FamilyLife kLives[] = {
    {kPayLater, kPayLaterLife},
    {kInvoice, kInvoiceLife},
    {kPayPal, kPayPalLife},
    {kAmazon, kAmazonLife},
    {kSettledLater, kSettledLaterLife},
    {kBizum, kBizumLife},
    {kRequestToPay, kSettledLaterLife},
    {kDirectDebit, kDirectDebitLife},
    {kCorrectable, kCorrectableLife},
};

}  // namespace

const Gateway* FindGateway(std::string_view id) {
  for (const Gateway& gateway : kGateways) {
    if (EqualsIgnoreCase(gateway.id, id)) return &gateway;
  }
  return nullptr;
}

std::span<const Gateway> AllGateways() { return kGateways; }

Family FamilyOf(std::string_view gateway) {
  if (gateway == "CREDITCARD") return kCard;
  const Gateway* found = FindGateway(gateway);
  return found == nullptr ? kBank : found->family;
}

Life LifeOf(std::string_view gateway) {
  const Family family = FamilyOf(gateway);
  for (const FamilyLife& row : kLives) {
    if (row.family == family) return row.life;
  }
  return kPlain;
}

int FirstStage(Life life, Trigger trigger) {
  for (std::size_t i = 0; i < life.size(); ++i) {
    if (life[i].trigger == trigger) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace msp::sandbox
