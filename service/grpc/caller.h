// SPDX-License-Identifier: Apache-2.0

// Who calls, as gRPC tells: the site that the call names, and the names of the client's
// certificate. The one way in to a site for every call, whatever its kind.
#pragma once

#include <grpcpp/server_context.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "service/payments/sites.h"

namespace msp::server {

// The value of a metadata key, "" when it is absent. It is the context's.
std::string_view MetadataOf(const grpc::ServerContextBase& context, const char* name);

// Every name of the caller's verified certificate (subject alternative names, else the common
// name); none without one. They are `proof`'s.
std::vector<std::string_view> IdentitiesOf(const grpc::AuthContext* proof);

// The site that the call may use, with a place among its calls, or why not. `certificates`: clients
// show them.
std::variant<payments::Sites::Admitted, payments::Failure> Admit(
    payments::Sites& sites, const grpc::ServerContextBase& context, bool certificates,
    payments::Sites::Clock::time_point now);

}  // namespace msp::server
