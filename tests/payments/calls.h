// SPDX-License-Identifier: Apache-2.0

// What the tests of this component share besides orders: the operations' table, and answers as the
// pool hands them over.
#pragma once

#include <ctime>
#include <string>
#include <utility>

#include "service/http/client.h"
#include "service/payments/operation.h"
#include "tests/payments/orders.h"

namespace msp::payments {

inline const Operations& TestOperations() {
  static const auto& operations = *new Operations();
  return operations;
}

inline http::Response Answered(int status, std::string body) {
  http::Response answer;
  answer.outcome = http::CallOutcome::kSuccess;
  answer.status = status;
  answer.date_s = std::time(nullptr);
  answer.body = std::move(body);
  answer.body.reserve(answer.body.size() + http::kBodyPadding);
  return answer;
}

}  // namespace msp::payments
