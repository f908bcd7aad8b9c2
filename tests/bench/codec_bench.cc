// SPDX-License-Identifier: Apache-2.0

// What the codec costs for one direct card order and its answer, beside protobuf's own JSON.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "google/protobuf/util/json_util.h"
#include "service/codec/check.h"
#include "service/codec/encode.h"
#include "service/codec/redact.h"
#include "tests/bench/codec_case.h"

namespace msp::codec {
namespace {

namespace pb = google::protobuf;

using namespace measured;  // NOLINT(google-build-using-namespace)

void Encode(benchmark::State& state) {
  const v1::CreateOrderRequest request = Request();
  std::string out;
  for (auto _ : state) {
    out.clear();
    EncodeBody(RequestSchema(), request, out);
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
    EncodeBody(ResponseSchema(), response, out);
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

// All that a CreateOrder asks of the codec: its request checked and written, the answer read.
void Translate(benchmark::State& state) {
  const v1::CreateOrderRequest request = Request();
  std::string out;
  std::string document;
  for (auto _ : state) {
    if (!Check(RequestSchema(), request).empty()) std::abort();
    out.clear();
    EncodeBody(RequestSchema(), request, out);
    benchmark::DoNotOptimize(out.data());
    document.assign(kAnswer);
    v1::CreateOrderResponse response;
    ReadAnswer(document, response);
    benchmark::DoNotOptimize(&response);
  }
}
BENCHMARK(Translate);

void CheckOrder(benchmark::State& state) {
  const v1::CreateOrderRequest request = Request();
  for (auto _ : state) {
    if (!Check(RequestSchema(), request).empty()) std::abort();
  }
}
BENCHMARK(CheckOrder);

void RedactOrder(benchmark::State& state) {
  const v1::CreateOrderRequest request = Request();
  for (auto _ : state) benchmark::DoNotOptimize(Redacted(RequestSchema(), request));
}
BENCHMARK(RedactOrder);

void CopyAndZeroizeOrder(benchmark::State& state) {
  const v1::CreateOrderRequest request = Request();
  for (auto _ : state) {
    v1::CreateOrderRequest copy = request;
    Zeroize(RequestSchema(), copy);
    benchmark::DoNotOptimize(&copy);
  }
}
BENCHMARK(CopyAndZeroizeOrder);

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
