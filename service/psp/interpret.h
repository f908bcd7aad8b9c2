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
  std::vector<std::string_view> numbers;  // Full names of the ids that came as JSON numbers.
};

// Reads an answer to `operation`, whose request was `request`, into `response`, which is left empty
// unless it succeeded. Consumes the body. The error code is looked at before the HTTP status: 404
// is MultiSafepay's general business error. What the answer's texts quote of `secrets` is not
// repeated.
Reading Interpret(const Operation& operation, const codec::Plan& envelope_plan,
                  const google::protobuf::Message& request, http::Response& answer,
                  google::protobuf::Message& response, const codec::KnownSecrets& secrets = {});

// True when two ids are the same, or the same number: MultiSafepay answers an all-digit id as a
// JSON number, without its zeros. Of a JSON text the digits are the id: 007 is not 7.
bool SameOrderId(std::string_view sent, std::string_view answered);
bool SameOrderId(std::string_view sent, std::string_view answered,
                 const std::vector<std::string_view>& numbers, std::string_view field);

// An answer that is about something else than was asked, by this member.
Failure Mismatch(std::string_view member, int http_status);

}  // namespace msp::psp
