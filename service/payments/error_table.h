// SPDX-License-Identifier: Apache-2.0

// MultiSafepay's error codes and what they mean for a caller (API documentation: error reference).
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace msp::payments {

// What an error code or HTTP status says about a call, before it is known whether money could move.
struct ErrorMeaning {
  absl::StatusCode code = absl::StatusCode::kUnknown;
  // True: MultiSafepay refused and nothing happened. False: the call may have been carried out all
  // the same, so a money-moving call has to look before it can say anything.
  bool certain = false;
};

// `error_code` came with HTTP status `http_status` and `text`; `creates` says that the call was
// POST /orders and `reads` that it was a GET: some codes mean opposite things there.
ErrorMeaning MeaningOfCode(int error_code, int http_status, std::string_view text, bool creates,
                           bool reads);

// An answer that carries no error code.
ErrorMeaning MeaningOfStatus(int http_status);

// Statuses that no error code can make certain: the answer may come from a proxy, or from a server
// that failed in mid-work.
bool StatusIsInconclusive(int http_status);

}  // namespace msp::payments
