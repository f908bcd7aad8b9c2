// SPDX-License-Identifier: Apache-2.0

// What a complete HTTP answer means: success, a refusal, or an indeterminate outcome.
#pragma once

#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "service/codec/decode.h"
#include "service/codec/redact_text.h"
#include "service/http/client.h"
#include "service/payments/envelope.pb.h"
#include "service/payments/failure.h"
#include "service/payments/operation.h"

namespace msp::payments {

using http::CallOutcome;

struct Interpretation {
  CallOutcome outcome = CallOutcome::kUnknown;  // Never kNotSent.
  Failure failure;  // Code, message, reason and codes, where not a success. The caller sets the
                    // outcome.
  Envelope envelope;
  std::vector<codec::Drift> drift;
  std::vector<std::string_view> numbers;  // Full names of the ids that came as JSON numbers.
};

// Reads the answer to `operation` and `request` into `response`, which stays empty unless it
// succeeded. Consumes the body. The error code takes precedence over the HTTP status: 404 is
// MultiSafepay's general business error. Quotes of `secrets` in the answer's texts are removed.
Interpretation Interpret(const Operation& operation, const codec::MessageSchema& envelope_schema,
                         const google::protobuf::Message& request, http::Response& answer,
                         google::protobuf::Message& response,
                         const codec::KnownSecrets& secrets = {});

}  // namespace msp::payments
