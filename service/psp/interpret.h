// What a complete HTTP answer means: success, a refusal, or nothing certain.
#pragma once

#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "service/codec/decode.h"
#include "service/codec/scrub.h"
#include "service/http/client.h"
#include "service/psp/envelope.pb.h"
#include "service/psp/failure.h"
#include "service/psp/operation.h"

namespace msp::psp {

struct Reading {
  enum class Kind : std::uint8_t {
    kSuccess,  // The answer's data is in the response message.
    kRefused,  // MultiSafepay said no, and nothing happened.
    kOpen,     // Nothing certain: for a call that can move money its fate is unknown.
  };
  Kind kind = Kind::kOpen;
  Failure failure;  // Code, message, reason and codes, where not a success. The outcome is the
                    // caller's to set.
  Envelope envelope;
  std::vector<codec::Drift> drift;
};

// Reads an answer to `operation`, whose request was `request`, into `response`, which is left empty
// unless it succeeded. Consumes the body. The error code is looked at before the HTTP status: 404
// is MultiSafepay's general business error. What the answer's texts quote of `secrets` is not
// repeated.
Reading Interpret(const Operation& operation, const codec::Plan& envelope_plan,
                  const google::protobuf::Message& request, http::Response& answer,
                  google::protobuf::Message& response, const codec::KnownSecrets& secrets = {});

// True when two order ids name the same order: MultiSafepay answers an all-digit id as a number,
// without its zeros.
bool SameOrderId(std::string_view sent, std::string_view answered);

}  // namespace msp::psp
