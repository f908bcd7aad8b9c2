// SPDX-License-Identifier: Apache-2.0

// The table of commands: words on the command line, the method they call, and the request fields
// given by position. Flags are not listed: they are the request's own fields.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/types/span.h"
#include "google/protobuf/descriptor.h"

namespace msp::cli {

// A command: one call of a method, or a custom action.
enum class CommandKind : std::uint8_t {
  kCall,
  kCheckout,
  kWebhookVerify,
  kWebhookSend,
  kCompletion
};

// A flag that is no field of a request.
struct CommandFlag {
  std::string_view name;   // "auth" without the dashes.
  std::string_view value;  // "HEADER"; empty for a switch.
  std::string_view help;
};

struct Command {
  std::string_view words;        // "order create"
  std::string_view method;       // Full name of the method; empty where none is called.
  std::string_view positionals;  // Request fields, in order: "order_id refund_id".
  std::string_view summary;      // One line of help.
  std::string_view example;      // A worked example, lines of a shell.
  std::string_view columns;      // Of a list, for --output table.
  // A member of MultiSafepay's own body that the service adds, "status=cancelled": a file may
  // contain it, but only with this value. A value in braces is that of a request field.
  std::string_view implied;
  CommandKind kind = CommandKind::kCall;
  absl::Span<const CommandFlag> command_flags;
  // Text after the flags in the help: the interface for scripts.
  std::string_view notes;
};

absl::Span<const Command> Commands();

// The command with these words, or null.
const Command* FindCommand(std::string_view words);

// Whether `words` are the beginning of a command: "" and "order" are.
bool IsGroup(std::string_view words);

// The method of a row; null only where the row names none, which a test walks.
const google::protobuf::MethodDescriptor* MethodOf(const Command& command);

}  // namespace msp::cli
