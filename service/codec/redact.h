// SPDX-License-Identifier: Apache-2.0

// The only conversion of a message to text for a log or an error, and its zeroizing. Called on any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/message.h"
#include "service/codec/message_schema.h"
#include "service/codec/redact_text.h"

namespace msp::codec {

struct RedactOptions {
  bool show_personal_data = false;  // --log_personal_data
  bool body_only = false;           // Only the fields of EncodeBody, for a dry run.
};

// The message as one line of JSON with every set field and sensitive values masked: of cardholder
// data the first six and last four digits at most remain, of authentication data nothing, of
// personal data the first character. Struct fields count as sensitive. A possible card number in
// any other text (such as a description) is masked, except in a dry run, which only its caller
// sees.
std::string Redacted(const MessageSchema& schema, const google::protobuf::Message& message,
                     RedactOptions options = {});

// Overwrites the memory of every sensitive field of `message`, of every Struct and of the unknown
// fields (such as a misspelt card_number), set or not, then clears them. Strings that were never
// set share a default and are skipped.
void Zeroize(const MessageSchema& schema, google::protobuf::Message& message);

// The same for every field, for a message that is not shown: descriptions may contain card numbers.
void ZeroizeAll(const MessageSchema& schema, google::protobuf::Message& message);

}  // namespace msp::codec
