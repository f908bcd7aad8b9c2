// SPDX-License-Identifier: Apache-2.0

// Requests that this service itself refuses: those that could lose money, leak a card or harm the
// process. All other rules are left to MultiSafepay.
#pragma once

#include <string_view>
#include <vector>

#include "google/protobuf/message.h"
#include "service/codec/check.h"
#include "service/payments/operation.h"

namespace msp::payments {

// The allowed hosts of Apple Pay's validation URLs: a domain and its subdomains.
inline constexpr std::string_view kApplePayHosts = "apple.com";

// The schema's limits and the rules between fields. Empty when the request may be sent.
// `apple_pay_hosts` are domains, separated by commas.
std::vector<codec::Violation> Validate(const Operation& operation,
                                       const google::protobuf::Message& request,
                                       std::string_view apple_pay_hosts = kApplePayHosts);

// Adds members of the service's own: `type: redirect` where there is none, MultiSafepay's default,
// and `payment_options.notification_method: POST` for a notification_url without one, since
// notifications by GET are not signed. `notification_url`, when not empty, is the operator's
// default for orders that have none.
void CompleteRequest(const Operation& operation, std::string_view notification_url,
                     google::protobuf::Message& request);

}  // namespace msp::payments
