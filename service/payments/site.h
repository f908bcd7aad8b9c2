// SPDX-License-Identifier: Apache-2.0

// One MultiSafepay website as a caller sees it: a name, its API key and the headers made from it.
// Immutable; a rotated key is a new Site, and calls in flight keep the old one alive.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "service/base/hash.h"
#include "service/base/text.h"
#include "service/http/client.h"

namespace msp::payments {

class Site {
 public:
  // Keys are trimmed by the caller and at least five characters long; `previous_key`, the one
  // before a rotation, may be empty.
  Site(std::string name, std::string api_key, std::string previous_key = {})
      : name_(std::move(name)),
        api_key_(std::move(api_key)),
        previous_key_(std::move(previous_key)),
        keyed_hash_(api_key_),
        // Lower case on the wire: MultiSafepay refuses `Api_Key`.
        headers_(std::make_shared<http::Headers>(Lines(api_key_))) {}
  ~Site() {
    ZeroizeString(api_key_);
    ZeroizeString(previous_key_);
  }
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  const std::string& name() const { return name_; }
  // For keyed hashes only; `headers` sends it.
  const std::string& api_key() const { return api_key_; }
  const HmacKey& keyed_hash() const { return keyed_hash_; }
  // Notifications may still be signed with this key.
  const std::string& previous_key() const { return previous_key_; }
  const std::shared_ptr<const http::Headers>& headers() const { return headers_; }

 private:
  // Moved, not copied: a braced list would be copied and leave the key in freed memory.
  static std::vector<std::string> Lines(const std::string& api_key) {
    std::vector<std::string> lines;
    lines.reserve(2);
    lines.push_back("api_key: " + api_key);
    lines.emplace_back("Accept: application/json");
    return lines;
  }

  std::string name_;
  std::string api_key_;
  std::string previous_key_;
  HmacKey keyed_hash_;
  std::shared_ptr<const http::Headers> headers_;
};

}  // namespace msp::payments
