// SPDX-License-Identifier: Apache-2.0

// Seeded randomness: the same seed gives the same ids, sessions and tokens on every platform.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace msp::sandbox {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  // splitmix64.
  std::uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  // Below `bound`, which is not 0.
  std::uint64_t Below(std::uint64_t bound) { return Next() % bound; }
  // True in `chance` of 1.
  bool Chance(double chance) { return static_cast<double>(Next() >> 11) * 0x1.0p-53 < chance; }

  std::string Text(std::size_t size, std::string_view alphabet) {
    std::string text(size, ' ');
    for (char& c : text) c = alphabet[Below(alphabet.size())];
    return text;
  }
  std::string Letters(std::size_t size) {
    return Text(size, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
  }
  std::string Digits(std::size_t size) {
    return Text(1, "123456789") + Text(size - 1, "0123456789");
  }
  std::string Uuid() {
    const std::string hex = Text(32, "0123456789abcdef");
    return hex.substr(0, 8) + '-' + hex.substr(8, 4) + "-4" + hex.substr(13, 3) + "-a" +
           hex.substr(17, 3) + '-' + hex.substr(20);
  }

  std::uint64_t state() const { return state_; }
  void set_state(std::uint64_t state) { state_ = state; }

 private:
  std::uint64_t state_;
};

}  // namespace msp::sandbox
