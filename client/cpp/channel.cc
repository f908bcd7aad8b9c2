// SPDX-License-Identifier: Apache-2.0

#include "client/cpp/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cpp/retries.h"

namespace msp::client {
namespace {

using Clock = std::chrono::system_clock;

// The largest accepted reply, in bytes. The service sends a list of up to 16 MiB of JSON, a
// page of a thousand transactions with full texts; this is twice that. gRPC's default is 4 MiB.
constexpr int kReceiveMaxBytes = 32 << 20;

// The rest of a call's time is for the call itself. Also the longest pause between two attempts to
// connect, so that each wait includes one.
constexpr std::chrono::milliseconds kConnectMax{5'000};

// A peer that disappears without closing the connection leaves it READY: all calls would end at
// their deadlines, and a watch never, until TCP gives up after some 15 minutes. During calls gRPC
// pings it after this time without a byte, and closes the connection when no answer comes.
constexpr std::chrono::milliseconds kKeepaliveTime{30'000};
constexpr std::chrono::milliseconds kKeepaliveTimeout{10'000};
constexpr char kPingTimeoutArgument[] = "grpc.http2.ping_timeout_ms";  // In no public header.

bool UsesTls(const TlsOptions& tls) {
  return tls.enabled || !tls.ca_file.empty() || !tls.cert_file.empty();
}

// The host of "dns:///HOST:PORT", "ipv4:HOST:PORT" and the like; the port may be absent.
std::string_view HostOf(std::string_view server) {
  for (const std::string_view scheme : {"dns:///", "dns:", "ipv4:", "ipv6:"}) {
    if (server.substr(0, scheme.size()) != scheme) continue;
    server.remove_prefix(scheme.size());
    break;
  }
  const std::size_t colon = server.rfind(':');
  const bool has_port = colon != std::string_view::npos && colon + 1 < server.size() &&
                        server.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
  return has_port ? server.substr(0, colon) : server;
}

// Addresses on this machine. "127.0.0.1.example" is another machine.
bool IsLocal(std::string_view server) {
  if (server.substr(0, 5) == "unix:") return true;
  const std::string_view host = HostOf(server);
  if (host == "localhost" || host == "[::1]" || host == "%5B::1%5D") return true;
  return host.substr(0, 4) == "127." &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
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
    return absl::InvalidArgumentError("a client certificate and its key require each other");
  }
  if (!UsesTls(tls)) {
    if (options.allow_plaintext || (options.proxy.empty() && IsLocal(options.server)))
      return grpc::InsecureChannelCredentials();
    return absl::InvalidArgumentError(absl::StrCat(
        options.server, options.proxy.empty() ? " is not on this machine" : " is behind a proxy",
        ": use TLS, or allow plain text"));
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

grpc::ChannelArguments CommonArguments(const ChannelOptions& options) {
  grpc::ChannelArguments common;
  common.SetMaxReceiveMessageSize(kReceiveMaxBytes);
  // The retry policy comes from here, never from DNS records.
  common.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  common.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, static_cast<int>(kConnectMax.count()));
  common.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(kKeepaliveTime.count()));
  common.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, static_cast<int>(kKeepaliveTimeout.count()));
  // Since gRPC 1.60 this is how long an answer to a ping may take, by default a minute.
  common.SetInt(kPingTimeoutArgument, static_cast<int>(kKeepaliveTimeout.count()));
  // By default gRPC stops after two pings while it sends nothing, as during a watch.
  common.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  common.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, options.proxy.empty() ? 0 : 1);
  if (!options.proxy.empty()) common.SetString(GRPC_ARG_HTTP_PROXY, options.proxy);
  return common;
}

absl::StatusOr<Channels> MakeChannels(const ChannelOptions& options) {
  if (options.server.empty()) return absl::InvalidArgumentError("the server's address is empty");
  // gRPC ignores a proxy address that it cannot parse, and connects directly.
  if (!options.proxy.empty() && !absl::StartsWith(options.proxy, "http://"))
    return absl::InvalidArgumentError("the proxy is not http://HOST:PORT");
  const auto credentials = MakeCredentials(options);
  if (!credentials.ok()) return credentials.status();
  const grpc::ChannelArguments common = CommonArguments(options);
  grpc::ChannelArguments reads = common;
  reads.SetServiceConfigJSON(ServiceConfig(options.read_attempts_max));
  grpc::ChannelArguments writes = common;
  writes.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return Channels{.reads = grpc::CreateCustomChannel(options.server, *credentials, reads),
                  .writes = grpc::CreateCustomChannel(options.server, *credentials, writes)};
}

std::optional<std::string> Connect(const ChannelOptions& options,
                                   const std::shared_ptr<grpc::Channel>& channel,
                                   Clock::time_point deadline) {
  const auto start = Clock::now();
  const auto until = start + std::min<Clock::duration>((deadline - start) / 2, kConnectMax);
  if (channel->WaitForConnected(until)) return {};
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
  return absl::StrCat(
      "no connection to ", options.server, UsesTls(options.tls) ? " with TLS" : " in plain text",
      options.proxy.empty() ? "" : " through the proxy", " within ", waited.count(), " ms");
}

}  // namespace msp::client
