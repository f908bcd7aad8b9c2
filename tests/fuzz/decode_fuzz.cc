// SPDX-License-Identifier: Apache-2.0

// Any bytes: the codec and nlohmann::json agree on whether they are JSON, once texts that are not
// readable in whole are repaired for the latter, and on every value that the test message and an
// order take from them.
#include <cstdint>
#include <string>

#include "tests/codec/agreement.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const msp::codec::SchemaSet schemas(msp::codec::oracle::ComparedMessages());
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto found = msp::codec::oracle::Compare(schemas, text);
  msp::fuzz::Require(found.difference.empty(), "both readers agree", found.difference);
  return 0;
}
