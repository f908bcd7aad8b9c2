// SPDX-License-Identifier: Apache-2.0

// The gRPC server: listener, completion queues, services, health, reflection, drain. Owned by main.
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
#include "service/grpc/calls.h"
#include "service/grpc/notification_services.h"
#include "service/grpc/port_limits.h"
#include "service/http/drivable.h"

namespace msp::server {

struct ServerOptions {
  std::string listen = "127.0.0.1:50051";  // Port 0 picks one; or "unix:PATH".
  mode_t unix_mode = 0660;                 // Of that path, and who owns it.
  std::string unix_owner;
  std::shared_ptr<grpc::ServerCredentials> credentials;
  PortLimits limits;
  // No unary call takes longer: how long Stop waits for those in flight.
  std::int64_t call_max_ms = 33'000;
  // The HTTP client's event loops: one completion queue and thread each (poller.h). None: one
  // thread that drives nothing. Outlive the server.
  std::vector<http::Drivable*> loops;
  // For the calls about notifications; null: they are not served. Outlives the server.
  const NotificationServices* notification_services = nullptr;
};

class Server {
 public:
  // Binds and serves; an address in use is an error.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       const payments::Operations& operations,
                                                       Calls& calls);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The address with the port that was bound: "127.0.0.1:50051".
  const std::string& listening() const;
  // Connections to the gRPC port: open now, and refused because there were too many.
  std::int64_t connections_open() const;
  std::int64_t connections_refused() const;

  // A drain, in this order. Health says NOT_SERVING from here on; calls are still taken.
  void SetNotServing();
  // Closes the listening socket and waits until connections have reached their age: each client
  // has then been sent GOAWAY and calls elsewhere. Calls go on. Waits no longer than said, and not
  // at all without a connection age.
  void CloseListener(std::int64_t wait_max_ms);
  // Takes no more calls and returns when the last one has ended. Streams and connections that are
  // still there after that are cut. Calls bound themselves (`call_max_ms`): gRPC would end them
  // with UNAVAILABLE, which callers may repeat.
  void Stop();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace msp::server
