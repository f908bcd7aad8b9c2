// SPDX-License-Identifier: Apache-2.0

// The program `msp`, run inside a test, with an order and its reply.
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "client/cli/run.h"
#include "multisafepay/v1/order_service.pb.h"
#include "tests/client/fake_service.h"
#include "tests/testing/words.h"

namespace msp::cli::testing {

struct Outcome {
  int exit;
  std::string out;
  std::string err;
  std::vector<std::int64_t> pauses;  // None of them is slept.
};

// `line`: the words after `msp`, where single quotes keep blanks together.
inline Outcome RunAt(const std::string& server, const std::string& line,
                     const std::string& input = "", std::int64_t unix_time_s = 0) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  std::vector<std::int64_t> pauses;
  CommandIo io{.in = in,
               .out = out,
               .err = err,
               .server = server,
               .pause = [&](std::int64_t ms) { pauses.push_back(ms); },
               .unix_time_s = [=] { return unix_time_s; }};
  const int exit = Run(msp::testing::CommandLine(line), io);
  return {exit, out.str(), err.str(), pauses};
}

// Against a service that gives this answer to every call.
inline Outcome RunWith(const msp::testing::FakeAnswer& answer, const std::string& line,
                       const std::string& input = "") {
  const msp::testing::FakeService service(answer);
  return RunAt(service.address(), line, input);
}

inline constexpr char kCardOrder[] =
    R"({"type": "direct", "order_id": "tulip-1", "description": "x", "amount": 1000,
        "gateway_info": {"card_number": "4111111111111111", "card_cvc": "123"}})";

inline multisafepay::v1::CreateOrderResponse Created(multisafepay::v1::PaymentState state) {
  multisafepay::v1::CreateOrderResponse reply;
  reply.mutable_order()->set_order_id("tulip-1");
  reply.mutable_order()->set_payment_state(state);
  reply.mutable_result()->set_outcome(multisafepay::v1::OUTCOME_CONFIRMED);
  return reply;
}

}  // namespace msp::cli::testing
