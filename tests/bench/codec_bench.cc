// What the codec costs for one direct card order and its answer, beside protobuf's own JSON.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "access/msp_codec_testing_proto.h"
#include "codec/testing.pb.h"
#include "google/protobuf/util/json_util.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/codec/check.h"
#include "service/codec/decode.h"
#include "service/codec/encode.h"
#include "service/codec/redact.h"

namespace msp::codec {
namespace {

namespace v1 = multisafepay::v1;
namespace pb = google::protobuf;

constexpr std::string_view kOrder = R"({
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
constexpr std::string_view kAnswer = R"({
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

const PlanSet& Plans() {
  static const PlanSet plans(
      {v1::CreateOrderRequest::descriptor(), v1::CreateOrderResponse::descriptor(),
       testing::Envelope::descriptor()},
      {access::MspCodecTestingProto()});
  return plans;
}
const Plan& RequestPlan() {
  static const Plan& plan = Plans().Of(v1::CreateOrderRequest::descriptor());
  return plan;
}
const Plan& ResponsePlan() {
  static const Plan& plan = Plans().Of(v1::CreateOrderResponse::descriptor());
  return plan;
}

v1::CreateOrderRequest Request() {
  std::string document(kOrder);
  v1::CreateOrderRequest request;
  if (!DecodeAll(RequestPlan(), document, request).ok) std::abort();
  return request;
}

void ReadAnswer(std::string& document, v1::CreateOrderResponse& response) {
  static const Plan& envelope_plan = Plans().Of(testing::Envelope::descriptor());
  static const Entry* order = ResponsePlan().Find("order");
  Splice splice{.key = "data", .entry = order, .into = &response};
  testing::Envelope envelope;
  const Decoded decoded = Decode(envelope_plan, document, envelope, &splice);
  if (!decoded.ok || !decoded.drift.empty()) std::abort();
}

v1::CreateOrderResponse Response() {
  std::string document(kAnswer);
  v1::CreateOrderResponse response;
  ReadAnswer(document, response);
  return response;
}

void Encode(benchmark::State& state) {
  const v1::CreateOrderRequest request = Request();
  std::string out;
  for (auto _ : state) {
    out.clear();
    EncodeBody(RequestPlan(), request, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["bytes"] = static_cast<double>(out.size());
}
BENCHMARK(Encode);

// What the design's numbers mean: the whole answer, 58 scalars, written again.
void EncodeAnswer(benchmark::State& state) {
  const v1::CreateOrderResponse response = Response();
  std::string out;
  for (auto _ : state) {
    out.clear();
    EncodeBody(ResponsePlan(), response, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["bytes"] = static_cast<double>(out.size());
}
BENCHMARK(EncodeAnswer);

void EncodeByJsonUtil(benchmark::State& state) {
  const v1::CreateOrderRequest request = Request();
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string out;
  for (auto _ : state) {
    out.clear();
    if (!pb::util::MessageToJsonString(request, &out, options).ok()) std::abort();
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(EncodeByJsonUtil);

void DecodeAnswer(benchmark::State& state) {
  std::string document;
  for (auto _ : state) {
    document.assign(kAnswer);
    v1::CreateOrderResponse response;
    ReadAnswer(document, response);
    benchmark::DoNotOptimize(&response);
  }
  state.counters["bytes"] = static_cast<double>(kAnswer.size());
}
BENCHMARK(DecodeAnswer);

void DecodeAnswerIntoOneMessage(benchmark::State& state) {
  std::string document;
  v1::CreateOrderResponse response;
  for (auto _ : state) {
    document.assign(kAnswer);
    response.Clear();
    ReadAnswer(document, response);
    benchmark::DoNotOptimize(&response);
  }
}
BENCHMARK(DecodeAnswerIntoOneMessage);

void DecodeByJsonUtil(benchmark::State& state) {
  // The answer with protobuf's own spelling, since json_util refuses the API's.
  std::string json;
  pb::util::JsonPrintOptions print;
  print.preserve_proto_field_names = true;
  if (!pb::util::MessageToJsonString(Response(), &json, print).ok()) std::abort();
  for (auto _ : state) {
    v1::CreateOrderResponse response;
    if (!pb::util::JsonStringToMessage(json, &response).ok()) std::abort();
    benchmark::DoNotOptimize(&response);
  }
}
BENCHMARK(DecodeByJsonUtil);

void CheckOrder(benchmark::State& state) {
  const v1::CreateOrderRequest request = Request();
  for (auto _ : state) {
    if (!Check(RequestPlan(), request).empty()) std::abort();
  }
}
BENCHMARK(CheckOrder);

void RedactOrder(benchmark::State& state) {
  const v1::CreateOrderRequest request = Request();
  for (auto _ : state) benchmark::DoNotOptimize(Redacted(RequestPlan(), request));
}
BENCHMARK(RedactOrder);

void CopyAndWipeOrder(benchmark::State& state) {
  const v1::CreateOrderRequest request = Request();
  for (auto _ : state) {
    v1::CreateOrderRequest copy = request;
    Wipe(RequestPlan(), copy);
    benchmark::DoNotOptimize(&copy);
  }
}
BENCHMARK(CopyAndWipeOrder);

void CopyOrder(benchmark::State& state) {
  const v1::CreateOrderRequest request = Request();
  for (auto _ : state) {
    v1::CreateOrderRequest copy = request;
    benchmark::DoNotOptimize(&copy);
  }
}
BENCHMARK(CopyOrder);

// Keeps the times and prints, at the end, how the codec compares.
class Ratios : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.repetitions == 1 || run.aggregate_name == "median") {
        time_ns_[run.run_name.function_name] = run.GetAdjustedCPUTime();
      }
    }
  }
  void Finalize() override {
    Print("encode", "EncodeByJsonUtil", "Encode");
    Print("decode", "DecodeByJsonUtil", "DecodeAnswer");
  }

 private:
  void Print(const char* what, const char* theirs, const char* ours) {
    if (time_ns_.count(theirs) == 0 || time_ns_.count(ours) == 0) return;
    std::printf("%s: protobuf's json_util takes %.1f times as long (%.0f ns against %.0f ns)\n",
                what, time_ns_[theirs] / time_ns_[ours], time_ns_[theirs], time_ns_[ours]);
  }
  std::map<std::string, double> time_ns_;
};

}  // namespace
}  // namespace msp::codec

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  msp::codec::Ratios reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}
