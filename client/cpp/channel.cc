#include "client/cpp/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <fstream>
#include <sstream>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cpp/rules.h"

namespace msp::client {
namespace {

// The largest reply that is taken, in bytes: a page of a thousand transactions fits.
constexpr int kReceiveMaxBytes = 16 << 20;

// Starts of addresses that never leave the machine.
constexpr std::string_view kLocal[] = {
    "127.",           "localhost:", "[::1]:",      "unix:",           "ipv4:127.",
    "dns:localhost:", "dns:127.",   "ipv6:[::1]:", "ipv6:%5B::1%5D:", "dns:///localhost:",
    "dns:///127."};

bool IsLocal(std::string_view server) {
  for (const std::string_view start : kLocal) {
    if (absl::StartsWith({server.data(), server.size()}, {start.data(), start.size()})) return true;
  }
  return false;
}

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().find("-----BEGIN ") == std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": not a readable PEM file"));
  }
  return std::move(text).str();
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(
    const ChannelOptions& options) {
  const TlsOptions& tls = options.tls;
  if (tls.cert_file.empty() != tls.key_file.empty()) {
    return absl::InvalidArgumentError("a client certificate and its key go together");
  }
  if (!tls.enabled && tls.ca_file.empty() && tls.cert_file.empty()) {
    if (options.allow_plaintext || IsLocal(options.server))
      return grpc::InsecureChannelCredentials();
    return absl::InvalidArgumentError(
        absl::StrCat(options.server, " is not on this machine: use TLS, or allow plain text"));
  }
  const absl::StatusOr<std::string> ca = ReadPem(tls.ca_file);
  const absl::StatusOr<std::string> cert = ReadPem(tls.cert_file);
  const absl::StatusOr<std::string> key = ReadPem(tls.key_file);
  for (const auto* pem : {&ca, &cert, &key}) {
    if (!pem->ok()) return pem->status();
  }
  return grpc::SslCredentials(
      {.pem_root_certs = *ca, .pem_private_key = *key, .pem_cert_chain = *cert});
}

}  // namespace

absl::StatusOr<Channels> MakeChannels(const ChannelOptions& options) {
  if (options.server.empty()) return absl::InvalidArgumentError("the server's address is empty");
  const auto credentials = MakeCredentials(options);
  if (!credentials.ok()) return credentials.status();
  grpc::ChannelArguments common;
  common.SetMaxReceiveMessageSize(kReceiveMaxBytes);
  // What may be repeated is written here, and not in a name server's records.
  common.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  grpc::ChannelArguments reads = common;
  reads.SetServiceConfigJSON(ServiceConfig(options.read_attempts_max));
  grpc::ChannelArguments writes = common;
  writes.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return Channels{.reads = grpc::CreateCustomChannel(options.server, *credentials, reads),
                  .writes = grpc::CreateCustomChannel(options.server, *credentials, writes)};
}

}  // namespace msp::client
