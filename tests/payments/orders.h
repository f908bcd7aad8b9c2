// SPDX-License-Identifier: Apache-2.0

// Orders that are refused and orders that are not, as rows: validate_test reads them without a
// socket, the end-to-end tests send each of them to a running server.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "multisafepay/v1/order_service.pb.h"
#include "tests/testing/requests.h"

namespace msp::payments {

// A direct card order with everything that is needed and little more.
inline multisafepay::v1::CreateOrderRequest DirectOrder() { return testing::CardOrder(); }

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
  // What differs from `DirectOrder`, in protobuf's text format, and the members that are cleared
  // first.
  std::string set;
  std::string clear = "";
};

inline multisafepay::v1::CreateOrderRequest Changed(const OrderCase& c) {
  multisafepay::v1::CreateOrderRequest order = DirectOrder();
  std::istringstream members(c.clear);
  for (std::string member; members >> member;)
    order.GetReflection()->ClearField(&order, order.GetDescriptor()->FindFieldByName(member));
  order.MergeFrom(testing::FromText<multisafepay::v1::CreateOrderRequest>(c.set));
  return order;
}

// A member of the order, of its card or of its customer with a value that may be any bytes.
inline std::string Text(const std::string& member, const std::string& value) {
  return member + ": \"" + absl::CEscape(value) + "\"";
}
inline std::string Card(const std::string& member, const std::string& value) {
  return "gateway_info { " + Text(member, value) + " }";
}
inline std::string Customer(const std::string& member, const std::string& value) {
  return "customer { " + Text(member, value) + " }";
}
inline std::string Options(const std::string& member, const std::string& value) {
  return "payment_options { " + Text(member, value) + " }";
}

inline std::string Repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

inline std::vector<OrderCase> RefusedOrders() {
  const std::string kNumber = "gateway_info.card_number";
  const std::string kCvc = "gateway_info.card_cvc";
  const std::string kExpiry = "gateway_info.card_expiry_date";
  const std::string kIp = "customer.ip_address";
  return {
      {"type_missing_with_a_card", "type", "", "type"},
      {"type_empty_with_a_card", "type", Text("type", "")},
      {"type_missing_with_a_wallets_token", "type", "gateway_info { payment_token: '{}' }",
       "type gateway_info"},
      {"type_missing_with_the_components_payload", "type", "payment_data { payload: 'eA==' }",
       "type gateway_info"},
      {"type_unknown", "type", Text("type", "recurring")},
      {"type_upper_case", "type", Text("type", "DIRECT")},
      {"order_id_missing", "order_id", "", "order_id"},
      {"order_id_empty", "order_id", Text("order_id", "")},
      {"order_id_of_51", "order_id", Text("order_id", Repeated("x", 51))},
      {"order_id_of_51_two_byte_letters", "order_id", Text("order_id", Repeated("é", 51))},
      {"order_id_with_newline", "order_id", Text("order_id", "order\n1")},
      {"order_id_with_tab", "order_id", Text("order_id", "order\t1")},
      {"order_id_with_nul", "order_id", Text("order_id", std::string("order\0001", 7))},
      {"order_id_with_delete", "order_id", Text("order_id", "order\x7f")},
      {"order_id_with_c1_control", "order_id", Text("order_id", "order\xc2\x85")},
      {"order_id_dot", "order_id", Text("order_id", ".")},
      {"order_id_dots", "order_id", Text("order_id", "..")},
      {"order_id_leading_space", "order_id", Text("order_id", " order-1")},
      {"order_id_trailing_space", "order_id", Text("order_id", "order-1 ")},
      {"description_missing", "description", "", "description"},
      {"description_empty", "description", Text("description", "")},
      {"description_of_201", "description", Text("description", Repeated("d", 201))},
      {"description_of_201_letters_of_three_bytes", "description",
       Text("description", Repeated("€", 201))},
      {"description_with_nul", "description", Text("description", std::string("two\0chairs", 10))},
      {"direct_card_without_gateway", "gateway", "", "gateway"},
      {"direct_card_with_empty_gateway", "gateway", "gateway: ''"},
      {"amount_minus_1", "amount", "amount: -1"},
      {"amount_lowest", "amount", "amount: -9223372036854775808"},
      {"card_number_of_11", kNumber, Card("card_number", "41111111112")},
      {"card_number_of_20", kNumber, Card("card_number", "41111111111111111115")},
      {"card_number_with_letters", kNumber, Card("card_number", "4111x11111111111")},
      {"card_number_with_wide_digits", kNumber,
       Card("card_number", "４１１１１１１１１１１１１１１１")},
      {"card_number_failing_luhn", kNumber, Card("card_number", "4111111111111112")},
      {"card_number_with_dashes", kNumber, Card("card_number", "4111-1111-1111-1111")},
      {"card_number_of_spaces", kNumber, Card("card_number", std::string(16, ' '))},
      {"cvc_of_2", kCvc, Card("card_cvc", "12")},
      {"cvc_of_5", kCvc, Card("card_cvc", "12345")},
      {"cvc_with_letter", kCvc, Card("card_cvc", "12a")},
      {"cvc_with_space", kCvc, Card("card_cvc", "12 ")},
      {"expiry_month_13", kExpiry, Card("card_expiry_date", "2513")},
      {"expiry_month_0", kExpiry, Card("card_expiry_date", "2500")},
      {"expiry_as_month_and_year", kExpiry, Card("card_expiry_date", "12/25")},
      {"expiry_of_3", kExpiry, Card("card_expiry_date", "251")},
      {"expiry_of_6", kExpiry, Card("card_expiry_date", "202512")},
      {"notification_url_with_control", "payment_options.notification_url",
       Options("notification_url", "https://shop.example/\x01")},
      {"redirect_url_with_newline", "payment_options.redirect_url",
       Options("redirect_url", "https://shop.example/\r\nX: y")},
      {"cancel_url_with_space", "payment_options.cancel_url",
       "payment_options { cancel_url: 'https://shop.example/a b' }"},
      {"term_url_with_control", "gateway_info.term_url",
       Card("term_url", "https://shop.example/\x1b")},
      {"city_with_control", "customer.city",
       Customer("city",
                "Amster\x02"
                "dam")},
      {"two_ip_addresses", kIp, Customer("ip_address", "1.2.3.4, 5.6.7.8")},
      {"two_ip_addresses_without_space", kIp, Customer("ip_address", "1.2.3.4,5.6.7.8")},
      {"two_ip_addresses_by_space", kIp, Customer("ip_address", "1.2.3.4 5.6.7.8")},
      {"two_ip_addresses_by_line_break", kIp, Customer("ip_address", "1.2.3.4\n5.6.7.8")},
      {"two_ip_addresses_by_semicolon", kIp, Customer("ip_address", "2001:db8::1;2001:db8::2")},
      {"ip_address_and_unknown", kIp, Customer("ip_address", "1.2.3.4, unknown")},
      {"ip_address_and_comma", kIp, Customer("ip_address", "1.2.3.4,")},
      {"network", kIp, Customer("ip_address", "10.0.0.0/8")},
      {"ip_address_of_spaces", kIp, Customer("ip_address", "  ")},
      {"two_forwarded_ips", "customer.forwarded_ip",
       "customer { forwarded_ip: '1.2.3.4, 5.6.7.8' }"},
      {"two_ip_addresses_of_the_browser", "customer.browser.ip_address",
       "customer { browser { ip_address: '1.2.3.4, 5.6.7.8' } }"},
      {"idempotency_key_with_slash", "control.idempotency_key",
       "control { idempotency_key: 'a/b' }"},
      {"idempotency_key_of_65", "control.idempotency_key",
       "control { " + Text("idempotency_key", Repeated("k", 65)) + " }"},
  };
}

// Whatever is merely unusual is sent as it stands.
inline std::vector<OrderCase> AcceptedOrders() {
  return {
      {"plain", "", ""},
      {"order_id_of_digits", "", Text("order_id", "000000962")},
      {"order_id_with_slash_and_space", "", Text("order_id", "A/B 1")},
      {"order_id_of_50_two_byte_letters", "", Text("order_id", Repeated("é", 50))},
      {"order_id_of_three_dots", "", Text("order_id", "...")},
      {"order_id_with_percent", "", Text("order_id", "50%25?a=b#c&d")},
      {"maestro_of_19_without_cvc", "",
       "gateway: 'MAESTRO' gateway_info { card_number: '6799990000000000011' card_expiry_date: "
       "'3012' }",
       "gateway_info"},
      {"amex_of_15_with_4_digits", "",
       "gateway: 'AMEX' gateway_info { card_number: '374500000000015' card_expiry_date: '3012' "
       "card_cvc: '1234' }",
       "gateway_info"},
      {"card_of_12", "",
       "gateway: 'MAESTRO' gateway_info { card_number: '500000000009' card_expiry_date: '3012' }",
       "gateway_info"},
      {"cvc_with_leading_zero", "",
       "gateway: 'VISA' gateway_info { card_number: '4111111111111111' card_expiry_date: '3012' "
       "card_cvc: '012' }",
       "gateway_info"},
      {"moto_without_cvc", "",
       "gateway_info { card_number: '4111111111111111' card_expiry_date: '3012' moto: true }",
       "gateway_info"},
      {"token_without_card", "",
       "recurring_id: '133761993_gTp2' recurring_model: 'cardOnFile' customer { reference: "
       "'customer-7' }",
       "gateway gateway_info"},
      {"card_number_with_spaces", "", "gateway_info { card_number: '4111 1111 1111 1111' }"},
      {"expired_card", "", "gateway_info { card_expiry_date: '2512' }"},
      {"ipv6", "", "customer { ip_address: '2001:db8::7334' }"},
      {"surname_of_1", "", "customer { last_name: 'O' }"},
      {"surname_of_26", "", Customer("last_name", Repeated("z", 26))},
      {"phone_with_signs", "", "customer { phone: '+31 (0)20 850 05 00' }"},
      {"zip_with_space", "", "customer { zip_code: 'SW1A 1AA' }"},
      {"long_state", "", "customer { state: 'Noord-Holland' }"},
      {"yen", "", "currency: 'JPY' amount: 10"},
      {"won", "", "currency: 'KRW' amount: 500"},
      {"zero_authorization", "", "currency: 'EUR' amount: 0"},
      {"lower_case_currency", "", "currency: 'eur' amount: 100"},
      {"largest_amount", "", "currency: 'EUR' amount: 9223372036854775807"},
      {"amount_and_currency_absent", "", "", "amount currency"},
      {"url_with_port_query_and_brackets", "",
       Options("redirect_url", "http://shop.example:8080/ok?type=redirect&x[]=1&y=%20")},
      {"url_with_ipv6_host", "", Options("redirect_url", "http://[2001:db8::1]:8080/")},
      {"description_of_two_lines", "", Text("description", "two\nlines")},
      {"description_with_all_breaks", "", Text("description", "\ta\r\nb\n")},
      {"ip_address_v6", "", Customer("ip_address", "2001:db8::17")},
      {"ip_address_with_zone", "", Customer("ip_address", "fe80::1%eth0")},
      {"ip_address_with_port", "", Customer("ip_address", "[2001:db8::17]:443")},
      {"ip_address_between_spaces", "", Customer("ip_address", " 192.0.2.1 ")},
      {"ip_address_of_a_taste", "", Customer("ip_address", "unknown")},
      {"description_with_signs", "", "description: 'Tom & Jerry <3'"},
      {"description_of_200_letters_of_three_bytes", "", Text("description", Repeated("€", 200))},
      {"redirect_without_gateway", "", "type: 'redirect'", "gateway gateway_info"},
      {"paymentlink", "", "type: 'paymentlink' days_active: 400", "gateway gateway_info"},
      {"checkout", "", "type: 'checkout'", "gateway gateway_info"},
      {"gateway_of_tomorrow", "", "gateway: 'NEWCARD2030'"},
  };
}

}  // namespace msp::payments
