// SPDX-License-Identifier: Apache-2.0

// What is counted shows, with bounded labels, and every family shows from the start.
#include "service/telemetry/metrics.h"

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/telemetry/process.h"

namespace msp::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::size_t Lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(Metrics, TheFirstMethodsShowByNameAndLaterOnesAsOther) {
  Metrics metrics;
  for (std::size_t i = 0; i <= kMethodsMax; ++i) {
    EXPECT_THAT(metrics.Exposition(), Not(HasSubstr(R"(method="other")"))) << i;
    metrics.CountRetry("Method" + std::to_string(i));
  }
  EXPECT_THAT(metrics.Exposition(), HasSubstr(R"(msp_retries_total{method="other"} 1)"));
}

TEST(Metrics, CountsShowUnderTheirLabels) {
  Metrics metrics;
  for (int i = 0; i < 3; ++i)
    metrics.CountCall({.method = "CreateOrder",
                       .code = "OK",
                       .outcome = "CONFIRMED",
                       .total_us = 30'000,
                       .upstream_us = 20'000});
  metrics.CountRestCall({.send_outcome = "answered",
                         .http_status = 401,
                         .error_code = 1032,
                         .queue_us = 10,
                         .connect_us = 300,
                         .first_byte_us = 1'000,
                         .total_us = 2'000});
  metrics.CountDecline("FUNDS");
  metrics.CountReconciliation("CreateOrder", "unknown");
  metrics.CountCallerGone("CreateOrder", "CONFIRMED");
  const std::string text = metrics.Exposition();
  for (const char* line :
       {R"(msp_calls_total{code="OK",method="CreateOrder",outcome="CONFIRMED"} 3)",
        R"(msp_call_duration_seconds_bucket{method="CreateOrder",le="0.025"} 0)",
        R"(msp_call_duration_seconds_bucket{method="CreateOrder",le="0.05"} 3)",
        R"(msp_call_upstream_seconds_count{method="CreateOrder"} 3)",
        R"(msp_exchanges_total{error_code="1032",fate="answered",http_status="401"} 1)",
        R"(msp_exchange_duration_seconds_count{part="connect"} 1)",
        R"(msp_exchange_duration_seconds_count{part="tls"} 0)",
        R"(msp_declines_total{category="FUNDS"} 1)",
        R"(msp_reconciliations_total{method="CreateOrder",verdict="unknown"} 1)",
        R"(msp_callers_gone_total{method="CreateOrder",outcome="CONFIRMED"} 1)"})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(Metrics, ShardsAreSummedAtTheScrape) {
  Metrics metrics(/*enabled=*/true, /*shards=*/3);
  metrics.Prepare("CreateOrder", /*moves_money=*/true);
  for (const std::size_t shard : std::initializer_list<std::size_t>{0, 1, 2, 4}) {  // 4 is 1 of 3.
    std::thread([&] {
      CountInShard(shard);
      metrics.CountCall({.method = "CreateOrder",
                         .code = "OK",
                         .outcome = "CONFIRMED",
                         .total_us = 30'000,
                         .upstream_us = 20'000});
      if (shard == 2) metrics.CountDecline("FUNDS");
    }).join();
  }
  const std::string text = metrics.Exposition();
  for (const char* line :
       {R"(msp_calls_total{code="OK",method="CreateOrder",outcome="CONFIRMED"} 4)",
        R"(msp_call_duration_seconds_bucket{method="CreateOrder",le="0.025"} 0)",
        R"(msp_call_duration_seconds_bucket{method="CreateOrder",le="0.05"} 4)",
        R"(msp_call_duration_seconds_count{method="CreateOrder"} 4)",
        R"(msp_call_duration_seconds_sum{method="CreateOrder"} 0.12)",
        R"(msp_declines_total{category="FUNDS"} 1)", R"(msp_leases_unavailable_total 0)"})
    EXPECT_THAT(text, HasSubstr(line));
  const std::size_t first = text.find("msp_call_duration_seconds_count{method");
  EXPECT_EQ(text.find("msp_call_duration_seconds_count{method", first + 1), std::string::npos);
}

TEST(Metrics, EveryFamilyShowsBeforeItHasCounted) {
  const std::string text = Metrics().Exposition();
  for (const char* name : {"msp_calls_total", "msp_declines_total", "msp_upstream_drift_total",
                           "msp_retries_total", "msp_callers_gone_total"})
    EXPECT_THAT(text, HasSubstr(std::string("# TYPE ") + name + " counter\n"));
}

TEST(Metrics, SeriesOfTheAlertsExistAtZero) {
  Metrics metrics;
  metrics.Prepare("RefundOrder", /*moves_money=*/true);
  metrics.Prepare("GetOrder", /*moves_money=*/false);
  const std::string text = metrics.Exposition();
  EXPECT_THAT(
      text,
      HasSubstr(R"(msp_calls_total{code="UNKNOWN",method="RefundOrder",outcome="UNKNOWN"} 0)"));
  EXPECT_THAT(text,
              HasSubstr(R"(msp_reconciliations_total{method="RefundOrder",verdict="unknown"} 0)"));
  EXPECT_THAT(text, Not(HasSubstr(R"(verdict="unknown",method="GetOrder")")));
}

TEST(Metrics, TenThousandValuesFromOutsideMakeABoundedPage) {
  Metrics metrics;
  const auto count = [&metrics](int from, int to) {
    for (int i = from; i < to; ++i) {
      std::string value = "value_";  // In letters: digits are masked in labels from outside.
      for (const char digit : std::to_string(i)) value += static_cast<char>('a' + (digit - '0'));
      metrics.CountDrift("unknown_member", value);
      metrics.CountOddState(value, value);
      metrics.CountDecline(value);
      metrics.CountRestCall({.send_outcome = "answered", .http_status = i % 1000, .error_code = i});
      metrics.CountCall({.method = value, .code = "OK", .total_us = 1});
    }
  };
  count(0, 5'000);
  const std::size_t half = Lines(metrics.Exposition());
  count(5'000, 10'000);
  EXPECT_EQ(Lines(metrics.Exposition()), half);
  EXPECT_THAT(metrics.Exposition(), HasSubstr(R"(path="other"} 9800)"));
}

TEST(Metrics, LabelsFromOutsideCarryNoCardAndNoKey) {
  Metrics metrics;
  for (const char* secret : {"4111111111111111", "4111_1111_1111_1111", "card/4111 1111 1111 1111",
                             "a1b2c3d4e5f67890abcdef0123456789", "abcde-12345-key-of-the-site"}) {
    metrics.CountDrift("unknown_member", std::string("data.") + secret);
    metrics.CountOddState(secret, "completed");
    metrics.CountOddState("completed", secret);
  }
  const std::string text = metrics.Exposition();
  for (const char* part : {"4111", "1111", "a1b2", "abcde", "12345"})
    EXPECT_THAT(text, Not(HasSubstr(part)));
  EXPECT_THAT(text, HasSubstr(R"(path="other"} 5)"));
  EXPECT_THAT(text, HasSubstr(R"(pair="other/completed"} 5)"));
}

TEST(Metrics, NumbersFromOutsideShareOneSeries) {
  Metrics metrics;
  for (int i = 0; i < 1'000; ++i)
    metrics.CountDrift("unknown_member", "data.item" + std::to_string(i));
  EXPECT_THAT(metrics.Exposition(), HasSubstr(R"(path="data.item#"} 1000)"));
}

TEST(Metrics, ValuesCannotForgeALine) {
  Metrics metrics;
  metrics.CountDrift("unknown_member", "a\"} 1\nforged_total 7\n");
  EXPECT_THAT(metrics.Exposition(), Not(HasSubstr("\nforged_total")));
}

TEST(Metrics, DisabledOnesCountNothing) {
  Metrics metrics(/*enabled=*/false);
  metrics.CountRetry("GetOrder");
  metrics.CountDecline("FUNDS");
  EXPECT_THAT(metrics.Exposition(), Not(HasSubstr("GetOrder")));
  EXPECT_THAT(metrics.Exposition(), Not(HasSubstr("FUNDS")));
}

TEST(Metrics, ReadingsAreReadAtEachScrape) {
  Metrics metrics;
  double depth = 1;
  for (const char* kind : {"read", "write"})
    metrics.AddCollected({.name = "depth",
                          .help = "How deep.",
                          .label_name = "kind",
                          .label_value = kind,
                          .read = [&depth] { return depth; }});
  EXPECT_THAT(metrics.Exposition(), HasSubstr("# TYPE depth gauge\ndepth{kind=\"read\"} 1\n"));
  depth = 2;
  EXPECT_THAT(metrics.Exposition(), HasSubstr("depth{kind=\"write\"} 2\n"));
}

TEST(Metrics, ProcessIsDescribed) {
  Metrics metrics;
  AddProcessMetrics(metrics);
  const std::string text = metrics.Exposition();
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes",
                           "process_open_fds", "process_threads", "process_start_time_seconds"}) {
    const std::size_t at = text.find(std::string("\n") + name + " ");
    ASSERT_NE(at, std::string::npos) << name;
    EXPECT_GT(std::stod(text.substr(text.find(' ', at + 1))), 0) << name;
  }
}

}  // namespace
}  // namespace msp::telemetry
