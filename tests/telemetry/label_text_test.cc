// SPDX-License-Identifier: Apache-2.0

#include "service/telemetry/label_text.h"

#include <string>

#include "gtest/gtest.h"

namespace msp::telemetry {
namespace {

TEST(LabelText, KeepsNamesAndNothingThatCouldBeASecret) {
  const struct {
    std::string text;
    const char* label;
  } kRows[] = {
      {"", ""},
      {"data.payment_details.new_member", "data.payment_details.new_member"},
      {"data.related_transactions[].costs", "data.related_transactions[].costs"},
      {"data.address1", "data.address#"},
      {"data.a12b34", "data.a#b#"},
      {"completed/uncleared", "completed/uncleared"},
      {"4111111111111111", "other"},
      {"data.4111_1111_1111_1111", "other"},
      {"41111/1111", "other"},
      {"CVC 123", "other"},
      {"123/completed", "#/completed"},
      {"data.a1b2c3d4e5f67890abcdef0123456789", "other"},
      {"abcde-12345-key-of-the-site", "other"},
      {"data.key=x", "other"},
      {"caf\xC3\xA9", "other"},
      {"line\nforged", "other"},
      {std::string(40, 'x'), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
      {std::string(41, 'x'), "other"},
      {std::string(40, 'x') + "." + std::string(40, 'x'), "other"},
  };
  for (const auto& row : kRows) EXPECT_EQ(LabelText(row.text), row.label) << row.text;
}

}  // namespace
}  // namespace msp::telemetry
