// SPDX-License-Identifier: Apache-2.0

#include "service/grpc/server.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "service/base/tcp_socket.h"
#include "service/base/unix_socket.h"
#include "service/grpc/health.h"
#include "service/grpc/listener.h"
#include "service/grpc/poller.h"
#include "service/grpc/reflection.h"

namespace msp::server {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// The time for a connection or a stream without calls in flight to end by itself, and the interval
// of the check.
constexpr milliseconds kCloseWaitMax{1'000};
constexpr milliseconds kPollInterval{20};

// Health names for an orchestrator's readiness and liveness checks. Liveness stays SERVING in a
// drain.
constexpr char kReadiness[] = "readiness";
constexpr char kLiveness[] = "liveness";

// Waits for `done`, at most until `until`.
template <class Condition>
void WaitUntil(Clock::time_point until, Condition done) {
  while (!done() && Clock::now() < until) std::this_thread::sleep_for(kPollInterval);
}

std::vector<std::string> With(std::vector<std::string> names,
                              std::initializer_list<std::string> more) {
  names.insert(names.end(), more);
  return names;
}

constexpr std::string_view kUnix = "unix:";

}  // namespace

struct Server::State {
  State(const ServerOptions& of, ServiceSet& served) : options(of), services(served) {}

  const ServerOptions options;
  ServiceSet& services;
  UnixSocket unix_socket;
  Listener listener{static_cast<std::size_t>(options.limits.connections_max)};
  Health health;
  Reflection reflection{With(services.Names(), {"grpc.health.v1.Health"})};
  // One of each per thread.
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> completions;
  std::vector<std::unique_ptr<CallQueue>> queues;
  std::unique_ptr<grpc::Server> server;
  std::vector<std::unique_ptr<Poller>> pollers;
  std::string listening;
  bool goaway_sent = false;  // To every connection, because of its age.
  bool stopped = false;
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      ServiceSet& services) {
  auto state = std::make_unique<State>(options, services);
  state->listening = options.listen;
  if (options.listen.starts_with(kUnix)) {
    auto made = UnixSocket::Listen({.path = options.listen.substr(kUnix.size()),
                                    .mode = options.unix_mode,
                                    .owner = options.unix_owner});
    if (!made.ok()) return made.status();
    state->unix_socket = *std::move(made);
    state->listener.Add(state->unix_socket.fd());
  } else {
    const absl::StatusOr<TcpSockets> bound = ListenTcp(options.listen);
    if (!bound.ok()) return bound.status();
    for (const int fd : bound->fds) state->listener.Add(fd);
    state->listening =
        absl::StrCat(options.listen.substr(0, options.listen.rfind(':')), ":", bound->port);
  }
  grpc::ServerBuilder builder;
  auto acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, options.credentials);
  Apply(options.limits, builder);
  services.Register(builder);
  state->health.Register(builder);
  state->reflection.Register(builder);
  std::vector<http::Drivable*> loops = options.loops;
  if (loops.empty()) loops.push_back(nullptr);
  for (std::size_t i = 0; i < loops.size(); ++i)
    state->completions.push_back(builder.AddCompletionQueue());
  state->server = builder.BuildAndStart();
  if (state->server == nullptr) return absl::InternalError("gRPC could not start its server");
  state->health.Set(With(services.Names(), {kReadiness, kLiveness}), true);
  for (std::size_t i = 0; i < loops.size(); ++i) {
    CallQueue& queue =
        *state->queues.emplace_back(std::make_unique<CallQueue>(*state->completions[i]));
    services.Serve(queue);
    state->health.Serve(queue);
    state->reflection.Serve(queue);
    state->pollers.push_back(
        std::make_unique<Poller>(*state->completions[i], loops[i], static_cast<int>(i)));
  }
  state->listener.Serve(std::move(acceptor));
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::~Server() { Stop(); }

const std::string& Server::listening() const { return state_->listening; }

std::int64_t Server::connections_open() const {
  return static_cast<std::int64_t>(state_->listener.open());
}

std::int64_t Server::connections_refused() const { return state_->listener.refused(); }

void Server::SetNotServing() {
  state_->health.Set(With(state_->services.Names(), {"", kReadiness}), false);
}

void Server::CloseListener() {
  // First, so that the next process can take the path and gets new callers.
  state_->unix_socket.Remove();
  state_->listener.Close();
  const std::int64_t age_ms = state_->options.limits.connection_age_ms;
  if (age_ms == 0) return;
  // gRPC spreads the maximum ages by a tenth.
  const auto aged = milliseconds(age_ms * 11 / 10) + kCloseWaitMax;
  WaitUntil(Clock::now() + aged, [this] { return state_->listener.open() == 0; });
  state_->goaway_sent = true;
}

void Server::Stop() {
  if (state_->stopped) return;
  state_->stopped = true;
  state_->unix_socket.Remove();
  state_->listener.Close();
  const auto idle = [this] { return state_->services.replies_pending() == 0; };
  const milliseconds call_max(state_->options.call_max_ms);
  // After GOAWAY no connection brings a new call. Waits for the calls in flight first, then one
  // second for the rest: endless streams and clients that do not answer.
  if (state_->goaway_sent) WaitUntil(Clock::now() + call_max, idle);
  const milliseconds timeout = idle() ? kCloseWaitMax : call_max + kCloseWaitMax;
  state_->server->Shutdown(std::chrono::system_clock::now() + timeout);
  // For gRPC a cancelled call has ended; for us only when its transfer has ended and the queue has
  // returned its last step.
  const auto waits = [](const auto& queue) { return queue->calls() > 0; };
  while (std::any_of(state_->queues.begin(), state_->queues.end(), waits) || !idle())
    std::this_thread::sleep_for(kPollInterval);
  for (const auto& completions : state_->completions) completions->Shutdown();
  state_->pollers.clear();
}

}  // namespace msp::server
