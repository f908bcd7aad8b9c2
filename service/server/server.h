// The gRPC front: listeners, completion queue, services, health, reflection, drain. Owned by main.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/server/calls.h"
#include "service/server/edge.h"
#include "service/server/flood_guard.h"
#include "service/server/port_limits.h"

namespace grpc {
class ServerCredentials;
}
namespace msp::http {
class Attended;
}

namespace msp::server {

struct ServerOptions {
  std::string listen = "127.0.0.1:50051";  // Port 0 picks one.
  // Makes the credentials of one port; there are several behind the one address.
  std::function<std::shared_ptr<grpc::ServerCredentials>()> credentials;
  PortLimits limits;
  int polling_threads = 1;
  // After this long a connection takes no new calls, and its client makes another; 0: never.
  std::int64_t connection_age_ms = 0;
  // A connection without calls is closed after this long; 0: never.
  std::int64_t connection_idle_ms = 0;
  // What the polling thread looks after between calls; null: nothing. Outlives the server.
  http::Attended* client = nullptr;
  // Runs for each connection that is cut for flooding, on a thread of the server's; null: nothing.
  std::function<void(const Flood& flood)> flooded;
  // For the calls about notifications; null: they are not served. Outlives the server.
  const Edge* edge = nullptr;
};

class Server {
 public:
  // Binds and serves; an address in use is an error.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       const psp::Operations& operations,
                                                       Calls& calls);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The address with the port that was bound: "127.0.0.1:50051".
  const std::string& listening() const;

  // Connections to the gRPC port: open now, refused because there were too many, cut for flooding,
  // made to wait because of floods.
  struct Connections {
    std::int64_t open = 0;
    std::int64_t refused = 0;
    std::int64_t cut = 0;
    std::int64_t delayed = 0;
  };
  Connections connections() const;
  // Health says NOT_SERVING from here on; calls are still taken.
  void SetNotServing();
  // Refuses new connections and waits for those there are to come of age, so that each client
  // learns in time to call elsewhere; calls go on. Waits no longer than said, and not at all
  // without a connection age.
  void LetConnectionsGo(std::int64_t wait_max_ms);
  // Takes no more calls and returns when the last one has ended. Streams that watch health end at
  // once, and whatever is still there after the last call is cut. Calls bound themselves
  // (`call_max_ms`), so no deadline is set here: gRPC would end them with UNAVAILABLE, which
  // callers may repeat.
  void Stop();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace msp::server
