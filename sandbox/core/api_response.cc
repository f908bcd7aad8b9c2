// SPDX-License-Identifier: Apache-2.0

#include "sandbox/core/api_response.h"

#include <string>

namespace msp::sandbox {
namespace {

using nlohmann::json;

struct ErrorRow {
  int code;
  int status;
  std::string_view text;
};

// Nearly every failed operation on an order is HTTP 404.
constexpr ErrorRow kErrors[] = {
    {1000, 410, "Not found"},
    {1001, 404, "Invalid amount"},
    {1002, 404, "Invalid currency"},
    {1006, 404, "Invalid transaction ID"},
    {1007, 404, "Invalid IP address"},
    {1008, 404, "Invalid description"},
    {1010, 404, "Invalid variable"},
    {1014, 404, "Unspecified error"},
    {1016, 404, "Missing data"},
    {1018, 404, "Invalid country code"},
    {1019, 404, "The site is blocked in your account."},
    {1020, 404, "Your account is blocked."},
    {1021, 404, "Cannot create transaction"},
    {1022, 404, "Cannot start transaction"},
    {1023, 404, "No gateway (payment method) available"},
    {1024, 404, "Transaction declined"},
    {1026, 404, "Cart item currency differs from order currency"},
    {1027, 404, "Cart total differs from order amount"},
    {1028, 404, "Invalid tax rate"},
    {1032, 401, "Invalid API key"},
    {1034, 404, "Cannot refund transaction"},
    {1036, 404, "Invalid issuer"},
    {9999, 404, "Unknown error"},
};

}  // namespace

ApiResponse Success(json data) {
  ApiResponse response;
  response.body = json{{"success", true}};
  response.body["data"] = std::move(data);
  return response;
}

ApiResponse ErrorResponse(int error_code, int status, std::string_view info) {
  ApiResponse response;
  response.status = status;
  response.body =
      json{{"success", false}, {"error_code", error_code}, {"error_info", std::string(info)}};
  // The blocked-site sample has an empty list where all others have an empty object.
  response.body["data"] = error_code == 1019 ? json::array() : json::object();
  return response;
}

ApiResponse ErrorResponse(int error_code) {
  for (const ErrorRow& row : kErrors) {
    if (row.code == error_code) return ErrorResponse(error_code, row.status, row.text);
  }
  return ErrorResponse(error_code, 404, "Unknown error");
}

ApiResponse Message(int status, std::string_view text) {
  ApiResponse response;
  response.status = status;
  response.body = json{{"message", std::string(text)}};
  return response;
}

ApiResponse ValidationError(std::string_view attribute, int error_code) {
  const std::string text(ErrorText(error_code));
  ApiResponse response;
  response.status = 422;
  response.body = json{{"success", false}, {"message", "Validation error"}};
  response.body["errors"] = json::array({json{{"attribute", std::string(attribute)},
                                              {"details", json::array({text})},
                                              {"message", text},
                                              {"uri", "#/" + std::string(attribute)}}});
  return response;
}

std::string_view ErrorText(int error_code) {
  for (const ErrorRow& row : kErrors) {
    if (row.code == error_code) return row.text;
  }
  return "Unknown error";
}

}  // namespace msp::sandbox
