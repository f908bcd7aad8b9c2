// SPDX-License-Identifier: Apache-2.0

// Pages of lists: one style for callers (page_size, page_token, next_page_token) over
// MultiSafepay's two, offsets for tokens and cursors for transactions. A page token is opaque to
// callers; a foreign one is refused.
#pragma once

#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "service/codec/check.h"
#include "service/payments/envelope.pb.h"

namespace msp::payments {

void CheckPage(const google::protobuf::Message& request, std::vector<codec::Violation>& violations);

// Appends limit and offset or cursor to a query that may already have members. `request` has passed
// CheckPage.
void AppendPageQuery(const google::protobuf::Message& request, bool has_members,
                     std::string& query);

// Sets next_page_token from the answer.
void SetNextPage(const google::protobuf::Message& request, const Envelope& envelope,
                 google::protobuf::Message& response);

}  // namespace msp::payments
