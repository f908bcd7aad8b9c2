#include "service/http/send_outcome.h"

#include "gtest/gtest.h"

namespace msp::http {
namespace {

TEST(SendOutcome, FollowsFromWhatWasWrittenAndWhatCameBack) {
  struct Case {
    const char* name;
    TransferResult result;
    Fate fate;
    Failure failure;
  };
  const Case cases[] = {
      {"answered",
       {.written = true, .written_whole = true, .answer_begun = true, .answer_complete = true},
       Fate::kAnswered,
       Failure::kNone},
      {"answered before all was sent",
       {.written = true, .answer_begun = true, .answer_complete = true},
       Fate::kAnswered,
       Failure::kNone},
      {"half an answer",
       {.written = true, .written_whole = true, .answer_begun = true},
       Fate::kUnknown,
       Failure::kBroken},
      {"no answer", {.written = true, .written_whole = true}, Fate::kUnknown, Failure::kBroken},
      {"could not connect", {}, Fate::kNotSent, Failure::kConnect},
      {"deadline while connecting", {.deadline_passed = true}, Fate::kNotSent, Failure::kDeadline},
      {"deadline before the answer",
       {.written = true, .written_whole = true, .deadline_passed = true},
       Fate::kUnknown,
       Failure::kDeadline},
      {"too large",
       {.written = true, .written_whole = true, .answer_begun = true, .too_large = true},
       Fate::kUnknown,
       Failure::kTooLarge},
      {"cut short", {.written = true}, Fate::kNotSent, Failure::kBroken},
      {"cut short by the deadline",
       {.written = true, .deadline_passed = true},
       Fate::kNotSent,
       Failure::kDeadline},
      {"cut short with a part of an answer",
       {.written = true, .answer_begun = true},
       Fate::kUnknown,
       Failure::kBroken},
  };
  for (const Case& c : cases) {
    const SendOutcome outcome = Classify(c.result);
    EXPECT_EQ(outcome.fate, c.fate) << c.name;
    EXPECT_EQ(outcome.failure, c.failure) << c.name;
  }
}

}  // namespace
}  // namespace msp::http
