// SPDX-License-Identifier: Apache-2.0

// The members of an answer that a call is decided by: where one of them could not be read, nothing
// is known, whatever the rest says.
#pragma once

#include <string>
#include <vector>

#include "service/codec/decode.h"

namespace msp::payments {

// The path of a deciding member of an answer, its envelope included, that did not fit its type or
// was not readable in whole; "" when there is none. When reports were dropped, one of them may have
// been about such a member.
std::string UnreadableDecidingMember(const std::vector<codec::Drift>& drift, bool drift_cut);

// The same of an order that is a document of its own, as in a notification.
std::string UnreadableOrderMember(const std::vector<codec::Drift>& drift, bool drift_cut);

}  // namespace msp::payments
