// SPDX-License-Identifier: Apache-2.0

// Whether an answer is about the order, transaction or token that the call named.
//
// Pure functions, any thread. `numbers` has the full names of the ids that came as JSON numbers.
#pragma once

#include <string_view>
#include <vector>

#include "google/protobuf/message.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/payments/failure.h"

namespace msp::payments {

// The member in which the answered order differs from the created one; "" for none. Members that
// the short answer of a redirect order omits do not differ.
std::string_view CreateMismatch(const multisafepay::v1::CreateOrderRequest& sent,
                                const multisafepay::v1::Order& order,
                                const std::vector<std::string_view>& numbers);

// The member by which an answer to another call that moves money names another order; "" for none.
std::string_view PaymentMismatch(const google::protobuf::Message& request,
                                 const google::protobuf::Message& response,
                                 const std::vector<std::string_view>& numbers);

// The member by which an answer to a read names another object than requested; "" for none.
std::string_view ReadMismatch(const google::protobuf::Message& request,
                              const google::protobuf::Message& response,
                              const std::vector<std::string_view>& numbers);

// The failure for an answer that is about another object than requested, by this member.
Failure MismatchFailure(std::string_view member, int http_status);

// True when two ids are the same, or the same number: MultiSafepay answers an all-digit id as a
// JSON number, without its zeros. Of a JSON text the digits are the id: 007 is not 7.
bool SameOrderId(std::string_view sent, std::string_view answered);
bool SameOrderId(std::string_view sent, std::string_view answered,
                 const std::vector<std::string_view>& numbers, std::string_view field);

}  // namespace msp::payments
