// SPDX-License-Identifier: Apache-2.0

// Other JSON types for the same values, as the older answers of the API have them. Pure; any
// thread.
#pragma once

#include <string>

#include "sandbox/core/order.h"
#include "sandbox/core/random.h"
#include "sandbox/core/settings.h"

namespace msp::sandbox {

// Changes the types in a rendered order as --polymorphism says.
void ApplyPolymorphism(Polymorphism polymorphism, Random& random, Json& order);

// Digits become an integer unless they would lose a leading zero or overflow, as in MultiSafepay's
// backend.
Json NumericWherePossible(const std::string& text);

}  // namespace msp::sandbox
