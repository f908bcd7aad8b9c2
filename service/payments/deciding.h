// SPDX-License-Identifier: Apache-2.0

// The members of an answer that decide a call: where one of them could not be read, the outcome is
// indeterminate, whatever the others say.
#pragma once

#include <string>
#include <vector>

#include "service/codec/decode.h"

namespace msp::payments {

// The path of a deciding member of an answer or its envelope that did not fit its type or was not
// readable as a whole; "" for none. When reports were dropped, one of them may have been about such
// a member.
std::string UnreadableDecidingMember(const std::vector<codec::Drift>& drift, bool drift_cut);

// The path of a deciding member of the envelope that came twice; "" for none. Which of two is meant
// is nowhere said.
std::string DuplicateOfEnvelope(const std::vector<codec::Drift>& drift);

// As UnreadableDecidingMember, for an order that is a document of its own, as in a notification.
std::string UnreadableOrderMember(const std::vector<codec::Drift>& drift, bool drift_cut);

}  // namespace msp::payments
