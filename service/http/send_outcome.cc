#include "service/http/send_outcome.h"

namespace msp::http {

SendOutcome Classify(const TransferResult& result) {
  if (result.answer_complete) return {Fate::kAnswered, Failure::kNone};
  const bool cut_short = !result.written_whole && !result.answer_begun;
  const Fate fate = !result.written || cut_short ? Fate::kNotSent : Fate::kUnknown;
  if (result.too_large) return {fate, Failure::kTooLarge};
  if (result.deadline_passed) return {fate, Failure::kDeadline};
  return {fate, result.written ? Failure::kBroken : Failure::kConnect};
}

}  // namespace msp::http
