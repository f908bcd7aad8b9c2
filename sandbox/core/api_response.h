// SPDX-License-Identifier: Apache-2.0

// The core's response, an HTTP status and a JSON body, and the table of MultiSafepay's errors.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace msp::sandbox {

struct ApiResponse {
  int status = 200;
  nlohmann::json body;
  // For the log line; never more than the id.
  std::string order_id;
};

// {"success": true, "data": ...}
ApiResponse Success(nlohmann::json data);

// The error with MultiSafepay's own text and the HTTP status that goes with it.
ApiResponse ErrorResponse(int error_code);
ApiResponse ErrorResponse(int error_code, int status, std::string_view info);

// {"message": ...}
ApiResponse Message(int status, std::string_view text);

// The body of a failed validation in the 422 shape.
ApiResponse ValidationError(std::string_view attribute, int error_code);

// The published text of a code; "Unknown error" for others.
std::string_view ErrorText(int error_code);

}  // namespace msp::sandbox
