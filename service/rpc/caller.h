// SPDX-License-Identifier: Apache-2.0

// The caller as gRPC reports it: the site that the call names, and the names in the client's
// certificate. Every call, of any kind, is admitted to its site here.
#pragma once

#include <grpcpp/server_context.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "service/payments/sites.h"

namespace msp::rpc {

// The value of a metadata key, "" when absent. Owned by the context.
std::string_view MetadataOf(const grpc::ServerContextBase& context, const char* name);

// Every name in the caller's verified certificate (subject alternative names, else the common
// name); none without one. Owned by `proof`.
std::vector<std::string_view> IdentitiesOf(const grpc::AuthContext* proof);

// The site that the call may use, with a permit of its limit on calls, or a failure.
// `certificates`: clients must present them.
std::variant<payments::Sites::Admitted, payments::Failure> Admit(
    payments::Sites& sites, const grpc::ServerContextBase& context, bool certificates,
    payments::Sites::Clock::time_point now);

}  // namespace msp::rpc
