// SPDX-License-Identifier: Apache-2.0

// MultiSafepay's error codes and what they mean for a caller (API documentation: error reference).
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace msp::payments {

// The meaning of an error code or HTTP status for a call, whether or not money could move.
struct ErrorMeaning {
  absl::StatusCode code = absl::StatusCode::kUnknown;
  // True: MultiSafepay refused and nothing happened. False: the call may have been carried out, so
  // a money-moving call has to look up the order first.
  bool conclusive = false;
};

// `error_code` came with HTTP status `http_status` and `text`. `creates`: the call was POST
// /orders; `reads`: it was a GET. Some codes have the opposite meaning there.
ErrorMeaning MeaningOfCode(int error_code, int http_status, std::string_view text, bool creates,
                           bool reads);

// An answer that carries no error code.
ErrorMeaning MeaningOfStatus(int http_status);

// True for statuses that no error code makes conclusive: the answer may come from a proxy, or from
// a server that failed while it processed the call.
bool StatusIsInconclusive(int http_status);

}  // namespace msp::payments
