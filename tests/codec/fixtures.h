// SPDX-License-Identifier: Apache-2.0

// The API's published samples, where they are at hand: the directory named by MSP_FIXTURES, else
// the one beside the source tree. They are other people's text and no part of the project.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace msp::codec {

// Name relative to the directory ("responses/capture.json") and content of every *.json file,
// sorted. Empty when the directory is absent: then one line says so, and with CI=true the test
// fails.
std::vector<std::pair<std::string, std::string>> Fixtures();

}  // namespace msp::codec
