// SPDX-License-Identifier: Apache-2.0

// A request's fields as flags and positions of the command line, read from its descriptor.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace msp::cli {

// One flag of a command: a plain field of the request, or one of its CallControl.
struct FieldFlag {
  std::string name;  // "--new-order-id" without the dashes.
  const google::protobuf::FieldDescriptor* field = nullptr;
  bool in_control = false;
  bool is_switch = false;  // Takes no value: a bool, or an empty message such as FullRefund.
};

// The flags of `request`'s fields: numbers, texts and switches. Card data and other authentication
// data have none, because the process list shows command lines.
std::vector<FieldFlag> FlagsOf(const google::protobuf::Descriptor& request);

// Sets the field from text; a switch takes "true" or "false". An error states the expected form and
// does not repeat the value.
absl::Status SetField(const FieldFlag& flag, std::string_view text,
                      google::protobuf::Message& request);

// Sets a text field that was given by position; an error when a file gave it another value.
absl::Status SetPositional(std::string_view name, std::string_view text,
                           google::protobuf::Message& request);

}  // namespace msp::cli
