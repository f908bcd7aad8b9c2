// SPDX-License-Identifier: Apache-2.0

// Every gateway's order through the pairs of statuses of its family, and pay after delivery's
// calls.
#include <gtest/gtest.h>

#include <set>

#include "sandbox/core/catalogue.h"
#include "sandbox/core/gateways.h"
#include "tests/sandbox/core_fixture.h"
#include "tests/testing/words.h"

namespace msp::sandbox::testing {
namespace {

using msp::testing::Words;

// The published enumeration of gateway ids, the wallets' own one, and the ids that the list of
// gateways and samples have beside it.
constexpr char kDocumented[] =
    "AFTERPAY ALIPAY ALIPAYPLUS AMAZONBTN AMEX AMSGIFT APPLEPAY BABYCAD BANKTRANS BEAUTYCAD "
    "BEAUTYWELL BELFIUS BIERCHEQUE BILLINK BIZUM BLOEMENCAD BNPL_INSTM BNPL_MF BOEKENBON "
    "BOEKENVOOR CBC CREDITCARD DBRTP DIRDEB DIRECTBANK DORDTPAS DOTPAY EDENCOM EDENECO EDENRES "
    "EDENSPORTS EINVOICE EPS FASHIONCHQ FASHIONGFT GELREPAS GEZONDHEID GIROPAY GOOD4FUN GOOGLEPAY "
    "HORSESGIFT HUISTUIN IDEAL IDEALQR IN3 KBC KIDSCADEAU KLARNA KLUSCADEAU MAESTRO MASTERCARD "
    "MBWAY MISTERCASH MULTIBANCO MYBANK NATENCRD NATNLBIOSC NATNLETUIN OHMYGOOD PAYAFTER PAYPAL "
    "ROTGIFT SANTANDER SPORTENFIT SPORTSGIFT TRUSTLY TRUSTPAY UPAS VISA VVVGIFTCARD WECHAT "
    "WIJNCADEAU YOURGIFT ZINIA";

TEST(Lifecycle, EveryDocumentedGatewayTakesAnOrder) {
  Bench bench;
  for (const std::string& gateway : Words(kDocumented)) {
    SCOPED_TRACE(gateway);
    EXPECT_EQ(bench.Create(MethodOrder(gateway, gateway)).status, 200);
    const bool listed = gateway == "CREDITCARD" || GetGateway(gateway).status == 200;
    EXPECT_TRUE(listed);
  }
  EXPECT_EQ(ErrorOf(bench.Create(MethodOrder("none", "NOSUCHBANK"))), 1023);
}

// The pairs from payment to funds, by the clock and, where the family has it, by the shipment.
struct Path {
  const char* gateways;
  std::vector<std::string> pairs;
  bool ships = false;
};

const Path kPaths[] = {
    {"KLARNA AFTERPAY BILLINK IN3 SANTANDER BNPL_INSTM BNPL_MF PAYAFTER",
     {"completed/uncleared", "shipped/uncleared", "shipped/completed"},
     true},
    {"EINVOICE ZINIA", {"completed/initialized", "shipped/initialized", "shipped/completed"}, true},
    {"PAYPAL", {"completed/initialized", "completed/completed"}},
    {"BIZUM AMAZONBTN", {"completed/initialized", "completed/completed"}},
    {"MBWAY MULTIBANCO DBRTP", {"completed/uncleared", "completed/completed"}},
    {"DIRDEB", {"uncleared/initialized", "uncleared/uncleared", "completed/completed"}},
    {"DIRECTBANK TRUSTLY", {"uncleared/uncleared", "completed/completed"}},
    {"IDEAL MISTERCASH BANKTRANS ALIPAY WECHAT MYBANK APPLEPAY GOOGLEPAY BOEKENBON",
     {"completed/completed"}}};

TEST(Lifecycle, OrdersGoThroughThePairsOfTheirFamily) {
  for (const Path& path : kPaths) {
    for (const std::string& gateway : Words(path.gateways)) {
      SCOPED_TRACE(gateway);
      Bench bench;
      ASSERT_EQ(bench.Create(MethodOrder("o", gateway)).status, 200);
      EXPECT_EQ(bench.State("o"), "initialized/initialized");
      ASSERT_EQ(bench.Pay("o"), "");
      std::vector<std::string> seen = {bench.State("o")};
      if (path.ships) {
        bench.Advance(20 * kDay);
        EXPECT_EQ(bench.State("o"), seen.back()) << "nothing comes before the shipment";
        bench.Ship("o");
        seen.push_back(bench.State("o"));
      }
      for (int day = 0; day < 40; ++day) {
        bench.Advance(kDay / 2);
        if (bench.State("o") != seen.back()) seen.push_back(bench.State("o"));
      }
      EXPECT_EQ(seen, path.pairs);
      EXPECT_EQ(bench.At("o").money.captured_here, 1000);
      EXPECT_EQ(bench.platform.stats().count("illegal_transitions"), 0U);
    }
  }
}

TEST(Lifecycle, TheControlApiBringsWhatTheClockWould) {
  Bench bench{MethodOrder("o", "DIRDEB")};
  EXPECT_FALSE(bench.platform.AdvanceLife(bench.At("o"))) << "the customer has not paid";
  bench.Pay("o");
  EXPECT_TRUE(bench.platform.AdvanceLife(bench.At("o")));
  EXPECT_EQ(bench.State("o"), "uncleared/uncleared");
  EXPECT_TRUE(bench.platform.AdvanceLife(bench.At("o")));
  EXPECT_EQ(bench.State("o"), "completed/completed");
  EXPECT_FALSE(bench.platform.AdvanceLife(bench.At("o")));
}

TEST(Lifecycle, DirectPayPalWaitsForTheCustomer) {
  Bench bench;
  const ApiResponse answer = bench.Create(MethodOrder("o", "PAYPAL", "direct"));
  EXPECT_EQ(bench.State("o"), "uncleared/initialized");
  const std::string url = answer.body["data"]["payment_url"];
  EXPECT_EQ(url.rfind("http://pages.test/connect/", 0), 0U) << url;
  EXPECT_EQ(bench.Pay("o"), "");
  EXPECT_EQ(bench.State("o"), "completed/initialized");
  // PayPal has collected it: it can be refunded.
  EXPECT_EQ(bench.Refund("o", 400).status, 200);
  bench.Create(MethodOrder("late", "PAYPAL", "direct"));
  bench.Advance(kHour + kSecond);
  EXPECT_EQ(bench.State("late"), "expired/expired");
  bench.Create(MethodOrder("left", "PAYPAL", "direct"));
  bench.Patch("left", Json{{"status", "cancelled"}});
  EXPECT_EQ(bench.State("left"), "cancelled/cancelled");
  EXPECT_EQ(bench.platform.stats().count("illegal_transitions"), 0U);
}

TEST(Lifecycle, PayLaterIsNotRefundableBeforeItsFunds) {
  Bench bench{MethodOrder("o", "KLARNA")};
  bench.Pay("o");
  EXPECT_EQ(ErrorOf(bench.Refund("o", 100)), 1034);
  bench.Ship("o");
  bench.Advance(2 * kDay);
  EXPECT_EQ(bench.Refund("o", 100).status, 200);
}

TEST(Lifecycle, PayLaterIsCancelledBeforeTheShipmentOnly) {
  Bench bench;
  const Json cancel{{"status", "cancelled"}, {"exclude_order", true}};
  for (const char* id : {"before", "after"}) {
    bench.Create(MethodOrder(id, "AFTERPAY"));
    bench.Pay(id);
  }
  EXPECT_EQ(bench.Patch("before", cancel).status, 200);
  EXPECT_EQ(bench.State("before"), "void/cancelled");
  bench.Ship("after");
  EXPECT_EQ(bench.Patch("after", cancel).status, 410);
  bench.Create(MethodOrder("invoice", "EINVOICE"));
  bench.Pay("invoice");
  EXPECT_EQ(bench.Patch("invoice", cancel).status, 410) << "refund only";
}

TEST(Lifecycle, TestAccountsAndAmountsDecide) {
  Bench bench;
  const auto debit = [&](const char* id, const char* iban) {
    Json body = MethodOrder(id, "DIRDEB", "direct");
    body["gateway_info"] = {{"account_id", iban}, {"account_holder_name", "J. Holder"}};
    bench.Create(body);
  };
  debit("good", "NL87ABNA0000000001");
  debit("declined", "NL87ABNA0000000002");
  debit("returned", "NL87ABNA0000000004");
  EXPECT_EQ(bench.State("good"), "uncleared/initialized");
  EXPECT_EQ(bench.State("declined"), "declined/declined");
  for (const auto& [id, amount] : {std::pair("less", 999), {"between", 1500}, {"more", 2001}})
    bench.Create(MethodOrder(id, "MBWAY", "direct", amount));
  bench.Advance(61 * kSecond);
  EXPECT_EQ(bench.State("less"), "declined/declined");
  EXPECT_EQ(bench.State("between"), "completed/uncleared");
  EXPECT_EQ(bench.State("more"), "expired/expired");
  bench.Advance(10 * kDay);
  EXPECT_EQ(bench.State("good"), "completed/completed");
  EXPECT_EQ(bench.State("returned"), "declined/declined");
  EXPECT_EQ(bench.At("returned").money.captured_here, 0);
}

TEST(Lifecycle, BankTransferSaysWhereToPay) {
  Bench bench;
  const ApiResponse answer = bench.Create(MethodOrder("o", "BANKTRANS", "direct"));
  const Json info = answer.body["data"]["gateway_info"];
  std::set<std::string> names;
  for (const auto& [name, value] : info.items()) {
    names.insert(name);
    EXPECT_NE(value, "") << name;
  }
  EXPECT_EQ(names, (std::set<std::string>{"destination_holder_name", "destination_holder_city",
                                          "destination_holder_country", "destination_holder_iban",
                                          "destination_holder_swift", "issuer_name", "reference"}));
  EXPECT_EQ(bench.Get("o")["gateway_info"], info);
  bench.Advance(10 * kDay);
  EXPECT_EQ(bench.State("o"), "initialized/initialized") << "transfers take days";
}

TEST(Lifecycle, WalletTokensPayAtOnceAndGiftCardsSayTheirBrand) {
  Bench bench;
  bench.Create(With(MethodOrder("wallet", "GOOGLEPAY", "direct"), "/gateway_info/payment_token",
                    R"({"signature":"x"})"));
  EXPECT_EQ(bench.State("wallet"), "completed/completed");
  bench.Create(MethodOrder("gift", "BOEKENBON"));
  bench.Pay("gift");
  const Json method = bench.Get("gift")["payment_methods"][0];
  EXPECT_EQ(method["type"], "COUPON");
  EXPECT_EQ(method["coupon_brand"], "BOEKENBON");
}

TEST(Lifecycle, QrOrdersHaveAPictureAndTheirOwnCancel) {
  Bench bench;
  const Json qr = With(MethodOrder("qr", "MISTERCASH"), "/gateway_info/qr_enabled", true);
  const Json data = bench.Create(qr).body["data"];
  EXPECT_EQ(data["qr_url"], "http://pages.test/qr/" + std::string(data["session_id"]) + ".svg");
  const Json plain = bench.Create(MethodOrder("plain", "MISTERCASH")).body["data"];
  EXPECT_FALSE(plain.contains("qr_url"));
  const Json cancel{{"status", "cancelled"}};
  EXPECT_EQ(bench.Patch("qr", cancel).status, 410);
  EXPECT_EQ(bench.Cancel("qr").body["data"]["status"], "cancelled");
  EXPECT_EQ(bench.State("qr"), "cancelled/cancelled");
  EXPECT_EQ(bench.Cancel("plain").body, (Json{{"message", "Forbidden"}}));
  EXPECT_EQ(bench.Patch("plain", cancel).status, 200);
  bench.Create(With(MethodOrder("size", "IDEALQR"), "/gateway_info/qr_size", 20));
  EXPECT_EQ(bench.At("size").qr_size, 250) << "a size out of bounds is the standard one";
}

TEST(Lifecycle, PayAfterDeliveryIsHeldAndExpires) {
  Bench bench;
  for (const char* id : {"held", "kept", "lost"}) {
    bench.Create(MethodOrder(id, "PAYAFTER"));
    bench.Pay(id);
  }
  bench.Ship("held");
  const ApiResponse hold = bench.platform.PutOnHold(bench.site(), "held", Json::object());
  EXPECT_EQ(hold.body["data"], "2026-06-25T10:00:00Z") << "ten days, in UTC";
  const ApiResponse kept = bench.platform.ExtendAutoExpire(bench.site(), "kept", Json{{"days", 5}});
  EXPECT_EQ(kept.body["data"], "2026-07-18T10:00:00Z") << "28 days and five";
  bench.Advance(9 * kDay);
  EXPECT_EQ(bench.State("held"), "shipped/uncleared");
  bench.Advance(kDay);
  EXPECT_EQ(bench.State("held"), "shipped/completed");
  bench.Advance(20 * kDay);
  EXPECT_EQ(bench.State("lost"), "expired/expired");
  EXPECT_EQ(bench.State("kept"), "completed/uncleared");
  EXPECT_EQ(bench.platform.PutOnHold(bench.site(), "kept", Json{{"duration", 59}}).status, 422);
  EXPECT_EQ(bench.platform.ExtendAutoExpire(bench.site(), "kept", Json{{"days", 181}}).status, 422);
  EXPECT_EQ(ErrorOf(bench.platform.PutOnHold(bench.site(), "none", Json::object())), 1006);
  bench.Create(MethodOrder("ideal", "IDEAL"));
  EXPECT_EQ(bench.platform.PutOnHold(bench.site(), "ideal", Json::object()).status, 403);
}

TEST(Lifecycle, SurvivesASnapshot) {
  Bench bench{MethodOrder("o", "KLARNA")};
  bench.Pay("o");
  bench.Ship("o");
  Bench other;
  ASSERT_TRUE(other.platform.Restore(bench.platform.Snapshot()));
  other.Advance(2 * kDay);
  EXPECT_EQ(other.State("o"), "shipped/completed");
}

TEST(Lifecycle, IssuersAreOfIdealAndMyBank) {
  for (const char* gateway : {"ideal", "mybank"}) {
    const Json list = ListIssuers(gateway).body["data"];
    ASSERT_FALSE(list.empty()) << gateway;
    for (const Json& issuer : list) EXPECT_EQ(issuer.size(), 2U);
    const Json issuers = GetPaymentMethod(gateway).body["data"]["additional_data"]["issuers"];
    ASSERT_EQ(issuers.size(), list.size());
    EXPECT_EQ(issuers[0]["code"], list[0]["code"]);
    EXPECT_TRUE(issuers[0].contains("name") && issuers[0].contains("bic"));
  }
  EXPECT_EQ(ErrorOf(ListIssuers("visa")), 1023);
  Bench bench;
  Json body = MethodOrder("o", "MYBANK", "direct");
  body["gateway_info"] = {{"issuer_id", "nobody"}};
  EXPECT_EQ(ErrorOf(bench.Create(body)), 1036);
  body["gateway_info"]["issuer_id"] = "CT000125-it";
  EXPECT_EQ(bench.Create(body).status, 200);
}

}  // namespace
}  // namespace msp::sandbox::testing
