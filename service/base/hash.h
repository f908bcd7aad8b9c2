// Keyed hashes (OpenSSL underneath).
#pragma once

#include <string>
#include <string_view>

namespace msp {

// Raw digest bytes: 32 and 64 of them.
std::string HmacSha256(std::string_view key, std::string_view message);
std::string HmacSha512(std::string_view key, std::string_view message);

// True when both are equal; the time taken depends on the lengths alone.
bool EqualInConstantTime(std::string_view a, std::string_view b);

// `count` random bytes from the system's generator.
std::string RandomBytes(std::size_t count);

}  // namespace msp
