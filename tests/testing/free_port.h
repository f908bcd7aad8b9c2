// SPDX-License-Identifier: Apache-2.0

// A port of the loopback that nobody listens on at this moment, for programs that must be given
// theirs or keep it over a restart. Any thread.
#pragma once

namespace msp::testing {

// Ends the test program where none is free.
int FreePort();

}  // namespace msp::testing
