// SPDX-License-Identifier: Apache-2.0

// The payment component for browsers: the script that a shop's page loads, the card form that it
// shows in a frame of the sandbox's own origin, and the payloads of the typed cards.
//
// Owned by `Front`; not thread-safe, used under its lock. A card stays here, without its security
// code, until its API token expires; the shop only ever holds the payload.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "sandbox/core/order.h"
#include "sandbox/core/settings.h"
#include "sandbox/http/message.h"

namespace msp::sandbox {

class Component {
 public:
  ~Component();

  // A token that GET /auth/api_token has given to the site.
  void IssueToken(const std::string& token, const Site& site, std::int64_t now_ms);

  // A payload for what the form holds: {"success": true, "data": {"payload": ...}}, 401 without a
  // token that is good, 422 with the problems of the fields. Members: gateway, and card_number,
  // card_holder_name, card_expiry_date, card_cvc or recurring_id.
  HttpResponse MakePayload(const HttpRequest& request, std::int64_t now_ms);

  // Puts the payload's card into a CreateOrder body, and returns the API token that it was made
  // with; empty without a payload of this component. With a token of another site, an expired one,
  // or one used for another order the body stays without a card, and the order is rejected.
  std::string Resolve(const Site& site, std::int64_t now_ms, Json& order) const;
  // The order was created: its token is now used.
  void UseToken(const std::string& token, const std::string& order_id);

  void Reset();

 private:
  struct ApiToken {
    std::int64_t site_id = 0;
    std::int64_t expires_ms = 0;
    std::string order_id;  // that it was used for
  };
  struct Typed {
    std::string token;
    Json gateway_info;         // of a card, without the security code
    std::string recurring_id;  // of a stored one
  };
  // The token of the request's header; empty when it is good for nothing.
  std::string TokenOf(const HttpRequest& request, std::int64_t now_ms) const;

  std::map<std::string, ApiToken, std::less<>> tokens_;
  std::deque<std::string> token_order_;  // oldest first
  std::map<std::string, Typed, std::less<>> payloads_;
  std::deque<std::string> payload_order_;
};

// One of the files under /sdk/components/v2/, with its headers. False when `name` is none of them.
bool ComponentFile(std::string_view name, HttpResponse* response);

}  // namespace msp::sandbox
