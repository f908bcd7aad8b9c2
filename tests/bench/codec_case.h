// SPDX-License-Identifier: Apache-2.0

// One direct card order and its answer, for what measures the codec: the benchmarks and the guard.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include "access/msp_codec_testing_proto.h"
#include "codec/testing.pb.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/codec/decode.h"
#include "service/codec/message_schema.h"

namespace msp::codec::measured {

namespace v1 = multisafepay::v1;

inline constexpr std::string_view kOrder = R"({
  "type":"direct","order_id":"my-order-0017","currency":"EUR","amount":12995,"gateway":"CREDITCARD",
  "description":"2 tins of stroopwafels",
  "payment_options":{"notification_url":"https://shop.example.org/hook?order=17",
    "redirect_url":"https://shop.example.org/thanks?order=17","cancel_url":"https://shop.example.org/cart?order=17","close_window":true},
  "customer":{"locale":"nl_NL","ip_address":"192.0.2.17","first_name":"Jurgen","last_name":"de Vries",
    "address1":"Langestraat","house_number":"17B","zip_code":"5211 AB","city":"'s-Hertogenbosch","country":"NL",
    "phone":"0735550199","email":"j.de.vries@example.org","referrer":"https://shop.example.org/",
    "user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"},
  "gateway_info":{"card_number":"4761340000000019","card_holder_name":"J DE VRIES","card_expiry_date":"2812","card_cvc":"123"}
})";

// An answer of the size and shape of the published reference: 58 scalars, 1.7 KB.
inline constexpr std::string_view kAnswer = R"({
  "success":true,
  "data":{
    "amount":12995,
    "amount_refunded":0,
    "costs":[{"transaction_id":900719925,"amount":0.44,"description":"2.9 % + 0.25","type":"SYSTEM"}],
    "created":"2026-03-29T01:59:58",
    "currency":"EUR",
    "custom_info":{"custom_1":null,"custom_2":null,"custom_3":"idem:0123456789abcdef0123456789abcdef"},
    "customer":{
      "address1":"Langestraat","city":"'s-Hertogenbosch","country":"NL","country_name":"The Netherlands",
      "email":"j.de.vries@example.org","first_name":"Jurgen","house_number":"17B","locale":"nl_NL",
      "phone1":"0735550199","zip_code":"5211 AB"
    },
    "description":"2 tins of stroopwafels",
    "fastcheckout":"NO",
    "financial_status":"initialized",
    "items":null,
    "modified":"2026-03-29T03:00:01",
    "order_id":"my-order-0017",
    "payment_details":{
      "account_holder_name":"J DE VRIES","account_id":null,"card_expiry_date":2812,
      "external_transaction_id":"6652390295520298","last4":19,"recurring_id":null,"recurring_model":null,"type":"VISA"
    },
    "payment_methods":[{
      "account_holder_name":"J DE VRIES","amount":12995,"card_expiry_date":2812,"currency":"EUR",
      "description":"2 tins of stroopwafels","external_transaction_id":"6652390295520298","last4":19,
      "payment_description":"Visa","status":"initialized","type":"VISA"
    }],
    "reason":"3D Secure Authorization",
    "reason_code":"",
    "related_transactions":null,
    "status":"initialized",
    "transaction_id":900719925,
    "customer_verification":{"type":"form","html":""},
    "payment_url":"https://pay.example.net/connect/99wi0OTuiCaTY2nwEiEOybWpVx8MNwrJ75c/?lang=nl_NL",
    "cancel_url":"https://shop.example.org/cart?order=17"
  }
})";

inline const SchemaSet& Schemas() {
  static const SchemaSet schemas(
      {v1::CreateOrderRequest::descriptor(), v1::CreateOrderResponse::descriptor(),
       testing::Envelope::descriptor()},
      {access::MspCodecTestingProto()});
  return schemas;
}
inline const MessageSchema& RequestSchema() {
  static const MessageSchema& schema = Schemas().Of(v1::CreateOrderRequest::descriptor());
  return schema;
}
inline const MessageSchema& ResponseSchema() {
  static const MessageSchema& schema = Schemas().Of(v1::CreateOrderResponse::descriptor());
  return schema;
}

inline v1::CreateOrderRequest Request() {
  std::string document(kOrder);
  v1::CreateOrderRequest request;
  if (!DecodeAll(RequestSchema(), document, request).ok) std::abort();
  return request;
}

inline void ReadAnswer(std::string& document, v1::CreateOrderResponse& response) {
  static const MessageSchema& envelope_schema = Schemas().Of(testing::Envelope::descriptor());
  static const FieldSchema* order = ResponseSchema().Find("order");
  MemberRedirection redirection{.key = "data", .entry = order, .into = &response};
  testing::Envelope envelope;
  const DecodeResult decoded = Decode(envelope_schema, document, envelope, &redirection);
  if (!decoded.ok || !decoded.drift.empty()) std::abort();
}

inline v1::CreateOrderResponse Response() {
  std::string document(kAnswer);
  v1::CreateOrderResponse response;
  ReadAnswer(document, response);
  return response;
}

}  // namespace msp::codec::measured
