#include "service/server/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/server/reflection.h"
#include "service/server/services.h"
#include "service/server/unary.h"

namespace msp::server {

struct Server::State {
  Services services;
  std::unique_ptr<grpc::Service> reflection;
  std::unique_ptr<grpc::ServerCompletionQueue> queue;
  std::unique_ptr<grpc::Server> server;
  std::vector<std::thread> pollers;
  std::string listening;
  bool stopped = false;
};

namespace {

void Poll(grpc::ServerCompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) static_cast<Tag*>(tag)->Proceed(ok);
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
  auto state = std::make_unique<State>();
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(options.listen, options.credentials, &port);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(options.receive_max_bytes);
  state->services.Register(builder);
  std::vector<std::string> names = Services::Names();
  names.emplace_back("grpc.health.v1.Health");
  state->reflection = MakeReflectionV1(names);
  builder.RegisterService(state->reflection.get());
  state->queue = builder.AddCompletionQueue();
  state->server = builder.BuildAndStart();
  if (state->server == nullptr || port == 0) {
    state->queue->Shutdown();
    Poll(*state->queue);
    return absl::UnavailableError(absl::StrCat("cannot listen on ", options.listen,
                                               ": the address is in use or not this machine's"));
  }
  state->listening = WithPort(options.listen, port);
  state->services.Wait(*state->queue, operations, calls);
  for (int i = 0; i < options.polling_threads; ++i) {
    state->pollers.emplace_back([queue = state->queue.get()] { Poll(*queue); });
  }
  auto* health = state->server->GetHealthCheckService();
  for (const std::string& name : Services::Names()) health->SetServingStatus(name, true);
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::~Server() { Stop(); }

const std::string& Server::listening() const { return state_->listening; }

void Server::SetNotServing() { state_->server->GetHealthCheckService()->SetServingStatus(false); }

void Server::Stop() {
  if (state_->stopped) return;
  state_->stopped = true;
  state_->server->Shutdown();
  state_->queue->Shutdown();
  for (std::thread& poller : state_->pollers) poller.join();
}

}  // namespace msp::server
