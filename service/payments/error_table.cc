// SPDX-License-Identifier: Apache-2.0

#include "service/payments/error_table.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace msp::payments {
namespace {

using absl::StatusCode;

struct CodeRow {
  int error_code;
  StatusCode code;
  bool conclusive = true;
};

// Sorted by code. 1000, 1006, 1022 and 1023 are refined below.
constexpr std::array kCodes{
    CodeRow{1000, StatusCode::kUnknown, false},
    CodeRow{1001, StatusCode::kInvalidArgument},
    CodeRow{1002, StatusCode::kInvalidArgument},
    CodeRow{1003, StatusCode::kInvalidArgument},
    CodeRow{1004, StatusCode::kInvalidArgument},
    CodeRow{1005, StatusCode::kInvalidArgument},
    CodeRow{1006, StatusCode::kNotFound},
    CodeRow{1007, StatusCode::kInvalidArgument},
    CodeRow{1008, StatusCode::kInvalidArgument},
    CodeRow{1010, StatusCode::kInvalidArgument},
    CodeRow{1011, StatusCode::kInvalidArgument},
    CodeRow{1012, StatusCode::kInvalidArgument},
    CodeRow{1013, StatusCode::kInvalidArgument},
    CodeRow{1014, StatusCode::kUnknown, false},
    CodeRow{1015, StatusCode::kInvalidArgument},
    CodeRow{1016, StatusCode::kInvalidArgument},
    CodeRow{1017, StatusCode::kFailedPrecondition},
    CodeRow{1018, StatusCode::kInvalidArgument},
    CodeRow{1019, StatusCode::kFailedPrecondition},
    CodeRow{1020, StatusCode::kPermissionDenied},
    CodeRow{1021, StatusCode::kAborted, false},
    CodeRow{1022, StatusCode::kFailedPrecondition, false},
    CodeRow{1023, StatusCode::kFailedPrecondition},
    CodeRow{1024, StatusCode::kFailedPrecondition},
    CodeRow{1025, StatusCode::kInvalidArgument},
    CodeRow{1026, StatusCode::kInvalidArgument},
    CodeRow{1027, StatusCode::kInvalidArgument},
    CodeRow{1028, StatusCode::kInvalidArgument},
    CodeRow{1029, StatusCode::kInvalidArgument},
    CodeRow{1030, StatusCode::kInvalidArgument},
    CodeRow{1031, StatusCode::kInvalidArgument},
    CodeRow{1032, StatusCode::kUnauthenticated},
    CodeRow{1033, StatusCode::kInternal},
    CodeRow{1034, StatusCode::kFailedPrecondition},
    CodeRow{1035, StatusCode::kInvalidArgument},
    CodeRow{1036, StatusCode::kInvalidArgument},
    CodeRow{5001, StatusCode::kInvalidArgument},
    CodeRow{9999, StatusCode::kUnknown, false},
};

struct StatusRow {
  int http_status;
  StatusCode code;
  bool conclusive = true;
};

constexpr std::array kStatuses{
    StatusRow{400, StatusCode::kInvalidArgument},
    StatusRow{401, StatusCode::kUnauthenticated},
    StatusRow{403, StatusCode::kPermissionDenied},
    StatusRow{404, StatusCode::kNotFound},
    StatusRow{408, StatusCode::kDeadlineExceeded, false},
    StatusRow{410, StatusCode::kNotFound},
    StatusRow{422, StatusCode::kInvalidArgument},
    StatusRow{429, StatusCode::kResourceExhausted, false},
    StatusRow{500, StatusCode::kInternal, false},
    StatusRow{501, StatusCode::kUnavailable, false},
    StatusRow{502, StatusCode::kUnavailable, false},
    StatusRow{503, StatusCode::kUnavailable, false},
    StatusRow{504, StatusCode::kDeadlineExceeded, false},
};

// 1000 has several meanings; only HTTP status and text distinguish them. Never conclusive: the same
// code is the API's "unknown error".
StatusCode MeaningOf1000(int http_status, std::string_view text) {
  const std::string lower = absl::AsciiStrToLower({text.data(), text.size()});
  if (absl::StrContains(lower, "not updated") || absl::StrContains(lower, "not removed")) {
    return StatusCode::kFailedPrecondition;
  }
  if (http_status == 410 || absl::StrContains(lower, "not found")) return StatusCode::kNotFound;
  return StatusCode::kUnknown;
}

}  // namespace

ErrorMeaning MeaningOfCode(int error_code, int http_status, std::string_view text, bool creates,
                           bool reads) {
  const auto row = std::find_if(kCodes.begin(), kCodes.end(),
                                [&](const CodeRow& r) { return r.error_code == error_code; });
  if (row == kCodes.end()) return {StatusCode::kUnknown, false};
  ErrorMeaning meaning{row->code, row->conclusive};
  switch (error_code) {
    case 1000:
      meaning.code = MeaningOf1000(http_status, text);
      break;
    case 1006:  // "Invalid transaction ID". To a creation: in use. To others: unknown; for a
                // refund's or capture's own id see its policy.
      if (creates) meaning.code = StatusCode::kAlreadyExists;
      break;
    case 1022:
      if (absl::StrContains({text.data(), text.size()}, "ERR_EXISTS"))
        meaning.code = StatusCode::kAlreadyExists;
      break;
    case 1023:
      if (reads) meaning.code = StatusCode::kNotFound;
      break;
    default:
      break;
  }
  if (StatusIsInconclusive(http_status)) meaning.conclusive = false;
  return meaning;
}

ErrorMeaning MeaningOfStatus(int http_status) {
  const auto row = std::find_if(kStatuses.begin(), kStatuses.end(),
                                [&](const StatusRow& r) { return r.http_status == http_status; });
  if (row != kStatuses.end()) return {row->code, row->conclusive};
  if (http_status >= 300 && http_status < 400) return {StatusCode::kInternal, false};
  if (http_status >= 500) return {StatusCode::kInternal, false};
  return {StatusCode::kUnknown, false};
}

bool StatusIsInconclusive(int http_status) {
  return http_status == 408 || http_status == 429 || http_status >= 500 ||
         (http_status >= 300 && http_status < 400);
}

}  // namespace msp::payments
