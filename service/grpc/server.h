// SPDX-License-Identifier: Apache-2.0

// The gRPC server: listener, completion queues, health, reflection, drain, and the services that it
// is given. Owned by main.
//
// No code of this component closes a connection that has calls in flight, except at the end of a
// drain (Stop).
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/grpc/port_limits.h"
#include "service/grpc/service_set.h"
#include "service/http/drivable.h"

namespace msp::server {

struct ServerOptions {
  std::string listen = "127.0.0.1:50051";  // Port 0 picks one; or "unix:PATH".
  mode_t unix_mode = 0660;                 // Of that path, and its owner.
  std::string unix_owner;
  std::shared_ptr<grpc::ServerCredentials> credentials;
  PortLimits limits;
  // The bound on unary calls, so on how long Stop waits for those in flight.
  std::int64_t call_max_ms = 33'000;
  // The HTTP client's event loops, with one completion queue and thread each (poller.h). Empty: one
  // thread that drives none. Outlive the server.
  std::vector<http::Drivable*> loops;
};

class Server {
 public:
  // Binds and serves; an address in use is an error.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       ServiceSet& services);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The address with the port that was bound: "127.0.0.1:50051".
  const std::string& listening() const;
  // Connections to the gRPC port: open now, and refused at connections_max.
  std::int64_t connections_open() const;
  std::int64_t connections_refused() const;

  // A drain, in this order. Health answers NOT_SERVING from here on; calls are still accepted.
  void SetNotServing();
  // Closes the listening socket and waits until connections have reached their maximum age: each
  // client has then got GOAWAY and calls another replica. Calls are still served. Does not wait
  // without a connection age.
  void CloseListener();
  // Accepts no more calls and returns when the last one has ended. Then closes the remaining
  // streams and connections. Calls end by their own limit (`call_max_ms`): gRPC would end them with
  // UNAVAILABLE, which callers may retry.
  void Stop();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace msp::server
