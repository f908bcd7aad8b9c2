#include "service/server/server.h"

#include <grpc/grpc.h>
#include <grpcpp/grpcpp.h>
#include <pthread.h>

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/http/attended.h"
#include "service/server/acceptor.h"
#include "service/server/health.h"
#include "service/server/reflection.h"
#include "service/server/rescue.h"
#include "service/server/services.h"
#include "service/server/slot.h"
#include "service/server/tag.h"

namespace msp::server {

struct Server::State {
  explicit State(const Edge* edge) : services(edge) {}
  Services services;
  std::unique_ptr<Rescue> rescue;  // Outlives the acceptor, which calls it.
  std::unique_ptr<Acceptor> acceptor;
  Health health;
  std::unique_ptr<Reflection> reflection;
  std::unique_ptr<grpc::ServerCompletionQueue> queue;
  std::unique_ptr<Slots> slots;
  std::unique_ptr<grpc::Server> server;
  std::vector<std::thread> pollers;
  std::string listening;
  std::int64_t connection_age_ms = 0;
  const Calls* calls = nullptr;
  bool stopped = false;
};

namespace {

using Clock = std::chrono::steady_clock;

// For a connection without calls to say goodbye, and how often its end is looked for.
constexpr std::chrono::milliseconds kGoodbyeMax{1'000};
constexpr std::chrono::milliseconds kLookAgain{20};
// The last one is for connections of addresses that flood.
constexpr int kUshers = 5;
// Calls that are taken before the HTTP client is looked at again.
constexpr unsigned kEventsAtOnce = 16;
// After so many calls in a row the next one is not far: whoever has it ready, and waits for a core,
// is let go first, before the client is handed back.
constexpr unsigned kBusyEvents = 4;

// Health under names for an orchestrator's two questions: may calls come, and is the process alive?
// The second stays SERVING in a drain.
constexpr char kReadiness[] = "readiness";
constexpr char kLiveness[] = "liveness";

void Poll(grpc::ServerCompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) static_cast<Tag*>(tag)->Proceed(ok);
}

// Looks after the HTTP client as well for as long as there is something to do: a call is begun and
// ended on this thread, and no other is woken for it. When nothing is left, the client's own thread
// waits for answers while this one waits for calls.
void PollAndAttend(grpc::ServerCompletionQueue& queue, http::Attended& client) {
  void* tag = nullptr;
  bool ok = false;
  client.Attend();
  bool yielded = false;
  for (unsigned events = 0;;) {
    const auto next = queue.AsyncNext(&tag, &ok, gpr_inf_past(GPR_CLOCK_MONOTONIC));
    if (next == grpc::CompletionQueue::SHUTDOWN) break;
    if (next == grpc::CompletionQueue::GOT_EVENT) {
      static_cast<Tag*>(tag)->Proceed(ok);
      yielded = false;
      if (++events % kEventsAtOnce == 0) client.Work();
      continue;
    }
    if (client.Work()) {
      yielded = false;
      continue;
    }
    if (!yielded && events >= kBusyEvents) {
      yielded = true;
      sched_yield();
      continue;
    }
    client.Rest();
    const bool more = queue.Next(&tag, &ok);
    client.Attend();
    if (!more) break;
    static_cast<Tag*>(tag)->Proceed(ok);
    events = 1;
    yielded = false;
  }
  client.Rest();
}

// "host:port" with the port that was bound.
std::string WithPort(const std::string& listen, int port) {
  return absl::StrCat(listen.substr(0, listen.rfind(':')), ":", port);
}

}  // namespace

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      const psp::Operations& operations,
                                                      Calls& calls) {
  auto state = std::make_unique<State>(options.edge);
  auto acceptor = Acceptor::Bind(options.listen, options.limits.connections_max, &calls.counts(),
                                 options.limits.memory_max_bytes);
  if (!acceptor.ok()) return acceptor.status();
  state->acceptor = *std::move(acceptor);
  state->calls = &calls;
  grpc::ServerBuilder builder;
  std::vector<std::unique_ptr<Acceptor::Connections>> connections;
  connections.reserve(kUshers);
  for (int i = 0; i < kUshers; ++i) {
    connections.push_back(builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
        options.credentials()));
  }
  if (options.connection_age_ms > 0) {
    // Its grace is infinite: a connection that has to go takes no new calls and ends with its last.
    state->connection_age_ms = options.connection_age_ms;
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                               static_cast<int>(options.connection_age_ms));
  }
  if (options.connection_idle_ms > 0)
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS,
                               static_cast<int>(options.connection_idle_ms));
  Apply(options.limits, builder);
  state->services.Register(builder);
  std::vector<std::string> names = Services::Names();
  names.emplace_back("grpc.health.v1.Health");
  state->reflection = std::make_unique<Reflection>(std::move(names));
  state->reflection->Register(builder);
  builder.RegisterService(&state->health.service());
  state->queue = builder.AddCompletionQueue();
  state->slots = std::make_unique<Slots>(*state->queue, calls.counts());
  state->server = builder.BuildAndStart();
  if (state->server == nullptr) {
    state->queue->Shutdown();
    Poll(*state->queue);
    return absl::InternalError("gRPC could not start its server");
  }
  state->listening = WithPort(options.listen, state->acceptor->port());
  state->health.Set(Services::Names(), true);
  state->health.Set({kReadiness, kLiveness}, true);
  state->services.Wait(*state->slots, operations, calls);
  state->health.Serve(*state->slots);
  state->reflection->Serve(*state->slots);
  for (int i = 0; i < options.polling_threads; ++i) {
    state->pollers.emplace_back(
        [queue = state->queue.get(), client = i == 0 ? options.client : nullptr] {
          if (client != nullptr) return PollAndAttend(*queue, *client);
          Poll(*queue);
        });
    // Not to be taken for one of gRPC's.
    pthread_setname_np(state->pollers.back().native_handle(), absl::StrCat("msp-grpc-", i).c_str());
  }
  state->rescue = std::make_unique<Rescue>(*state->queue);
  state->acceptor->Serve(
      std::move(connections),
      {.rush = [rescue = state->rescue.get()] { rescue->Rush(); }, .flooded = options.flooded});
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::~Server() { Stop(); }

const std::string& Server::listening() const { return state_->listening; }

void Server::SetNotServing() {
  std::vector<std::string> names = Services::Names();
  names.insert(names.end(), {"", kReadiness});
  state_->health.Set(names, false);
}

Server::Connections Server::connections() const {
  Acceptor& acceptor = *state_->acceptor;
  return {.open = static_cast<std::int64_t>(acceptor.open()),
          .refused = acceptor.refused(),
          .cut = acceptor.cut(),
          .delayed = acceptor.delayed()};
}

void Server::LetConnectionsGo(std::int64_t wait_max_ms) {
  using std::chrono::milliseconds;
  state_->acceptor->Close();
  // gRPC spreads the ages by a tenth.
  const auto of_age = milliseconds(state_->connection_age_ms * 11 / 10) + kGoodbyeMax;
  const auto until = Clock::now() + std::min(of_age, milliseconds(wait_max_ms));
  while (state_->connection_age_ms > 0 && state_->acceptor->open() > 0 && Clock::now() < until)
    std::this_thread::sleep_for(kLookAgain);
}

void Server::Stop() {
  if (state_->stopped) return;
  state_->stopped = true;
  state_->acceptor->Close();
  state_->health.End();
  std::atomic<bool> ended{false};
  std::thread shutdown([&] {
    state_->server->Shutdown();
    ended = true;
  });
  // A stream that asks for descriptions has no end of its own: when the last call has been gone for
  // a while, whatever is left is cut.
  Clock::time_point busy = Clock::now();
  while (!ended && Clock::now() - busy < kGoodbyeMax) {
    if (state_->calls->in_hand() > 0) busy = Clock::now();
    std::this_thread::sleep_for(kLookAgain);
  }
  if (!ended) grpc_server_cancel_all_calls(state_->server->c_server());
  shutdown.join();
  state_->rescue->Stop();
  // For gRPC a call that was cancelled is over; for us when it has been replied to, by the queue.
  while (state_->slots->count() > 0 || state_->calls->in_hand() > 0)
    std::this_thread::sleep_for(kLookAgain);
  state_->queue->Shutdown();
  for (std::thread& poller : state_->pollers) poller.join();
}

}  // namespace msp::server
