// SPDX-License-Identifier: Apache-2.0

// Every error code and HTTP status, in every kind of call, against the documented meaning written
// out a second time.
#include "service/payments/error_table.h"

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace msp::payments {
namespace {

using absl::StatusCode;

constexpr auto kAborted = StatusCode::kAborted;
constexpr auto kDenied = StatusCode::kPermissionDenied;
constexpr auto kExists = StatusCode::kAlreadyExists;
constexpr auto kInternal = StatusCode::kInternal;
constexpr auto kInvalid = StatusCode::kInvalidArgument;
constexpr auto kNotFound = StatusCode::kNotFound;
constexpr auto kPrecondition = StatusCode::kFailedPrecondition;
constexpr auto kUnauthenticated = StatusCode::kUnauthenticated;
constexpr auto kUnavailable = StatusCode::kUnavailable;
constexpr auto kUnknown = StatusCode::kUnknown;

enum class Call : std::uint8_t { kCreate, kOtherWrite, kRead };
constexpr Call kCalls[] = {Call::kCreate, Call::kOtherWrite, Call::kRead};

ErrorMeaning Meaning(int error_code, int http_status, std::string_view text, Call call) {
  return MeaningOfCode(error_code, http_status, text, call == Call::kCreate, call == Call::kRead);
}

struct CodeCase {
  int error_code;
  StatusCode create;
  StatusCode other_write;
  StatusCode read;
  bool certain;

  StatusCode Expected(Call call) const {
    return call == Call::kCreate ? create : call == Call::kRead ? read : other_write;
  }
};

constexpr CodeCase kCodes[] = {
    {1000, kUnknown, kUnknown, kUnknown, false},  // Its texts have a test of their own.
    {1001, kInvalid, kInvalid, kInvalid, true},
    {1002, kInvalid, kInvalid, kInvalid, true},
    {1003, kInvalid, kInvalid, kInvalid, true},
    {1004, kInvalid, kInvalid, kInvalid, true},
    {1005, kInvalid, kInvalid, kInvalid, true},
    {1006, kExists, kNotFound, kNotFound, true},  // The id is taken; the id is not known.
    {1007, kInvalid, kInvalid, kInvalid, true},
    {1008, kInvalid, kInvalid, kInvalid, true},
    {1010, kInvalid, kInvalid, kInvalid, true},
    {1011, kInvalid, kInvalid, kInvalid, true},
    {1012, kInvalid, kInvalid, kInvalid, true},
    {1013, kInvalid, kInvalid, kInvalid, true},
    {1014, kUnknown, kUnknown, kUnknown, false},
    {1015, kInvalid, kInvalid, kInvalid, true},
    {1016, kInvalid, kInvalid, kInvalid, true},
    {1017, kPrecondition, kPrecondition, kPrecondition, true},
    {1018, kInvalid, kInvalid, kInvalid, true},
    {1019, kPrecondition, kPrecondition, kPrecondition, true},
    {1020, kDenied, kDenied, kDenied, true},
    {1021, kAborted, kAborted, kAborted, false},
    {1022, kPrecondition, kPrecondition, kPrecondition, false},
    {1023, kPrecondition, kPrecondition, kNotFound, true},
    {1024, kPrecondition, kPrecondition, kPrecondition, true},
    {1025, kInvalid, kInvalid, kInvalid, true},
    {1026, kInvalid, kInvalid, kInvalid, true},
    {1027, kInvalid, kInvalid, kInvalid, true},
    {1028, kInvalid, kInvalid, kInvalid, true},
    {1029, kInvalid, kInvalid, kInvalid, true},
    {1030, kInvalid, kInvalid, kInvalid, true},
    {1031, kInvalid, kInvalid, kInvalid, true},
    {1032, kUnauthenticated, kUnauthenticated, kUnauthenticated, true},
    {1033, kInternal, kInternal, kInternal, true},
    {1034, kPrecondition, kPrecondition, kPrecondition, true},
    {1035, kInvalid, kInvalid, kInvalid, true},
    {1036, kInvalid, kInvalid, kInvalid, true},
    {5001, kInvalid, kInvalid, kInvalid, true},
    {9999, kUnknown, kUnknown, kUnknown, false},
    // In no list: seen in test data of client libraries, or a code of tomorrow.
    {42, kUnknown, kUnknown, kUnknown, false},
    {412, kUnknown, kUnknown, kUnknown, false},
    {418, kUnknown, kUnknown, kUnknown, false},
    {1009, kUnknown, kUnknown, kUnknown, false},
    {1037, kUnknown, kUnknown, kUnknown, false},
    {3001, kUnknown, kUnknown, kUnknown, false},
    {-1006, kUnknown, kUnknown, kUnknown, false},
};

TEST(ErrorTable, CodeDecidesWhateverTheHttpStatus) {
  for (const CodeCase& c : kCodes) {
    for (const Call call : kCalls) {
      for (const int status : {200, 400, 401, 403, 404, 408, 422, 429, 500, 502, 503, 504}) {
        EXPECT_EQ(Meaning(c.error_code, status, "words", call).code, c.Expected(call))
            << c.error_code << " with HTTP " << status << " in " << static_cast<int>(call);
      }
    }
  }
}

TEST(ErrorTable, IsCertainOnlyWhereCodeAndStatusBothAre) {
  for (const CodeCase& c : kCodes) {
    for (const Call call : kCalls) {
      for (const int status : {200, 400, 401, 403, 404, 410, 422})
        EXPECT_EQ(Meaning(c.error_code, status, "", call).conclusive, c.certain)
            << c.error_code << " with HTTP " << status;
      for (const int status : {301, 302, 307, 308, 408, 429, 500, 501, 502, 503, 504, 520, 599})
        EXPECT_FALSE(Meaning(c.error_code, status, "", call).conclusive)
            << c.error_code << " with HTTP " << status;
    }
  }
}

TEST(ErrorTable, NeverInvitesABlindResendOfAWrite) {
  for (int error_code = 0; error_code <= 10'000; ++error_code) {
    for (const Call call : {Call::kCreate, Call::kOtherWrite})
      ASSERT_NE(Meaning(error_code, 404, "", call).code, kUnavailable) << error_code;
  }
}

TEST(ErrorTable, Code1000IsSplitByStatusAndText) {
  struct Case {
    int http_status;
    const char* text;
    StatusCode code;
  };
  constexpr Case kCases[] = {
      {410, "Not found", kNotFound},
      {410, "Token not found", kNotFound},
      {410, "Not found: token", kNotFound},
      {404, "NOT FOUND", kNotFound},
      {200, "Not found", kNotFound},
      {410, "", kNotFound},
      {410, "Niet gevonden", kNotFound},
      {410, "Token not updated", kPrecondition},
      {410, "Token not removed", kPrecondition},
      {404, "token NOT removed", kPrecondition},
      {404, "Invalid account ID", kUnknown},
      {404, "Unknown error", kUnknown},
      {404, "", kUnknown},
      {500, "", kUnknown},
  };
  for (const Case& c : kCases) {
    for (const Call call : kCalls) {
      const ErrorMeaning meaning = Meaning(1000, c.http_status, c.text, call);
      EXPECT_EQ(meaning.code, c.code) << c.http_status << ' ' << c.text;
      EXPECT_FALSE(meaning.conclusive) << c.text;
    }
  }
}

TEST(ErrorTable, OtherTextsDecideNothing) {
  for (const CodeCase& c : kCodes) {
    if (c.error_code == 1000) continue;
    for (const char* text : {"not found", "Token not updated", "Invalid order ID", "1032"})
      EXPECT_EQ(Meaning(c.error_code, 404, text, Call::kCreate).code, c.create)
          << c.error_code << ' ' << text;
  }
}

TEST(ErrorTable, ExistsAtTheThirdPartyIsRecognized) {
  for (const Call call : kCalls) {
    const ErrorMeaning meaning = Meaning(1022, 404, "Kan niet starten: ERR_EXISTS (3)", call);
    EXPECT_EQ(meaning.code, kExists);
    EXPECT_FALSE(meaning.conclusive);
  }
}

struct StatusCase {
  int http_status;
  StatusCode code;
  bool certain;
};

constexpr StatusCase kStatuses[] = {
    {200, kUnknown, false},
    {204, kUnknown, false},
    {301, kInternal, false},
    {302, kInternal, false},
    {307, kInternal, false},
    {308, kInternal, false},
    {399, kInternal, false},
    {400, kInvalid, true},
    {401, kUnauthenticated, true},
    {403, kDenied, true},
    {404, kNotFound, true},
    {405, kUnknown, false},
    {409, kUnknown, false},
    {410, kNotFound, true},
    {413, kUnknown, false},
    {418, kUnknown, false},
    {422, kInvalid, true},
    {500, kInternal, false},
    {501, kUnavailable, false},
    {502, kUnavailable, false},
    {503, kUnavailable, false},
    {505, kInternal, false},
    {520, kInternal, false},
    {599, kInternal, false},
    {408, StatusCode::kDeadlineExceeded, false},
    {429, StatusCode::kResourceExhausted, false},
    {504, StatusCode::kDeadlineExceeded, false},
};

TEST(ErrorTable, StatusWithoutACode) {
  for (const StatusCase& c : kStatuses) {
    const ErrorMeaning meaning = MeaningOfStatus(c.http_status);
    EXPECT_EQ(meaning.code, c.code) << c.http_status;
    EXPECT_EQ(meaning.conclusive, c.certain) << c.http_status;
  }
}

TEST(ErrorTable, OnlyTheDocumentedRefusalsAreCertainWithoutACode) {
  const std::set<int> certain{400, 401, 403, 404, 410, 422};
  for (int status = 100; status < 600; ++status) {
    ASSERT_EQ(MeaningOfStatus(status).conclusive, certain.contains(status)) << status;
    ASSERT_EQ(StatusIsInconclusive(status),
              status == 408 || status == 429 || (status >= 300 && status < 400) || status >= 500)
        << status;
  }
}

}  // namespace
}  // namespace msp::payments
