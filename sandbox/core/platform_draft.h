// SPDX-License-Identifier: Apache-2.0

// What the checks of POST /orders have read so far. On the stack of one creation.
#pragma once

#include <optional>
#include <string>

#include "sandbox/core/platform.h"

namespace msp::sandbox {

struct Platform::Draft {
  std::string order_id;
  std::string type;
  std::string gateway;
  std::string currency;
  std::string description;
  std::int64_t amount = 0;
  std::optional<Card> card;
  Recurring recurring;
  bool has_browser = false;
  bool moto = false;
  std::optional<bool> flexible_3d;
  std::string terminal_id;
  std::string api_token;
  Json component = Json::object();  // what the payment component made
};

}  // namespace msp::sandbox
