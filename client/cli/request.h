// SPDX-License-Identifier: Apache-2.0

// The request of a command, put together from file, positions and flags.
#pragma once

#include <istream>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/arguments.h"
#include "google/protobuf/message.h"
#include "service/codec/message_schema.h"

namespace msp::cli {

// The service takes no larger message.
inline constexpr std::size_t kRequestMaxBytes = 1 << 20;

// The bytes of a file, or of `in` for "-"; an error where they are more than the service takes.
absl::StatusOr<std::string> ReadInput(const std::string& file, std::istream& in);

// `in` is standard input, read when the file is "-". Flags beat the file; positions and the file
// must agree. An error is one or more lines for the user; a member that the schema does not know is
// one, since a misspelt field of a payment must not pass in silence.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> MakeRequest(
    const Arguments& arguments, const codec::MessageSchema& plan, std::istream& in);

}  // namespace msp::cli
