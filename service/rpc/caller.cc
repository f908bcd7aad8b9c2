// SPDX-License-Identifier: Apache-2.0

#include "service/rpc/caller.h"

#include <memory>

namespace msp::rpc {

std::string_view MetadataOf(const grpc::ServerContextBase& context, const char* name) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find(name);
  if (found == metadata.end()) return {};
  return {found->second.data(), found->second.size()};
}

std::vector<std::string_view> IdentitiesOf(const grpc::AuthContext* proof) {
  std::vector<std::string_view> identities;
  if (proof == nullptr || !proof->IsPeerAuthenticated()) return identities;
  for (const grpc::string_ref& name : proof->GetPeerIdentity())
    identities.emplace_back(name.data(), name.size());
  return identities;
}

std::variant<payments::Sites::Admitted, payments::Failure> Admit(
    payments::Sites& sites, const grpc::ServerContextBase& context, bool certificates,
    payments::Sites::Clock::time_point now) {
  payments::Sites::SiteClaim caller{.site = MetadataOf(context, "x-msp-site"), .identities = {}};
  std::shared_ptr<const grpc::AuthContext> proof;
  if (certificates) {
    proof = context.auth_context();
    caller.identities = IdentitiesOf(proof.get());
  }
  return sites.Admit(caller, now);
}

}  // namespace msp::rpc
