// A label has as many values as its table says, whatever comes from outside.
#include "service/telemetry/labels.h"

#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace msp::telemetry {
namespace {

TEST(LabelValues, KnownValueKeepsItsNumber) {
  LabelValues values(3);
  const std::size_t paid = values.NumberOf("paid");
  EXPECT_NE(values.NumberOf("void"), paid);
  EXPECT_EQ(values.NumberOf("paid"), paid);
  EXPECT_EQ(values.ValueOf(paid), "paid");
}

TEST(LabelValues, WhatComesAfterTheLastNumberIsOther) {
  LabelValues values(2);
  values.NumberOf("a");
  values.NumberOf("b");
  EXPECT_EQ(values.ValueOf(values.NumberOf("c")), "other");
  EXPECT_EQ(values.NumberOf("c"), values.NumberOf("d"));
  EXPECT_EQ(values.ValueOf(values.NumberOf("a")), "a");
}

TEST(LabelValues, LongValueIsCutAtACharacter) {
  LabelValues values(1);
  const std::string text = std::string(79, 'a') + "\xc3\xa9";  // The 80th byte begins an e acute.
  EXPECT_EQ(values.ValueOf(values.NumberOf(text)), std::string(79, 'a'));
}

TEST(LabelValues, ThreadsThatAddTheSameValuesAgreeOnTheirNumbers) {
  LabelValues values(50);
  std::vector<std::vector<std::size_t>> seen(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : seen) {
      threads.emplace_back([&values, &mine] {
        for (int i = 0; i < 100; ++i) mine.push_back(values.NumberOf(std::to_string(i % 60)));
      });
    }
  }
  for (std::size_t i = 0; i < 100; ++i) {
    for (const auto& other : seen) {
      if (values.ValueOf(other[i]) == "other") continue;
      EXPECT_EQ(values.ValueOf(other[i]), std::to_string(i % 60));
    }
  }
}

}  // namespace
}  // namespace msp::telemetry
