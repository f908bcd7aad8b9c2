// SPDX-License-Identifier: Apache-2.0

// The API's published samples through the codec: every value of every answer arrives, and every
// order that a sample creates leaves as it came.
#include "tests/codec/fixtures.h"

#include <map>
#include <memory>

#include "multisafepay/v1/order_service.pb.h"
#include "multisafepay/v1/payment_method_service.pb.h"
#include "multisafepay/v1/token_service.pb.h"
#include "multisafepay/v1/transaction_service.pb.h"
#include "service/codec/check.h"
#include "service/codec/encode.h"
#include "tests/codec/oracle.h"
#include "tests/codec/schemas.h"

namespace msp::codec {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;
using oracle::Node;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

// Where an answer's `data` goes: a message and its field; without a field the data is the message
// itself.
struct Target {
  const pb::Message* message;
  const char* field;
};

const Target kOrder{&v1::GetOrderResponse::default_instance(), "order"};
const Target kCapture{&v1::CaptureOrderResponse::default_instance(), "capture"};
const Target kRefund{&v1::RefundOrderResponse::default_instance(), "refund"};
const Target kVoid{&v1::VoidOrderResponse::default_instance(), "authorization_void"};
const Target kUpdate{&v1::UpdateOrderResponse::default_instance(), "update"};
const Target kToken{&v1::GetTokenResponse::default_instance(), "token"};
const Target kTokens{&v1::ListTokensResponse::default_instance(), nullptr};
const Target kTokenUpdate{&v1::UpdateTokenResponse::default_instance(), "update"};
const Target kTokenRemoval{&v1::DeleteTokenResponse::default_instance(), "removal"};
const Target kGateway{&v1::GetGatewayResponse::default_instance(), "gateway"};
const Target kGateways{&v1::ListGatewaysResponse::default_instance(), "gateways"};
const Target kMethods{&v1::ListPaymentMethodsResponse::default_instance(), "payment_methods"};
const Target kTransactions{&v1::ListTransactionsResponse::default_instance(), "transactions"};
const Target kNoCall{nullptr, nullptr};  // An answer to a call that the service does not make.

const std::map<std::string, Target>& Answers() {
  static const std::map<std::string, Target> answers{
      {"historical/cancel-authorization-response.json", kVoid},
      {"historical/order-flexible-3d-disabled-response.json", kOrder},
      {"historical/order-flexible-3d-enabled-response-repaired.json", kOrder},
      {"historical/order-get-manual-capture-authorized.json", kOrder},
      {"historical/order-get-manual-capture-captured.json", kOrder},
      {"historical/order-get-refunded-with-related-transactions.json", kOrder},
      {"historical/order-get-zero-authorization.json", kOrder},
      {"historical/order-recurring-subsequent-response.json", kOrder},
      {"historical/order-server-to-server-card-response.json", kOrder},
      {"reference-response.json", kOrder},
      {"responses/api-token.json", kNoCall},
      {"responses/cancel-authorization.json", kVoid},
      {"responses/capture.json", kCapture},
      {"responses/closing-balances.json", kNoCall},
      {"responses/gateway-get.json", kGateway},
      {"responses/gateways-list-with-coupons.json", kGateways},
      {"responses/gateways-list.json", kGateways},
      {"responses/order-cancel-bancontact-qr.json", kOrder},
      {"responses/order-create-direct-ideal-webhook-page.json", kOrder},
      {"responses/order-create-direct-ideal.json", kOrder},
      {"responses/order-create-fastcheckout.json", kOrder},
      {"responses/order-create-redirect.json", kOrder},
      {"responses/order-get-card-3ds-failed.json", kOrder},
      {"responses/order-get-card-3ds-frictionless.json", kOrder},
      {"responses/order-get-ideal.json", kOrder},
      {"responses/patch-order-cancel.json", kUpdate},
      {"responses/patch-order-partially-ship.json", kUpdate},
      {"responses/payment-methods-list.json", kMethods},
      {"responses/refund-order-refund-id.json", kRefund},
      {"responses/refund-order.json", kRefund},
      {"responses/refund-partial-shipment.json", kRefund},
      {"responses/token-delete.json", kTokenRemoval},
      {"responses/token-get.json", kToken},
      {"responses/token-update.json", kTokenUpdate},
      {"responses/tokens-list.json", kTokens},
      {"responses/transactions-list.json", kTransactions},
  };
  return answers;
}

const SchemaSet& Schemas() {
  static const SchemaSet& schemas = *[] {
    std::vector<const pb::Descriptor*> roots{
        testing::Envelope::descriptor(),       v1::Order::descriptor(),
        v1::CreateOrderRequest::descriptor(),  v1::UpdateOrderRequest::descriptor(),
        v1::CancelOrderRequest::descriptor(),  v1::CaptureOrderRequest::descriptor(),
        v1::VoidOrderRequest::descriptor(),    v1::RefundOrderRequest::descriptor(),
        v1::CancelRefundRequest::descriptor(), v1::UpdateTokenRequest::descriptor()};
    for (const auto& [name, target] : Answers()) {
      if (target.message != nullptr) roots.push_back(target.message->GetDescriptor());
    }
    return new SchemaSet(roots);
  }();
  return schemas;
}

bool IsAnswer(const std::string& name) {
  return name.starts_with("responses/") || name.find("response") != std::string::npos ||
         name.find("order-get-") != std::string::npos;
}

// The document's members but `data`.
Node WithoutData(const Node& document) {
  Node rest{Node::Kind::kObject};
  for (const auto& member : document.members) {
    if (member.name != "data") rest.members.push_back(member);
  }
  return rest;
}

TEST(Fixtures, EveryValueOfEveryAnswerArrives) {
  for (const auto& [name, text] : Fixtures()) {
    if (!IsAnswer(name)) continue;
    SCOPED_TRACE(name);
    const auto row = Answers().find(name);
    ASSERT_NE(row, Answers().end()) << "no row for this answer";
    const Target target = row->second;
    if (target.message == nullptr) continue;

    const std::unique_ptr<pb::Message> response(target.message->New());
    const MessageSchema& schema = Schemas().Of(response->GetDescriptor());
    testing::Envelope envelope;
    MemberRedirection redirection{.key = "data", .into = response.get(), .schema = &schema};
    if (target.field != nullptr) {
      redirection.entry = schema.Find(target.field);
      ASSERT_NE(redirection.entry, nullptr);
    }
    std::string body = text;
    const DecodeResult decoded =
        Decode(Schemas().Of(testing::Envelope::descriptor()), body, envelope, &redirection);
    EXPECT_TRUE(decoded.ok) << decoded.error;
    EXPECT_TRUE(redirection.fits);
    EXPECT_THAT(Names(decoded.drift), IsEmpty());

    const oracle::Parsed parsed = oracle::Parse(text);
    ASSERT_TRUE(parsed.document.has_value());
    EXPECT_THAT(oracle::Lost(WithoutData(*parsed.document), envelope), IsEmpty());
    const Node& data = *parsed.document->Find("data");
    Node object = data;
    if (target.field != nullptr) {
      object = Node{Node::Kind::kObject};
      object.members.push_back({target.field, data});
    }
    EXPECT_THAT(oracle::Lost(object, *response), IsEmpty());
  }
}

TEST(Fixtures, NotificationsAreOrders) {
  for (const auto& [name, text] : Fixtures()) {
    if (name != "webhook-payload.json") continue;
    std::string body = text;
    v1::Order order;
    const DecodeResult decoded = Decode(Schemas().Of(v1::Order::descriptor()), body, order);
    EXPECT_TRUE(decoded.ok) << decoded.error;
    EXPECT_THAT(Names(decoded.drift), IsEmpty());
    EXPECT_THAT(oracle::Lost(*oracle::Parse(text).document, order), IsEmpty());
  }
}

TEST(Fixtures, EveryErrorHasItsCodeOrMessage) {
  for (const auto& [name, text] : Fixtures()) {
    if (!name.starts_with("errors/")) continue;
    SCOPED_TRACE(name);
    std::string body = text;
    testing::Envelope envelope;
    v1::GetOrderResponse response;
    const MessageSchema& schema = Schemas().Of(response.GetDescriptor());
    MemberRedirection redirection{.key = "data", .entry = schema.Find("order"), .into = &response};
    const DecodeResult decoded =
        Decode(Schemas().Of(testing::Envelope::descriptor()), body, envelope, &redirection);
    EXPECT_TRUE(decoded.ok) << decoded.error;
    EXPECT_THAT(Names(decoded.drift), IsEmpty());
    EXPECT_THAT(oracle::Lost(WithoutData(*oracle::Parse(text).document), envelope), IsEmpty());
    EXPECT_TRUE(envelope.has_error_code() || envelope.has_message());
    EXPECT_FALSE(envelope.success());
  }
}

// What a request becomes on its way through its message, where that is not what it was: "U:" a
// member that the message does not have, which is fixed by the method that is called and added by
// the service, or not needed.
const std::map<std::string, std::vector<std::string>>& Normalisations() {
  using Changes = std::vector<std::string>;
  static const Changes kStatusOfTheMethod{"U:status", "status was lost"};
  static const Changes kCaptureStatusOfTheMethod{"U:new_order_status", "new_order_status was lost"};
  static const Changes kAmountAsInteger{"amount changed its type"};
  static const std::map<std::string, Changes> rows{
      // Declared strings that the sample writes as integers, or the other way round.
      {"historical/order-split-payments-request.json",
       {"affiliate.split_payments[0].merchant changed its type",
        "affiliate.split_payments[1].merchant changed its type"}},
      {"historical/refund-request.json", kAmountAsInteger},
      {"requests/order-card-direct.json", {"gateway_info.card_expiry_date changed its type"}},
      {"requests/patch-order-partially-ship.json", kAmountAsInteger},
      {"requests/token-update-expiry.json", {"expiry_date changed its type"}},
      // Members that the service adds itself, from the method that is called.
      {"historical/capture-partial-request.json", kCaptureStatusOfTheMethod},
      {"historical/patch-order-cancel-request.json",
       {"U:status", "exclude_order changed its type", "status was lost"}},
      {"requests/capture-cancel-authorization.json", kStatusOfTheMethod},
      {"requests/capture-full.json", kCaptureStatusOfTheMethod},
      {"requests/capture-partial.json", kCaptureStatusOfTheMethod},
      {"requests/patch-order-cancel.json", kStatusOfTheMethod},
      {"requests/refund-cancel.json", kStatusOfTheMethod},
      // The id is in the path already.
      {"historical/patch-order-ship-request.json", {"U:id", "id was lost"}},
  };
  return rows;
}

const pb::Message* RequestOf(const std::string& name) {
  const std::string file = name.substr(name.find('/') + 1);
  if (name.starts_with("errors/") || IsAnswer(name) || name.starts_with("webhook")) return nullptr;
  if (file == "reference-request.json" || file.starts_with("order-")) {
    return &v1::CreateOrderRequest::default_instance();
  }
  if (file == "capture-cancel-authorization.json") return &v1::VoidOrderRequest::default_instance();
  if (file.starts_with("capture-")) return &v1::CaptureOrderRequest::default_instance();
  if (file.starts_with("patch-order-cancel")) return &v1::CancelOrderRequest::default_instance();
  if (file.starts_with("patch-order-")) return &v1::UpdateOrderRequest::default_instance();
  if (file == "refund-cancel.json") return &v1::CancelRefundRequest::default_instance();
  if (file.starts_with("refund")) return &v1::RefundOrderRequest::default_instance();
  if (file.starts_with("token-update")) return &v1::UpdateTokenRequest::default_instance();
  ADD_FAILURE() << "no message for " << name;
  return nullptr;
}

TEST(Fixtures, EveryRequestLeavesAsItCame) {
  for (const auto& [name, text] : Fixtures()) {
    const pb::Message* prototype = RequestOf(name);
    if (prototype == nullptr) continue;
    SCOPED_TRACE(name);
    const std::unique_ptr<pb::Message> request(prototype->New());
    const MessageSchema& schema = Schemas().Of(request->GetDescriptor());
    std::string body = text;
    const DecodeResult decoded = DecodeAll(schema, body, *request);
    EXPECT_TRUE(decoded.ok) << decoded.error;
    std::vector<std::string> changes = Names(decoded.drift);
    std::string again;
    EncodeBody(schema, *request, again);
    const oracle::Parsed before = oracle::Parse(text);
    const oracle::Parsed after = oracle::Parse(again);
    ASSERT_TRUE(after.document.has_value()) << again;
    for (std::string& change : oracle::Differences(*before.document, *after.document)) {
      changes.push_back(std::move(change));
    }
    const auto row = Normalisations().find(name);
    EXPECT_THAT(changes, ElementsAreArray(row == Normalisations().end() ? std::vector<std::string>{}
                                                                        : row->second));
  }
}

}  // namespace
}  // namespace msp::codec
