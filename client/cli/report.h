// SPDX-License-Identifier: Apache-2.0

// The messages and exit codes of calls that did not simply succeed.
#pragma once

#include <string>
#include <string_view>

#include "client/cpp/error.h"
#include "google/protobuf/message.h"

namespace msp::cli {

inline constexpr int kExitOk = 0;
// Refused, declined or not sent; also a read that failed.
inline constexpr int kExitRefused = 1;
inline constexpr int kExitUsage = 2;    // The command line or the file is wrong; nothing was sent.
inline constexpr int kExitUnknown = 3;  // A call that moves money may or may not have worked.
// The result of a watched payment; 0 is paid, or authorized.
inline constexpr int kExitDeclined = 4;
inline constexpr int kExitExpired = 5;
inline constexpr int kExitCancelled = 6;
inline constexpr int kExitOpen = 7;       // Still open at the timeout, or in an unnamed state.
inline constexpr int kExitGivenBack = 8;  // Refunded in part or whole, or charged back.
// The customer has paid and the money has not arrived yet; it may still fail.
inline constexpr int kExitProcessing = 9;

int ExitOf(const client::Error& error);

// Lines for standard error: the error, the rejected fields, and a hint. `order_id` and
// `key` are the request's, or empty.
std::string ErrorText(const client::Error& error, std::string_view server,
                      std::string_view order_id, std::string_view key);

// If the payment was declined, a line with the reason; else empty.
std::string DeclineText(const google::protobuf::Message& reply);

// If `result.reason` says that the result is incomplete, a hint; else empty.
std::string CaveatText(const google::protobuf::Message& reply);

}  // namespace msp::cli
