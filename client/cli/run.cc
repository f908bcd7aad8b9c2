// SPDX-License-Identifier: Apache-2.0

#include "client/cli/run.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "client/cli/arguments.h"
#include "client/cli/checkout.h"
#include "client/cli/completion.h"
#include "client/cli/follow.h"
#include "client/cli/help.h"
#include "client/cli/interrupt.h"
#include "client/cli/report.h"
#include "client/cli/request.h"
#include "client/cli/table.h"
#include "client/cli/webhook.h"
#include "client/cpp/retries.h"
#include "client/cpp/retry_policy.h"
#include "grpc/health/v1/health.pb.h"
#include "multisafepay/v1/order_service.pb.h"
#include "nlohmann/json.hpp"
#include "service/codec/encode.h"
#include "service/codec/redact.h"

namespace msp::cli {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;

// One command, from its request to its exit code.
class Invocation {
 public:
  Invocation(const Arguments& arguments, CommandIo& io)
      : arguments_(arguments),
        io_(io),
        method_(*MethodOf(*arguments.command)),
        schemas_({method_.input_type(), method_.output_type()}) {}

  int Run() {
    auto request = MakeRequest(arguments_, schemas_.Of(method_.input_type()), io_.in);
    if (!request.ok()) return Usage(request.status());
    request_ = *std::move(request);
    const Globals& globals = arguments_.globals;
    auto client = client::Client::Create({.channel = globals.channel, .site = globals.site});
    if (!client.ok()) return Usage(client.status());
    if (arguments_.command->kind == CommandKind::kCheckout) {
      return Checkout(arguments_, **client, static_cast<v1::CreateOrderRequest&>(*request_), io_);
    }
    return method_.server_streaming() ? Follow(**client) : Call(**client);
  }

 private:
  int Usage(const absl::Status& status) {
    io_.err << "error: " << status.message() << "\nhint: msp " << arguments_.words << " --help\n";
    return kExitUsage;
  }

  int Call(const client::Client& client) {
    std::unique_ptr<pb::Message> reply(
        pb::MessageFactory::generated_factory()->GetPrototype(method_.output_type())->New());
    const auto error = Send(client, *reply);
    codec::Zeroize(schemas_.Of(method_.input_type()), *request_);
    if (error) return Fail(*error);
    const bool written = Print(*reply, /*compact=*/false);
    const std::string decline = DeclineText(*reply);
    io_.err << decline << CaveatText(*reply);
    if (!written) return Unwritten();
    // Reading a declined order is a success.
    return !decline.empty() && client::MovesMoney(method_) ? kExitRefused : HealthExit(*reply);
  }

  std::optional<client::Error> Send(const client::Client& client, pb::Message& reply) {
    const bool moves_money = client::MovesMoney(method_);
    const OpenPayment open(moves_money);
    const auto timeout_ms = arguments_.globals.timeout_ms;
    if (!moves_money) return client.Call(method_, *request_, reply, {.timeout_ms = timeout_ms});
    client::RetryPolicy policy;
    policy.budget_ms = std::max(policy.budget_ms, timeout_ms.value_or(0));
    policy.reconnect = false;
    if (io_.pause) policy.pause = io_.pause;
    return client::CallWithRetry(client, method_, *request_, reply, policy, timeout_ms);
  }

  int Follow(const client::Client& client) {
    const auto& request = static_cast<const v1::WatchOrderRequest&>(*request_);
    const Followed followed = FollowOrder(
        client, request,
        {.timeout_ms = arguments_.globals.timeout_ms,
         .pause = io_.pause,
         .on_state = [this](const v1::WatchOrderResponse& message) { return PrintState(message); },
         .on_note = [this](const std::string& note) { io_.err << note << '\n'; }});
    switch (followed.end) {
      case Followed::End::kError:
        return Fail(*followed.error);
      case Followed::End::kStopped:
        return Unwritten();
      case Followed::End::kTimeout:
        io_.err << "the timeout has passed\n";
        if (!followed.resume_token.empty()) {
          io_.err << "hint: continue with --resume-token "
                  << codec::RedactedText(followed.resume_token) << "\n";
        }
        break;
      case Followed::End::kFinal:
        break;
    }
    return followed.order ? ExitOf(followed.order->payment_state()) : kExitOpen;
  }

  bool PrintState(const v1::WatchOrderResponse& message) {
    if (arguments_.globals.output != Output::kTable) return Print(message, /*compact=*/true);
    io_.out << StateLine(message) << '\n';
    io_.out.flush();
    return io_.out.good();
  }

  int Fail(const client::Error& error) {
    io_.err << ErrorText(error, arguments_.globals.channel.server, TextOf("order_id"), KeyOf());
    return ExitOf(error);
  }

  // The caller cannot see the answer: for a payment that is the same as a lost one.
  int Unwritten() {
    io_.err << "error: the reply could not be written\n";
    return client::MovesMoney(method_) ? kExitUnknown : kExitRefused;
  }

  bool Print(const pb::Message& message, bool compact) {
    std::string json;
    codec::EncodeAll(schemas_.Of(method_.output_type()), message, json);
    if (arguments_.globals.output == Output::kTable) {
      io_.out << Table(json, arguments_.command->columns);
    } else if (compact) {
      io_.out << json << '\n';
    } else {
      io_.out << nlohmann::ordered_json::parse(json).dump(2) << '\n';
    }
    io_.out.flush();
    return io_.out.good();
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
  CommandIo& io_;
  const pb::MethodDescriptor& method_;
  const codec::SchemaSet schemas_;
  std::unique_ptr<pb::Message> request_;
};

int Completion(const Arguments& arguments, CommandIo& io) {
  const std::string script =
      arguments.positionals.size() == 1 ? CompletionScript(arguments.positionals[0]) : "";
  if (script.empty()) {
    io.err << "error: SHELL must be bash or zsh\nhint: msp completion --help\n";
    return kExitUsage;
  }
  io.out << script;
  return io.out.flush().good() ? kExitOk : kExitRefused;
}

}  // namespace

int Run(const std::vector<std::string>& words, CommandIo& io) {
  const absl::StatusOr<Arguments> arguments = ParseArguments(words, io.server);
  if (!arguments.ok()) {
    io.err << "error: " << arguments.status().message() << "\nhint: msp --help\n";
    return kExitUsage;
  }
  if (arguments->globals.version) {
    io.out << "msp " MSP_VERSION "\n";
    return kExitOk;
  }
  if (arguments->globals.help || (arguments->command == nullptr && words.empty())) {
    io.out << HelpText(arguments->words);
    return arguments->globals.help ? kExitOk : kExitUsage;
  }
  if (arguments->command == nullptr) {
    io.err << HelpText(arguments->words);
    return kExitUsage;
  }
  switch (arguments->command->kind) {
    case CommandKind::kWebhookVerify:
      return VerifyWebhook(*arguments, io);
    case CommandKind::kWebhookSend:
      return SendWebhook(*arguments, io);
    case CommandKind::kCompletion:
      return Completion(*arguments, io);
    default:
      return Invocation(*arguments, io).Run();
  }
}

}  // namespace msp::cli
