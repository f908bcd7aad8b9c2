// SPDX-License-Identifier: Apache-2.0

// Checks of members without a field in the schema (`more`), which must not bypass its rules. Pure
// functions; any thread.
#pragma once

#include "google/protobuf/struct.pb.h"

namespace msp::codec {

// True where a member's name at any depth is a usual name of card data (card_number, cvc, pan and
// their spellings), or where a name, a text or a number holds 12 to 19 digits that pass the Luhn
// check.
bool HoldsCardData(const google::protobuf::Struct& object);

// False where a whole number is beyond 2^53: a Struct keeps numbers as doubles.
bool HoldsExactNumbers(const google::protobuf::Struct& object);

}  // namespace msp::codec
