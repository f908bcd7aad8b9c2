// The only way from a message to text in a log or an error, and the way to forget one. Called on
// any thread.
#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/message.h"
#include "service/codec/plan.h"

namespace msp::codec {

struct RedactOptions {
  bool show_personal_data = false;  // --log_personal_data
  bool body_only = false;           // Only what EncodeBody writes: the answer to a dry run.
};

// The message as one line of JSON, every set field in it, with sensitive values masked: cardholder
// data to first six and last four digits at most, authentication data to nothing, personal data to
// its first character. Struct fields count as sensitive. Any other text that holds what passes for
// a card number (a description may) has it masked, but for a dry run, which is the caller's own.
std::string Redacted(const Plan& plan, const google::protobuf::Message& message,
                     RedactOptions options = {});

// Replaces runs of 12 or more digits (spaces, dashes and dots between them ignored) in text that
// came from outside, control characters and invalid UTF-8 too, and cuts it to `max_bytes` at a code
// point boundary. For MultiSafepay's own error texts, which may quote a request.
std::string Scrubbed(std::string_view text, std::size_t max_bytes = 512);

// True where the text holds 12 to 19 digits (spaces, dashes and dots between them ignored) that
// pass the check of card numbers. One in ten other numbers of that length does too: for what should
// stay readable as a rule, such as an order id in a log.
bool HoldsCardNumber(std::string_view text);

// Overwrites the memory of every sensitive field of `message`, of every Struct and of the unknown
// fields (a misspelt card_number arrives as one), set or not, then clears those. Strings that were
// never set share one default and are left alone.
void Wipe(const Plan& plan, google::protobuf::Message& message);

// The same for every field, for a message that nobody will be shown: people write cards into
// descriptions.
void WipeAll(const Plan& plan, google::protobuf::Message& message);

}  // namespace msp::codec
