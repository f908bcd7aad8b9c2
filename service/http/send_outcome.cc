// SPDX-License-Identifier: Apache-2.0

#include "service/http/send_outcome.h"

namespace msp::http {

SendOutcome Classify(const TransferResult& result) {
  if (result.answer_complete) return {CallOutcome::kConfirmed, TransferError::kNone};
  const bool cut_short = !result.written_whole && !result.answer_begun;
  const CallOutcome outcome =
      !result.written || cut_short ? CallOutcome::kNotSent : CallOutcome::kUnknown;
  if (!result.written && result.abandoned) return {outcome, TransferError::kAbandoned};
  if (result.too_large) return {outcome, TransferError::kTooLarge};
  if (result.deadline_passed) return {outcome, TransferError::kDeadline};
  return {outcome, result.written ? TransferError::kBroken : TransferError::kConnect};
}

}  // namespace msp::http
