// SPDX-License-Identifier: Apache-2.0

// What this service refuses itself: whatever could lose money, leak a card or hurt the process.
// What is merely MultiSafepay's taste is MultiSafepay's to refuse.
#pragma once

#include <string_view>
#include <vector>

#include "google/protobuf/message.h"
#include "service/codec/check.h"
#include "service/payments/operation.h"

namespace msp::payments {

// Where Apple Pay's validation URLs may lead: a domain and all below it.
inline constexpr std::string_view kApplePayHosts = "apple.com";

// The schema's enforced limits and the rules between fields. Empty when the request may be sent.
// `apple_pay_hosts` are domains, separated by commas.
std::vector<codec::Violation> Validate(const Operation& operation,
                                       const google::protobuf::Message& request,
                                       std::string_view apple_pay_hosts = kApplePayHosts);

// Adds the members that the service sends without being asked: `type: redirect` where there is
// none, as MultiSafepay would read it, and `payment_options.notification_method: POST` beside a
// notification_url that comes without one, since notifications by GET are not signed.
// `notification_url`, when not empty, is the operator's own default for orders that have none.
void CompleteRequest(const Operation& operation, std::string_view notification_url,
                     google::protobuf::Message& request);

}  // namespace msp::payments
