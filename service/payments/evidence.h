// SPDX-License-Identifier: Apache-2.0

// What an answer has to show before a call counts as done, and before it counts as refused, as in
// the API contract (2.1, 2.2 and 5); an answer that shows less is not conclusive. The table of
// operations (operation.cc) has the evidence of each success. Immutable, any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "google/protobuf/message.h"
#include "service/codec/decode.h"
#include "service/payments/envelope.pb.h"

namespace msp::payments {

enum class Need : std::uint8_t {
  kPresent,     // The member is there and not empty.
  kAnyPresent,  // At least one member of the operation's rows of this kind is there and not empty.
  kTrue,        // The member is there and true.
  kNotFalse,    // The member is not false; without it the answer's `success` counts.
};

// One row of an operation: `member` of the answer's `data`.
struct EvidenceRow {
  std::string_view member;
  Need need;
};

// A row resolved to the field of a response's data message.
struct Evidence {
  const google::protobuf::FieldDescriptor* field = nullptr;
  Need need = Need::kPresent;
};
std::vector<Evidence> EvidenceOf(absl::Span<const EvidenceRow> rows,
                                 const google::protobuf::Descriptor& data);

struct EvidenceResult {
  enum class Kind : std::uint8_t {
    kAll,
    kTooLittle,  // `member` is missing.
    kDenied,     // `member` says that the call was not carried out.
  };
  Kind kind = Kind::kAll;
  std::string_view member;
};
// Whether `data`, the message that the answer's `data` filled, has the `needed` evidence.
EvidenceResult CheckEvidence(const google::protobuf::Message& data,
                             absl::Span<const Evidence> needed);

// True when a field of the message, at any depth, has a value.
bool HasAnyValue(const google::protobuf::Message& message);

// True when the answer is a refusal in one of the documented shapes: `success` false, nothing in
// `data` but perhaps the error itself, and either an error code or a 422's list of errors; or one
// of the bare messages that proxies of the API send. `code_is_conclusive` says that the error code
// is one that MultiSafepay sends for calls that it has not carried out.
struct RefusalFacts {
  const Envelope& envelope;
  const Envelope& nested;                  // The envelope's members inside `data`.
  const google::protobuf::Message& data;   // The response that `data` filled.
  bool data_present = false;               // Neither absent nor null nor "".
  const std::vector<codec::Drift>& drift;  // Of the whole answer.
  int http_status = 0;
  bool code_is_conclusive = false;
};
bool IsDocumentedRefusal(const RefusalFacts& facts);

}  // namespace msp::payments
