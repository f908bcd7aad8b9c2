// SPDX-License-Identifier: Apache-2.0

// Any error code with any HTTP status and any text: never a success, never a code that makes a mesh
// or a client library send a payment again, and never certain where the status or the code leaves
// open what happened.
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "service/payments/error_table.h"
#include "tests/fuzz/require.h"

namespace msp::payments {
namespace {

using fuzz::Require;

// Codes behind which a payment may have gone through all the same.
constexpr std::array kOpen{1000, 1014, 1021, 1022, 9999};

bool IsOpen(int error_code) {
  for (const int open : kOpen) {
    if (open == error_code) return true;
  }
  return error_code < 1000 || (error_code > 1036 && error_code != 5001);
}

void Run(const std::uint8_t* data, std::size_t size) {
  std::int32_t error_code = 0;
  std::int16_t http_status = 0;
  std::memcpy(&error_code, data, sizeof error_code);
  std::memcpy(&http_status, data + 4, sizeof http_status);
  // Half of the inputs lie where the tables are.
  if ((data[6] & 1) != 0) error_code = 990 + error_code % 60;
  if ((data[6] & 2) != 0) http_status = static_cast<std::int16_t>(300 + http_status % 300);
  const bool creates = (data[6] & 4) != 0;
  const bool reads = !creates && (data[6] & 8) != 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 7), size - 7);

  const ErrorMeaning meaning = MeaningOfCode(error_code, http_status, text, creates, reads);
  Require(meaning.code != absl::StatusCode::kOk, "an error is no success");
  Require(meaning.code != absl::StatusCode::kUnavailable &&
              meaning.code != absl::StatusCode::kCancelled,
          "no error of MultiSafepay's asks to be sent again");
  Require(!(meaning.conclusive && StatusIsInconclusive(http_status)),
          "an indeterminate status stays open");
  Require(!(meaning.conclusive && IsOpen(error_code)),
          "a code that says nothing certain stays open");
  const ErrorMeaning again = MeaningOfCode(error_code, http_status, text, creates, reads);
  Require(again.code == meaning.code && again.conclusive == meaning.conclusive,
          "the same each time");

  const ErrorMeaning bare = MeaningOfStatus(http_status);
  Require(bare.code != absl::StatusCode::kOk, "a status without a code is no success");
  Require(!(bare.conclusive && StatusIsInconclusive(http_status)),
          "an indeterminate status stays open");
  Require(!bare.conclusive || (http_status >= 400 && http_status < 500), "only a 4xx is a refusal");
}

}  // namespace
}  // namespace msp::payments

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size >= 7) msp::payments::Run(data, size);
  return 0;
}
