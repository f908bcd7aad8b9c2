// SPDX-License-Identifier: Apache-2.0

// The only way from a message to text in a log or an error, and the way to forget one. Called on
// any thread.
#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/message.h"
#include "service/codec/message_schema.h"
#include "service/codec/redact_text.h"

namespace msp::codec {

struct RedactOptions {
  bool show_personal_data = false;  // --log_personal_data
  bool body_only = false;           // Only what EncodeBody writes: the answer to a dry run.
};

// The message as one line of JSON, every set field in it, with sensitive values masked: cardholder
// data to first six and last four digits at most, authentication data to nothing, personal data to
// its first character. Struct fields count as sensitive. Any other text that holds what passes for
// a card number (a description may) has it masked, but for a dry run, which is the caller's own.
std::string Redacted(const MessageSchema& plan, const google::protobuf::Message& message,
                     RedactOptions options = {});

// Overwrites the memory of every sensitive field of `message`, of every Struct and of the unknown
// fields (a misspelt card_number arrives as one), set or not, then clears those. Strings that were
// never set share one default and are left alone.
void Zeroize(const MessageSchema& plan, google::protobuf::Message& message);

// The same for every field, for a message that nobody will be shown: people write cards into
// descriptions.
void WipeAll(const MessageSchema& plan, google::protobuf::Message& message);

}  // namespace msp::codec
