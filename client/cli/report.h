// SPDX-License-Identifier: Apache-2.0

// What a person, and a script by its exit code, is told when a call did not simply succeed.
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
// How a payment that was followed has ended; 0 is paid, or authorized.
inline constexpr int kExitDeclined = 4;
inline constexpr int kExitExpired = 5;
inline constexpr int kExitCancelled = 6;
inline constexpr int kExitOpen = 7;  // Not ended when the time was up, or in a state of no name.
inline constexpr int kExitGivenBack = 8;  // Refunded in part or whole, or charged back.
// The customer has paid, and the money is on its way: not there yet, and it may still fail.
inline constexpr int kExitProcessing = 9;

int ExitOf(const client::Error& error);

// Lines for standard error: what happened, the refused fields, and what to do now. `order_id` and
// `key` are the request's, or empty.
std::string ErrorText(const client::Error& error, std::string_view server,
                      std::string_view order_id, std::string_view key);

// When the reply says that the payment was declined, the line that says why; else empty.
std::string DeclineText(const google::protobuf::Message& reply);

// When the reply's `result.reason` says that it is less than a full one, what to do; else empty.
std::string CaveatText(const google::protobuf::Message& reply);

}  // namespace msp::cli
