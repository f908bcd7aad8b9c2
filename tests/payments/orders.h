// SPDX-License-Identifier: Apache-2.0

// Orders that are refused and orders that are not, as rows: validate_test reads them without a
// socket, the end-to-end tests send each of them to a running server.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "multisafepay/v1/order_service.pb.h"
#include "tests/testing/requests.h"

namespace msp::payments {

// A direct card order with everything that is needed and little more.
inline multisafepay::v1::CreateOrderRequest DirectOrder() {
  auto order = testing::FromText<multisafepay::v1::CreateOrderRequest>(
      "type: 'direct' order_id: 'order-1' currency: 'EUR' amount: 9743 gateway: 'CREDITCARD' "
      "description: 'two chairs' gateway_info { card_number: '4111111111111111' card_expiry_date: "
      "'3012' card_cvc: '123' }");
  return order;
}

inline multisafepay::v1::CreateOrderRequest RedirectOrder() {
  multisafepay::v1::CreateOrderRequest order = DirectOrder();
  order.set_type("redirect");
  order.clear_gateway();
  order.clear_gateway_info();
  return order;
}

struct OrderCase {
  std::string name;
  std::string field;  // The path that the refusal names; "" for an order that is sent.
  std::function<void(multisafepay::v1::CreateOrderRequest&)> change;  // Of `DirectOrder`.
};

inline multisafepay::v1::CreateOrderRequest Changed(const OrderCase& c) {
  multisafepay::v1::CreateOrderRequest order = DirectOrder();
  c.change(order);
  return order;
}

inline std::string Repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

inline std::vector<OrderCase> RefusedOrders() {
  using Order = multisafepay::v1::CreateOrderRequest;
  const std::string kNumber = "gateway_info.card_number";
  const std::string kCvc = "gateway_info.card_cvc";
  const std::string kExpiry = "gateway_info.card_expiry_date";
  const auto number = [](std::string value) {
    return [value](Order& o) { o.mutable_gateway_info()->set_card_number(value); };
  };
  const auto cvc = [](std::string value) {
    return [value](Order& o) { o.mutable_gateway_info()->set_card_cvc(value); };
  };
  const auto expiry = [](std::string value) {
    return [value](Order& o) { o.mutable_gateway_info()->set_card_expiry_date(value); };
  };
  const auto id = [](std::string value) { return [value](Order& o) { o.set_order_id(value); }; };
  const auto type = [](std::string value) { return [value](Order& o) { o.set_type(value); }; };
  const std::string kIp = "customer.ip_address";
  const auto ip = [](std::string value) {
    return [value](Order& o) { o.mutable_customer()->set_ip_address(value); };
  };
  const auto text = [](std::string value) {
    return [value](Order& o) { o.set_description(value); };
  };
  return {
      {"type_missing_with_a_card", "type", [](Order& o) { o.clear_type(); }},
      {"type_empty_with_a_card", "type", type("")},
      {"type_missing_with_a_wallets_token", "type",
       [](Order& o) {
         o.clear_type();
         o.clear_gateway_info();
         o.mutable_gateway_info()->set_payment_token("{}");
       }},
      {"type_missing_with_the_components_payload", "type",
       [](Order& o) {
         o.clear_type();
         o.clear_gateway_info();
         o.mutable_payment_data()->set_payload("eA==");
       }},
      {"type_unknown", "type", type("recurring")},
      {"type_upper_case", "type", type("DIRECT")},
      {"order_id_missing", "order_id", [](Order& o) { o.clear_order_id(); }},
      {"order_id_empty", "order_id", id("")},
      {"order_id_of_51", "order_id", id(Repeated("x", 51))},
      {"order_id_of_51_two_byte_letters", "order_id", id(Repeated("é", 51))},
      {"order_id_with_newline", "order_id", id("order\n1")},
      {"order_id_with_tab", "order_id", id("order\t1")},
      {"order_id_with_nul", "order_id", id(std::string("order\0001", 7))},
      {"order_id_with_delete", "order_id", id("order\x7f")},
      {"order_id_with_c1_control", "order_id", id("order\xc2\x85")},
      {"order_id_dot", "order_id", id(".")},
      {"order_id_dots", "order_id", id("..")},
      {"order_id_leading_space", "order_id", id(" order-1")},
      {"order_id_trailing_space", "order_id", id("order-1 ")},
      {"description_missing", "description", [](Order& o) { o.clear_description(); }},
      {"description_empty", "description", text("")},
      {"description_of_201", "description", text(Repeated("d", 201))},
      {"description_of_201_letters_of_three_bytes", "description", text(Repeated("€", 201))},
      {"description_with_nul", "description", text(std::string("two\0chairs", 10))},
      {"direct_card_without_gateway", "gateway", [](Order& o) { o.clear_gateway(); }},
      {"direct_card_with_empty_gateway", "gateway", [](Order& o) { o.set_gateway(""); }},
      {"amount_minus_1", "amount", [](Order& o) { o.set_amount(-1); }},
      {"amount_lowest", "amount", [](Order& o) { o.set_amount(INT64_MIN); }},
      {"card_number_of_11", kNumber, number("41111111112")},
      {"card_number_of_20", kNumber, number("41111111111111111115")},
      {"card_number_with_letters", kNumber, number("4111x11111111111")},
      {"card_number_with_wide_digits", kNumber, number("４１１１１１１１１１１１１１１１")},
      {"card_number_failing_luhn", kNumber, number("4111111111111112")},
      {"card_number_with_dashes", kNumber, number("4111-1111-1111-1111")},
      {"card_number_of_spaces", kNumber, number("                ")},
      {"cvc_of_2", kCvc, cvc("12")},
      {"cvc_of_5", kCvc, cvc("12345")},
      {"cvc_with_letter", kCvc, cvc("12a")},
      {"cvc_with_space", kCvc, cvc("12 ")},
      {"expiry_month_13", kExpiry, expiry("2513")},
      {"expiry_month_0", kExpiry, expiry("2500")},
      {"expiry_as_month_and_year", kExpiry, expiry("12/25")},
      {"expiry_of_3", kExpiry, expiry("251")},
      {"expiry_of_6", kExpiry, expiry("202512")},
      {"notification_url_with_control", "payment_options.notification_url",
       [](Order& o) {
         o.mutable_payment_options()->set_notification_url("https://shop.example/\x01");
       }},
      {"redirect_url_with_newline", "payment_options.redirect_url",
       [](Order& o) {
         o.mutable_payment_options()->set_redirect_url("https://shop.example/\r\nX: y");
       }},
      {"cancel_url_with_space", "payment_options.cancel_url",
       [](Order& o) { o.mutable_payment_options()->set_cancel_url("https://shop.example/a b"); }},
      {"term_url_with_control", "gateway_info.term_url",
       [](Order& o) { o.mutable_gateway_info()->set_term_url("https://shop.example/\x1b"); }},
      {"city_with_control", "customer.city",
       [](Order& o) {
         o.mutable_customer()->set_city(
             "Amster\x02"
             "dam");
       }},
      {"two_ip_addresses", kIp, ip("1.2.3.4, 5.6.7.8")},
      {"two_ip_addresses_without_space", kIp, ip("1.2.3.4,5.6.7.8")},
      {"two_ip_addresses_by_space", kIp, ip("1.2.3.4 5.6.7.8")},
      {"two_ip_addresses_by_line_break", kIp, ip("1.2.3.4\n5.6.7.8")},
      {"two_ip_addresses_by_semicolon", kIp, ip("2001:db8::1;2001:db8::2")},
      {"ip_address_and_unknown", kIp, ip("1.2.3.4, unknown")},
      {"ip_address_and_comma", kIp, ip("1.2.3.4,")},
      {"network", kIp, ip("10.0.0.0/8")},
      {"ip_address_of_spaces", kIp, ip("  ")},
      {"two_forwarded_ips", "customer.forwarded_ip",
       [](Order& o) { o.mutable_customer()->set_forwarded_ip("1.2.3.4, 5.6.7.8"); }},
      {"two_ip_addresses_of_the_browser", "customer.browser.ip_address",
       [](Order& o) {
         o.mutable_customer()->mutable_browser()->set_ip_address("1.2.3.4, 5.6.7.8");
       }},
      {"idempotency_key_with_slash", "control.idempotency_key",
       [](Order& o) { o.mutable_control()->set_idempotency_key("a/b"); }},
      {"idempotency_key_of_65", "control.idempotency_key",
       [](Order& o) { o.mutable_control()->set_idempotency_key(Repeated("k", 65)); }},
  };
}

// Whatever is merely unusual is sent as it stands.
inline std::vector<OrderCase> AcceptedOrders() {
  using Order = multisafepay::v1::CreateOrderRequest;
  const auto id = [](std::string value) { return [value](Order& o) { o.set_order_id(value); }; };
  const auto ip = [](std::string value) {
    return [value](Order& o) { o.mutable_customer()->set_ip_address(value); };
  };
  const auto redirect_url = [](std::string value) {
    return [value](Order& o) { o.mutable_payment_options()->set_redirect_url(value); };
  };
  const auto money = [](std::string currency, std::int64_t amount) {
    return [currency, amount](Order& o) {
      o.set_currency(currency);
      o.set_amount(amount);
    };
  };
  const auto card = [](std::string gateway, std::string number, std::string cvc) {
    return [gateway, number, cvc](Order& o) {
      o.set_gateway(gateway);
      o.mutable_gateway_info()->set_card_number(number);
      o.mutable_gateway_info()->clear_card_cvc();
      if (!cvc.empty()) o.mutable_gateway_info()->set_card_cvc(cvc);
    };
  };
  return {
      {"plain", "", [](Order&) {}},
      {"order_id_of_digits", "", id("000000962")},
      {"order_id_with_slash_and_space", "", id("A/B 1")},
      {"order_id_of_50_two_byte_letters", "", id(Repeated("é", 50))},
      {"order_id_of_three_dots", "", id("...")},
      {"order_id_with_percent", "", id("50%25?a=b#c&d")},
      {"maestro_of_19_without_cvc", "", card("MAESTRO", "6799990000000000011", "")},
      {"amex_of_15_with_4_digits", "", card("AMEX", "374500000000015", "1234")},
      {"card_of_12", "", card("MAESTRO", "500000000009", "")},
      {"cvc_with_leading_zero", "", card("VISA", "4111111111111111", "012")},
      {"moto_without_cvc", "",
       [](Order& o) {
         o.mutable_gateway_info()->clear_card_cvc();
         o.mutable_gateway_info()->set_moto(true);
       }},
      {"token_without_card", "",
       [](Order& o) {
         o.clear_gateway();
         o.clear_gateway_info();
         o.set_recurring_id("133761993_gTp2");
         o.set_recurring_model("cardOnFile");
         o.mutable_customer()->set_reference("customer-7");
       }},
      {"card_number_with_spaces", "",
       [](Order& o) { o.mutable_gateway_info()->set_card_number("4111 1111 1111 1111"); }},
      {"expired_card", "",
       [](Order& o) { o.mutable_gateway_info()->set_card_expiry_date("2512"); }},
      {"ipv6", "", [](Order& o) { o.mutable_customer()->set_ip_address("2001:db8::7334"); }},
      {"surname_of_1", "", [](Order& o) { o.mutable_customer()->set_last_name("O"); }},
      {"surname_of_26", "",
       [](Order& o) { o.mutable_customer()->set_last_name(Repeated("z", 26)); }},
      {"phone_with_signs", "",
       [](Order& o) { o.mutable_customer()->set_phone("+31 (0)20 850 05 00"); }},
      {"zip_with_space", "", [](Order& o) { o.mutable_customer()->set_zip_code("SW1A 1AA"); }},
      {"long_state", "", [](Order& o) { o.mutable_customer()->set_state("Noord-Holland"); }},
      {"yen", "", money("JPY", 10)},
      {"won", "", money("KRW", 500)},
      {"zero_authorization", "", money("EUR", 0)},
      {"lower_case_currency", "", money("eur", 100)},
      {"largest_amount", "", money("EUR", INT64_MAX)},
      {"amount_and_currency_absent", "",
       [](Order& o) {
         o.clear_amount();
         o.clear_currency();
       }},
      {"url_with_port_query_and_brackets", "",
       redirect_url("http://shop.example:8080/ok?type=redirect&x[]=1&y=%20")},
      {"url_with_ipv6_host", "", redirect_url("http://[2001:db8::1]:8080/")},
      {"description_of_two_lines", "", [](Order& o) { o.set_description("two\nlines"); }},
      {"description_with_all_breaks", "", [](Order& o) { o.set_description("\ta\r\nb\n"); }},
      {"ip_address_v6", "", ip("2001:db8::17")},
      {"ip_address_with_zone", "", ip("fe80::1%eth0")},
      {"ip_address_with_port", "", ip("[2001:db8::17]:443")},
      {"ip_address_between_spaces", "", ip(" 192.0.2.1 ")},
      {"ip_address_of_a_taste", "", ip("unknown")},
      {"description_with_signs", "", [](Order& o) { o.set_description("Tom & Jerry <3"); }},
      {"description_of_200_letters_of_three_bytes", "",
       [](Order& o) { o.set_description(Repeated("€", 200)); }},
      {"redirect_without_gateway", "",
       [](Order& o) {
         o.set_type("redirect");
         o.clear_gateway();
         o.clear_gateway_info();
       }},
      {"paymentlink", "",
       [](Order& o) {
         o.set_type("paymentlink");
         o.clear_gateway();
         o.clear_gateway_info();
         o.set_days_active(400);
       }},
      {"checkout", "",
       [](Order& o) {
         o.set_type("checkout");
         o.clear_gateway();
         o.clear_gateway_info();
       }},
      {"gateway_of_tomorrow", "", [](Order& o) { o.set_gateway("NEWCARD2030"); }},
  };
}

}  // namespace msp::payments
