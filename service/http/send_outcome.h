// SPDX-License-Identifier: Apache-2.0

// The outcome of a request by the end of its transfer. Pure functions; any thread.
//
// Before the first byte was written the request was not sent. From the first byte on the outcome is
// unknown until a complete answer is there. One exception: the connection ended before it accepted
// the whole request. A server cannot act on a request whose end it has not received.
#pragma once

#include "service/http/client.h"

namespace msp::http {

struct TransferResult {
  bool written = false;        // The connection accepted a byte of the request.
  bool written_whole = false;  // It accepted all of it.
  bool answer_begun = false;   // A byte of an answer came.
  bool answer_complete = false;
  bool too_large = false;        // The answer was larger than its bound.
  bool deadline_passed = false;  // The request's whole time has elapsed.
  bool abandoned = false;        // Nobody waits for the answer any more.
};

struct SendOutcome {
  CallOutcome outcome = CallOutcome::kNotSent;
  TransferError failure = TransferError::kNone;
};

SendOutcome Classify(const TransferResult& result);

}  // namespace msp::http
