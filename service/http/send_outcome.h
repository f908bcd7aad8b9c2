// SPDX-License-Identifier: Apache-2.0

// What the end of a transfer says about the request. Pure functions; any thread.
//
// A connection that ended before the first byte was written costs nothing: the request was not
// sent. From the first byte on the outcome is unknown until a complete answer is there. One
// exception: the connection ended before it had taken the whole request. A server cannot act on a
// request whose end it has not received.
#pragma once

#include "service/http/client.h"

namespace msp::http {

struct TransferResult {
  bool written = false;        // The connection took a byte of the request.
  bool written_whole = false;  // It took all of it.
  bool answer_begun = false;   // A byte of an answer came.
  bool answer_complete = false;
  bool too_large = false;        // The answer was larger than its bound.
  bool deadline_passed = false;  // The request's whole time was used up.
};

struct SendOutcome {
  CallOutcome outcome = CallOutcome::kNotSent;
  TransferError failure = TransferError::kNone;
};

SendOutcome Classify(const TransferResult& result);

}  // namespace msp::http
