#include "client/cli/run.h"

#include <unistd.h>

#include <csignal>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments.h"
#include "client/cli/help.h"
#include "client/cli/report.h"
#include "client/cli/request.h"
#include "client/cli/table.h"
#include "client/cpp/rules.h"
#include "grpc/health/v1/health.pb.h"
#include "multisafepay/v1/order_service.pb.h"
#include "nlohmann/json.hpp"
#include "service/codec/encode.h"
#include "service/codec/redact.h"

namespace msp::cli {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;

// Ctrl-C while a payment is under way leaves it open, and has to say so.
class OpenPayment {
 public:
  explicit OpenPayment(bool moves_money) {
    if (moves_money) before_ = std::signal(SIGINT, Interrupted);
  }
  ~OpenPayment() {
    if (before_ != SIG_ERR) std::signal(SIGINT, before_);
  }
  OpenPayment(const OpenPayment&) = delete;
  OpenPayment& operator=(const OpenPayment&) = delete;

 private:
  static void Interrupted(int /*signal*/) {
    constexpr std::string_view kText =
        "\nerror: INTERRUPTED outcome=UNKNOWN: the call was under way\nhint: the money may have "
        "moved. Look at the order first, then repeat this very command with --repeat\n";
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kText.data(), kText.size());
    _exit(kExitUnknown);
  }

  void (*before_)(int) = SIG_ERR;
};

// One command, from its request to its exit code.
class Invocation {
 public:
  Invocation(const Arguments& arguments, Surroundings& surroundings)
      : arguments_(arguments),
        surroundings_(surroundings),
        method_(*MethodOf(*arguments.command)),
        plans_({method_.input_type(), method_.output_type()}) {}

  int Run() {
    auto request = MakeRequest(arguments_, plans_.Of(method_.input_type()), surroundings_.in);
    if (!request.ok()) return Usage(request.status());
    request_ = *std::move(request);
    const Globals& globals = arguments_.globals;
    auto client = client::Client::Create({.channel = globals.channel, .site = globals.site});
    if (!client.ok()) return Usage(client.status());
    return method_.server_streaming() ? Follow(**client) : Call(**client);
  }

 private:
  int Usage(const absl::Status& status) {
    surroundings_.err << "error: " << status.message() << "\nhint: msp " << arguments_.words
                      << " --help\n";
    return kExitUsage;
  }

  int Call(const client::Client& client) {
    std::unique_ptr<pb::Message> reply(
        pb::MessageFactory::generated_factory()->GetPrototype(method_.output_type())->New());
    const auto error = Send(client, *reply);
    codec::Wipe(plans_.Of(method_.input_type()), *request_);
    if (error) return Fail(*error);
    const bool written = Print(*reply, /*compact=*/false);
    const std::string decline = DeclineText(*reply);
    surroundings_.err << decline << CaveatText(*reply);
    if (!written) return Unwritten();
    // A read of a declined order has done what was asked.
    return !decline.empty() && client::MovesMoney(method_) ? kExitRefused : HealthExit(*reply);
  }

  std::optional<client::Error> Send(const client::Client& client, pb::Message& reply) {
    const OpenPayment open(client::MovesMoney(method_));
    return client.Call(method_, *request_, reply, {.timeout_ms = arguments_.globals.timeout_ms});
  }

  int Follow(const client::Client& client) {
    const auto watch = client.WatchOrder(static_cast<const v1::WatchOrderRequest&>(*request_),
                                         {.timeout_ms = arguments_.globals.timeout_ms});
    v1::WatchOrderResponse message;
    while (watch->Next(message)) {
      if (!Print(message, /*compact=*/true)) return Unwritten();
    }
    const auto error = watch->Finish();
    return error ? Fail(*error) : kExitOk;
  }

  int Fail(const client::Error& error) {
    surroundings_.err << ErrorText(error, arguments_.globals.channel.server, TextOf("order_id"),
                                   KeyOf());
    return ExitOf(error);
  }

  // The answer is lost for whoever asked: for a payment that is as bad as none.
  int Unwritten() {
    surroundings_.err << "error: the reply could not be written\n";
    return client::MovesMoney(method_) ? kExitUnknown : kExitRefused;
  }

  bool Print(const pb::Message& message, bool compact) {
    std::string json;
    codec::EncodeAll(plans_.Of(method_.output_type()), message, json);
    if (arguments_.globals.output == Output::kTable) {
      surroundings_.out << Table(json, arguments_.command->columns);
    } else if (compact) {
      surroundings_.out << json << '\n';
    } else {
      surroundings_.out << nlohmann::ordered_json::parse(json).dump(2) << '\n';
    }
    surroundings_.out.flush();
    return surroundings_.out.good();
  }

  static int HealthExit(const pb::Message& reply) {
    using grpc::health::v1::HealthCheckResponse;
    if (reply.GetDescriptor() != HealthCheckResponse::descriptor()) return kExitOk;
    const auto status = static_cast<const HealthCheckResponse&>(reply).status();
    return status == HealthCheckResponse::SERVING ? kExitOk : kExitRefused;
  }

  std::string TextOf(const char* name) const {
    const pb::FieldDescriptor* field = method_.input_type()->FindFieldByName(name);
    return field == nullptr ? "" : request_->GetReflection()->GetString(*request_, field);
  }

  std::string KeyOf() const {
    const pb::FieldDescriptor* field = method_.input_type()->FindFieldByName("control");
    if (field == nullptr) return {};
    const auto& control = static_cast<const v1::CallControl&>(
        request_->GetReflection()->GetMessage(*request_, field));
    return control.idempotency_key();
  }

  const Arguments& arguments_;
  Surroundings& surroundings_;
  const pb::MethodDescriptor& method_;
  const codec::PlanSet plans_;
  std::unique_ptr<pb::Message> request_;
};

}  // namespace

int Run(const std::vector<std::string>& words, Surroundings& surroundings) {
  const absl::StatusOr<Arguments> arguments = ParseArguments(words, surroundings.server);
  if (!arguments.ok()) {
    surroundings.err << "error: " << arguments.status().message() << "\nhint: msp --help\n";
    return kExitUsage;
  }
  if (arguments->globals.version) {
    surroundings.out << "msp " MSP_VERSION "\n";
    return kExitOk;
  }
  if (arguments->globals.help || (arguments->command == nullptr && words.empty())) {
    surroundings.out << HelpText(arguments->words);
    return arguments->globals.help ? kExitOk : kExitUsage;
  }
  if (arguments->command == nullptr) {
    surroundings.err << HelpText(arguments->words);
    return kExitUsage;
  }
  return Invocation(*arguments, surroundings).Run();
}

}  // namespace msp::cli
