#include "service/http/curl_fate.h"

#include <cerrno>

#include "gtest/gtest.h"

namespace msp::http {
namespace {

TEST(CurlFate, FollowsFromWhetherTheRequestWasAllowedOutAndWhetherAnAnswerCameBack) {
  struct Case {
    const char* name;
    Ending ending;
    Fate fate;
    Failure failure;
  };
  const Case cases[] = {
      {"answered",
       {.code = CURLE_OK, .permissions = 1, .status = 200, .head_complete = true},
       Fate::kAnswered,
       Failure::kNone},
      {"answered with an error",
       {.code = CURLE_OK, .permissions = 1, .status = 500, .head_complete = true},
       Fate::kAnswered,
       Failure::kNone},
      {"no final answer",
       {.code = CURLE_OK, .permissions = 1, .status = 100, .head_complete = true},
       Fate::kUnknown,
       Failure::kBroken},
      {"half a header",
       {.code = CURLE_OK, .permissions = 1, .status = 200},
       Fate::kUnknown,
       Failure::kBroken},
      {"no status", {.code = CURLE_OK, .permissions = 1}, Fate::kUnknown, Failure::kBroken},
      {"refused", {.code = CURLE_COULDNT_CONNECT}, Fate::kNotSent, Failure::kConnect},
      {"no such host", {.code = CURLE_COULDNT_RESOLVE_HOST}, Fate::kNotSent, Failure::kConnect},
      {"bad certificate",
       {.code = CURLE_PEER_FAILED_VERIFICATION},
       Fate::kNotSent,
       Failure::kConnect},
      {"connect timeout", {.code = CURLE_OPERATION_TIMEDOUT}, Fate::kNotSent, Failure::kConnect},
      {"deadline while connecting",
       {.code = CURLE_OPERATION_TIMEDOUT, .deadline_passed = true},
       Fate::kNotSent,
       Failure::kDeadline},
      {"deadline in transfer",
       {.code = CURLE_OPERATION_TIMEDOUT, .permissions = 1, .deadline_passed = true},
       Fate::kUnknown,
       Failure::kDeadline},
      {"stopped re-send",
       {.code = CURLE_ABORTED_BY_CALLBACK, .permissions = 1, .resend_stopped = true},
       Fate::kUnknown,
       Failure::kBroken},
      {"got nothing",
       {.code = CURLE_GOT_NOTHING, .permissions = 1},
       Fate::kUnknown,
       Failure::kBroken},
      {"send error",
       {.code = CURLE_SEND_ERROR, .permissions = 1},
       Fate::kUnknown,
       Failure::kBroken},
      {"receive error after a status",
       {.code = CURLE_RECV_ERROR, .permissions = 1, .status = 200},
       Fate::kUnknown,
       Failure::kBroken},
      {"refused stream",
       {.code = CURLE_HTTP2_STREAM, .permissions = 1},
       Fate::kUnknown,
       Failure::kBroken},
      {"connection refused on a second try",
       {.code = CURLE_COULDNT_CONNECT, .permissions = 1},
       Fate::kUnknown,
       Failure::kBroken},
      {"cut short in the body",
       {.code = CURLE_SEND_ERROR, .permissions = 1, .body_bytes = 700, .uploaded_bytes = 10},
       Fate::kNotSent,
       Failure::kBroken},
      {"reset before the body",
       {.code = CURLE_RECV_ERROR, .permissions = 1, .body_bytes = 700, .uploaded_bytes = 0},
       Fate::kNotSent,
       Failure::kBroken},
      {"deadline in the middle of the body",
       {.code = CURLE_OPERATION_TIMEDOUT,
        .permissions = 1,
        .deadline_passed = true,
        .body_bytes = 700,
        .uploaded_bytes = 699},
       Fate::kNotSent,
       Failure::kDeadline},
      {"reset after the whole body",
       {.code = CURLE_RECV_ERROR, .permissions = 1, .body_bytes = 700, .uploaded_bytes = 700},
       Fate::kUnknown,
       Failure::kBroken},
      {"cut short, and an answer had begun",
       {.code = CURLE_SEND_ERROR,
        .permissions = 1,
        .status = 200,
        .body_bytes = 700,
        .uploaded_bytes = 10},
       Fate::kUnknown,
       Failure::kBroken},
      {"cut short on a second connection",
       {.code = CURLE_SEND_ERROR, .permissions = 2, .body_bytes = 700, .uploaded_bytes = 10},
       Fate::kUnknown,
       Failure::kBroken},
      {"stopped before a second connection",
       {.code = CURLE_ABORTED_BY_CALLBACK,
        .permissions = 1,
        .resend_stopped = true,
        .body_bytes = 700,
        .uploaded_bytes = 0},
       Fate::kUnknown,
       Failure::kBroken},
      {"not counted",
       {.code = CURLE_HTTP2_STREAM, .permissions = 1, .body_bytes = 700},
       Fate::kUnknown,
       Failure::kBroken},
      {"too large",
       {.code = CURLE_WRITE_ERROR, .permissions = 1, .status = 200, .too_large = true},
       Fate::kUnknown,
       Failure::kTooLarge},
  };
  for (const Case& c : cases) {
    const Verdict verdict = Judge(c.ending);
    EXPECT_EQ(verdict.fate, c.fate) << c.name;
    EXPECT_EQ(verdict.failure, c.failure) << c.name;
    EXPECT_EQ(Detail(c.ending).empty(), c.fate == Fate::kAnswered) << c.name;
  }
}

TEST(CurlFate, DetailNamesTheSystemsReason) {
  EXPECT_EQ(Detail({.code = CURLE_COULDNT_CONNECT, .os_error = ECONNREFUSED}),
            "Couldn't connect to server (Connection refused)");
  EXPECT_EQ(Detail({.code = CURLE_COULDNT_CONNECT, .os_error = 123456}),
            "Couldn't connect to server");
  EXPECT_NE(Detail({.code = CURLE_PEER_FAILED_VERIFICATION, .verify_error = 10}).find("expired"),
            std::string::npos);
}

}  // namespace
}  // namespace msp::http
