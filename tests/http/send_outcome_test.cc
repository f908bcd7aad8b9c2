// SPDX-License-Identifier: Apache-2.0

#include "service/http/send_outcome.h"

#include "gtest/gtest.h"

namespace msp::http {
namespace {

TEST(SendOutcome, FollowsFromWhatWasWrittenAndWhatCameBack) {
  const struct {
    const char* name;
    TransferResult result;
    CallOutcome outcome;
    TransferError failure;
  } cases[] = {
      {"answered",
       {.written = true, .written_whole = true, .answer_begun = true, .answer_complete = true},
       CallOutcome::kConfirmed,
       TransferError::kNone},
      {"answered before all was sent",
       {.written = true, .answer_begun = true, .answer_complete = true},
       CallOutcome::kConfirmed,
       TransferError::kNone},
      {"half an answer",
       {.written = true, .written_whole = true, .answer_begun = true},
       CallOutcome::kUnknown,
       TransferError::kBroken},
      {"no answer",
       {.written = true, .written_whole = true},
       CallOutcome::kUnknown,
       TransferError::kBroken},
      {"could not connect", {}, CallOutcome::kNotSent, TransferError::kConnect},
      {"deadline while connecting",
       {.deadline_passed = true},
       CallOutcome::kNotSent,
       TransferError::kDeadline},
      {"deadline before the answer",
       {.written = true, .written_whole = true, .deadline_passed = true},
       CallOutcome::kUnknown,
       TransferError::kDeadline},
      {"too large",
       {.written = true, .written_whole = true, .answer_begun = true, .too_large = true},
       CallOutcome::kUnknown,
       TransferError::kTooLarge},
      {"cut short", {.written = true}, CallOutcome::kNotSent, TransferError::kBroken},
      {"cut short by the deadline",
       {.written = true, .deadline_passed = true},
       CallOutcome::kNotSent,
       TransferError::kDeadline},
      {"cut short with a part of an answer",
       {.written = true, .answer_begun = true},
       CallOutcome::kUnknown,
       TransferError::kBroken},
  };
  for (const auto& c : cases) {
    const SendOutcome outcome = Classify(c.result);
    EXPECT_EQ(outcome.outcome, c.outcome) << c.name;
    EXPECT_EQ(outcome.failure, c.failure) << c.name;
  }
}

}  // namespace
}  // namespace msp::http
