// SPDX-License-Identifier: Apache-2.0

// Writes the fuzz targets' first inputs below the directory given: JSON texts for decode,
// serialized requests for those that start from a message.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "google/protobuf/struct.pb.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/codec/decode.h"
#include "service/payments/operation.h"
#include "tests/codec/documents.h"

namespace msp::codec {
namespace {

namespace fs = std::filesystem;

class Corpus {
 public:
  explicit Corpus(fs::path directory) : directory_(std::move(directory)) {
    fs::create_directories(directory_);
  }
  void Add(std::string_view content) {
    std::ofstream file(directory_ / ("seed" + std::to_string(count_++)), std::ios::binary);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    if (!file.flush()) std::exit(1);
  }

 private:
  fs::path directory_;
  int count_ = 0;
};

// A request with a cart, free-form parts and fields of the service's own.
constexpr std::string_view kOrders[] = {
    R"({"type":"direct","order_id":"my-order-0017","currency":"EUR","amount":12995,"gateway":"CREDITCARD","description":"2 tins",
        "payment_options":{"notification_url":"https://shop.example.org/hook?order=17","close_window":true,"settings":{"a":[1,null,{"b":"c"}]}},
        "customer":{"locale":"nl_NL","ip_address":"192.0.2.17","first_name":"J\u00fcrgen","email":"j@example.org",
        "browser":{"java_enabled":0,"language":"nl"}},"gateway_info":{"card_number":"4761 3400 0000 0019","card_expiry_date":2812,"card_cvc":"012"},
        "control":{"idempotency_key":"k.1","repeat":true}})",
    R"({"type":"redirect","order_id":"a/b c","amount":0,"description":"<3 & more","shopping_cart":{"items":[{"name":"Tin",
        "unit_price":"45.45","quantity":2},{"name":"Post","unit_price":-4.5,"quantity":"1"}]},"custom_info":{"custom_1":""},
        "affiliate":{"split_payments":[{"merchant":1001,"percentage":12.5,"description":"d"}]},"days_active":30,"manual":"0"})",
    "{}",
};

// A request of each kind that has a shape of its own, after the name of its operation.
struct Sample {
  std::string_view operation;
  std::string_view json;
};
constexpr Sample kRequests[] = {
    {"UpdateOrder",
     R"({"order_id":"my-order-0017","status":"shipped","tracktrace_code":"3S1","tracktrace_url":"https://post.example/3S1","carrier":"Post",
        "ship_date":"2026-11-25","control":{"repeat":true}})"},
    {"CaptureOrder", R"({"order_id":"my-order-0017","amount":100,"new_order_status":"completed"})"},
    {"VoidOrder", R"({"order_id":"my-order-0017","status":"cancelled","reason":"sold out"})"},
    {"RefundOrder",
     R"({"order_id":"my-order-0017","amount":100,"currency":"EUR","description":"one tin back"})"},
    {"CancelRefund", R"({"order_id":"my-order-0017","refund_id":"refund-1"})"},
    {"GetToken", R"({"reference":"a customer","token":"J29vtxfXFmAZtb4aOYlFPa9pI2sS"})"},
    {"ListTransactions", R"({"limit":10,"completed_from":"2026-11-25T00:00:00"})"},
};

// As validate_fuzz reads them: the row of the operation, then the request.
void WriteRequests(const fs::path& directory) {
  const payments::Operations operations;
  Corpus corpus(directory);
  char row_index = 0;
  for (const payments::OperationRow& row : payments::OperationRows()) {
    const auto add = [&](std::string_view json) {
      std::string document(json);
      const std::unique_ptr<google::protobuf::Message> request(row.request->New());
      const MessageSchema& schema = *operations.Find(row.name).request_schema;
      if (!DecodeAll(schema, document, *request).ok) std::exit(1);
      corpus.Add(row_index + request->SerializePartialAsString());
    };
    if (row.name == "CreateOrder") {
      for (const std::string_view order : kOrders) add(order);
    }
    for (const Sample& sample : kRequests) {
      if (sample.operation == row.name) add(sample.json);
    }
    add(R"({"order_id":"my-order-0017"})");
    ++row_index;
  }
}

// What a caller may put into `more`, what it may not, and what an answer may bring.
constexpr std::string_view kMembers[] = {
    R"({"zeta":[1,{"deep":null}],"alpha":"1","note \"q\"":true,"part":0.25,"loyalty":{"tier":3}})",
    R"({"a":{"b":[{"cardNumber":"x"}]},"amount":5})",
    R"({"note":["pay with 4111 1111-1111.1111, please"]})",
    R"({"number":4111111111111111})",
    R"({"a":{"4111111111111111":"x"}})",
    R"({"number":9007199254740994})",
    "{}",
};
constexpr std::string_view kValues[] = {
    R"({"id":123456789012345678901,"list":[1.50,"x",null,true,1e3,-0,{"a":1,"a":2}]})",
    "0.10",
    R"("text \u00e9 \ud83d\ude00")",
    "null",
    "[]",
};
constexpr char kUnmodelledCases = 9;  // As many as unmodelled_fuzz has.

// As more_fuzz and unmodelled_fuzz read them: where, how, and then the value.
void WriteMembers(const fs::path& root) {
  Corpus more(root / "more");
  Corpus unmodelled(root / "unmodelled");
  for (char one = 0; one < kUnmodelledCases; ++one) {
    for (const std::string_view members : kMembers) {
      for (char how = 0; how < 4; how += 2) more.Add(std::string{one, how}.append(members));
    }
    for (const std::string_view value : kValues) unmodelled.Add(std::string(1, one).append(value));
  }
  google::protobuf::Struct serialized;
  (*serialized.mutable_fields())["loyalty"].set_number_value(3.5);
  more.Add(std::string{0, 1} + serialized.SerializeAsString());
}

void WriteAll(const fs::path& root) {
  WriteRequests(root / "validate");
  WriteMembers(root);

  Corpus decode(root / "decode");
  decode.Add(kOrderAnswer);
  decode.Add(kRefundedAnswer);
  for (const std::string_view document : kErrorAnswers) decode.Add(document);
  for (const std::string_view document : kEverything) decode.Add(document);

  using multisafepay::v1::CreateOrderRequest;
  const SchemaSet schemas({CreateOrderRequest::descriptor()});
  Corpus encode(root / "encode_roundtrip");
  Corpus check(root / "check");
  for (const std::string_view order : kOrders) {
    std::string document(order);
    CreateOrderRequest request;
    if (!DecodeAll(schemas.Of(CreateOrderRequest::descriptor()), document, request).ok)
      std::exit(1);
    encode.Add(request.SerializeAsString());
    check.Add(request.SerializeAsString());
  }
}

}  // namespace
}  // namespace msp::codec

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  msp::codec::WriteAll(argv[1]);
  return 0;
}
