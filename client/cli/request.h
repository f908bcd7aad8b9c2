// SPDX-License-Identifier: Apache-2.0

// The request of a command, built from file, positions and flags.
#pragma once

#include <istream>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/arguments.h"
#include "google/protobuf/message.h"
#include "service/codec/message_schema.h"

namespace msp::cli {

// The service's maximum message size.
inline constexpr std::size_t kRequestMaxBytes = 1 << 20;

// The bytes of a file, or of `in` for "-"; an error if they exceed the service's limit.
absl::StatusOr<std::string> ReadInput(const std::string& file, std::istream& in);

// `in` is standard input, read when the file is "-". Flags override the file; positions and the
// file must agree. An error is one or more lines for the user; a member that the schema does not
// know is one, because a misspelt field of a payment must not go unnoticed.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> MakeRequest(
    const Arguments& arguments, const codec::MessageSchema& schema, std::istream& in);

}  // namespace msp::cli
