// SPDX-License-Identifier: Apache-2.0

// Documents of our own making for the tests that need many: answers as MultiSafepay shapes them,
// with invented values, and texts that try the grammar. Where the published fixtures are at hand
// they are used as well.
#pragma once

#include <string_view>

namespace msp::codec {

// A direct card order under 3-D Secure, with the API's loose types on show.
inline constexpr std::string_view kOrderAnswer = R"({
  "success": true,
  "data": {
    "amount": 12995, "amount_refunded": 0,
    "costs": [
      {"transaction_id": 900719925474099312, "amount": 0.44, "description": "2.9 % + 0.25", "type": "SYSTEM"},
      {"transaction_id": "900719925474099313", "amount": 7.04, "description": "ends in a backslash \\", "type": "withdraw"}
    ],
    "created": "2026-03-29T01:59:58", "currency": "EUR",
    "custom_info": {"custom_1": null, "custom_2": "shelf 7", "custom_3": "idem:5f2c~x"},
    "customer": {
      "address1": "Lange Vi\u00ebtstraat", "address2": "", "city": "'s-Hertogenbosch", "country": "NL",
      "country_name": null, "email": "j.de.vri\u00ebs@example.org", "first_name": "J\u00fcrgen", "house_number": 17,
      "last_name": "de Vri\u00ebs \ud83d\ude00", "locale": "nl_NL", "phone1": "+31 73 5550199", "phone2": "", "zip_code": "5211 AB"
    },
    "description": "2 \u00d7 \"Stroopwafels\" \/ tin", "fastcheckout": "NO", "financial_status": "initialized",
    "items": null, "modified": "2026-03-29T03:00:01", "order_id": 20260329000017,
    "payment_details": {
      "account_holder_name": "J DE VRIES", "account_id": null, "card_expiry_date": 712,
      "external_transaction_id": 66523902955202980017, "last4": 7, "recurring_id": 133761993042180765521,
      "recurring_model": null, "type": "VISA", "capture_remain": 12995, "capture": "manual",
      "card_authentication_details": {"flow": "challenge", "exemption": null},
      "card_authentication_result": {"eci": "05", "status": "Y", "version": "2.1.0", "challenge_cancel": ""}
    },
    "payment_methods": [
      {"account_holder_name": 42, "amount": 12995, "card_expiry_date": "0712", "currency": "EUR",
       "description": "Order 17", "external_transaction_id": "66523902955202980017", "last4": "0007",
       "payment_description": "Visa", "status": "initialized", "type": "VISA"}
    ],
    "reason": "3D Secure Authorization", "reason_code": "", "related_transactions": null,
    "status": "initialized", "transaction_id": 900719925474099311, "var1": null, "var2": "", "var3": "v3",
    "customer_verification": {"type": "form", "html": "<html>\n<body onload=\"document.forms[0].submit()\"><form method='POST' action='https://acs.example.net/pareq?x=1&y=2'><input name=\"PaReq\" value=\"eJxV\/ut+w==\"></form></body></html>"},
    "payment_url": "https://pay.example.net/connect/7hq2Vb/?lang=nl_NL", "cancel_url": "https://shop.example.org/cancel?id=17"
  }
})";

// A finished order that was partly refunded, read again.
inline constexpr std::string_view kRefundedAnswer =
    R"({"data":{"order_id":"000000962","transaction_id":"4051823","amount":"12995","amount_refunded":5000,"status":"partial_refunded",)"
    R"("financial_status":"completed","currency":"eur","completed":"2026-01-02T10:11:12","costs":{"amount":0.19,"type":"SYSTEM"},)"
    R"("payment_details":{"type":"MASTERCARD","last4":0,"card_expiry_date":null},"payment_methods":null,"related_transactions":[)"
    R"({"amount":5000,"costs":[{"amount":19,"description":"fee","type":"SYSTEM"}],"created":"2026-01-03T00:00:00","currency":"EUR",)"
    R"("description":"Refund","status":"completed","transaction_id":4051830,"type":"refund","refund_order_id":"000000962-r1"},)"
    R"({"amount":1,"dispute":{"status":"open","reason_code":4853,"reason_description":"\u201cdefective\u201d"}}],)"
    R"("shopping_cart":{"items":[{"name":"Tin","unit_price":"45.4545454545","quantity":2,"tax_table_selector":"VAT21"},)"
    R"({"name":"Postage","unit_price":90,"quantity":"1"}]},"order_total":100.00,"items":"","standalone":"","brand_new":{"a":[1,{"b":null}]}},"success":1})";

inline constexpr std::string_view kErrorAnswers[] = {
    R"({"success":false,"data":{},"error_code":1006,"error_info":"Invalid transaction ID"})",
    R"({"success":"false","data":[],"error_code":"1019","error_info":"geblokkeerd \u20ac"})",
    R"({"success":false,"data":{"error_code":1034,"error_info":"already refunded"}})",
    R"({"message":"Forbidden"})",
    R"({"success":false,"message":"Validation error","errors":[{"attribute":"email","details":"wrong","message":"m","uri":"#/email"}]})",
};

// For the test messages: every kind, in the spellings that are read and those that are not.
inline constexpr std::string_view kEverything[] = {
    R"({"text":"caf\u00e9 \ud83d\ude00 \"q\" \\ \/ \b\f\n\r\t","small":-2147483648,"large":9223372036854775807,)"
    R"("usmall":4294967295,"ularge":18446744073709551615,"flag":"YES","ratio":0.30000000000000004,"color":"COLOR_BLUE",)"
    R"("item":{"name":"a","unit_price":242.9300000000,"quantity":"3","weight":1e-3,"parts":[{"name":"b"},{},[]]},)"
    R"("card":{"number":4111111111111111,"cvc":"012","expiry":"2512","holder":null,"last4":7},"nothing":[],)"
    R"("words":["a",1,true,null,"",[],{}],"counts":[1,"2",3.0,4.5,1e3],"items":{"name":"alone"},"flags":[0,1,"no","x"],)"
    R"("ratios":["0.5",2,-0.0],"colors":[1,"COLOR_RED","COLOR_NONE",9]})",
    R"({"settings":{"b":[1,2.5,"x",null,true,{"c":{}}],"a":"","n":-1.5E+10,"\u006bey":"v"},"bags":[{"x":1},{},[]],"left":"l","right":7,)"
    R"("middle":{"name":"m"},"@re\"named":"r","in_path":"p","limit":5,"state":1,"plain":true,"secret_settings":{"s":[[]]}})",
    R"({"text":123456789012345678901234567890,"large":"000000000000000000000000012","ratio":"1.5","flag":0,"ularge":"-0","small":-0,"usmall":-0})",
    R"({"text":"first","text":null,"text":"last","item":{"name":"a"},"item":{"quantity":2},"words":["a"],"words":[],"large":1,"large":"x"})",
    "{}",
    " [ ] ",
    "null",
    "-0.5e-7",
    R"("\u0000\u001f\u007f\u0080\uffff\ud800\udc00")",
    R"([[[[[[[[[[1,[2,[3,{"a":{"b":{"c":[true,false,null]}}}]]]]]]]]]]]])",
    "\xEF\xBB\xBF{\"text\":\"after a mark\"}",
    "{\"text\":\"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\",\"\xC3\xA9\":1}",
};

}  // namespace msp::codec
