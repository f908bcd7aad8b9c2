// SPDX-License-Identifier: Apache-2.0

// Calls by the hundred for the tests of this folder, read line by line from standard input, so that
// no card is ever an argument of a program or the content of a file:
//
//   call ID SERVICE/METHOD JSON    sends the call; JSON is the request in protobuf's mapping
//   reconnect                      closes the connections once all is answered, and opens others
//   close                          closes them
//
// Each call is answered with one line, {"id":..., "code":N, "message":..., "details":"base64",
// "reply":{...}}; the other commands with {"done":"..."}. Replies come in any order.
//
// usage: msp-caller HOST:PORT [IN_FLIGHT_MAX [CONNECTIONS [TLS_DIR]]]
//
// TLS_DIR holds ca.crt, client.crt and client.key; without it the connections are plain.
#include <google/protobuf/util/json_util.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <charconv>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "multisafepay/v1/services.h"
#include "service/base/text.h"

namespace {

namespace pb = google::protobuf;

constexpr auto kCallMax = std::chrono::seconds(60);

struct Call {
  std::string id;
  const pb::MethodDescriptor* method = nullptr;
  grpc::ClientContext context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  grpc::ByteBuffer reply;
  grpc::Status status;
};

// "OrderService/CreateOrder"; null for a name that the schema does not have.
const pb::MethodDescriptor* MethodOf(const std::string& name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos) return nullptr;
  static const auto linked = multisafepay::v1::ServiceFiles();
  return linked[0]->pool()->FindMethodByName("multisafepay.v1." + name.substr(0, slash) + "." +
                                             name.substr(slash + 1));
}

std::unique_ptr<pb::Message> New(const pb::Descriptor* type) {
  return std::unique_ptr<pb::Message>(
      pb::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

std::string TextOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  for (const grpc::Slice& slice : slices)
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

std::string ContentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(const std::string& tls_dir) {
  if (tls_dir.empty()) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({.pem_root_certs = ContentOf(tls_dir + "/ca.crt"),
                               .pem_private_key = ContentOf(tls_dir + "/client.key"),
                               .pem_cert_chain = ContentOf(tls_dir + "/client.crt")});
}

class Caller {
 public:
  Caller(std::string address, int in_flight_max, int connections, const std::string& tls_dir)
      : address_(std::move(address)),
        in_flight_max_(in_flight_max),
        connections_(connections),
        credentials_(CredentialsOf(tls_dir)) {
    Connect();
  }

  // False for a line that is no command.
  bool Take(const std::string& line) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (word == "call") {
      std::string id, method, json;
      words >> id >> method;
      std::getline(words, json);
      return Send(id, method, json);
    }
    if (word != "close" && word != "reconnect") return false;
    Settle(0);
    stubs_.clear();
    if (word == "reconnect") Connect();
    std::cout << R"({"done":")" << word << "\"}" << std::endl;
    return true;
  }

  // Waits until no more than `most` calls are in flight.
  void Settle(int most) {
    while (in_flight_ > most && TakeOne(std::chrono::system_clock::now() + kCallMax)) {
    }
  }

 private:
  // Prints a call that ends until then; false when none does.
  bool TakeOne(std::chrono::system_clock::time_point until) {
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, until) != grpc::CompletionQueue::GOT_EVENT) return false;
    --in_flight_;
    const std::unique_ptr<Call> call(static_cast<Call*>(tag));
    Print(*call);
    return true;
  }

  void Connect() {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    for (int i = 0; i < connections_; ++i) {
      stubs_.push_back(std::make_unique<grpc::GenericStub>(
          grpc::CreateCustomChannel(address_, credentials_, arguments)));
    }
  }

  bool Send(const std::string& id, const std::string& name, const std::string& json) {
    const pb::MethodDescriptor* method = MethodOf(name);
    if (method == nullptr || stubs_.empty()) return false;
    const auto request = New(method->input_type());
    if (!pb::util::JsonStringToMessage(json, request.get()).ok()) return false;
    Settle(in_flight_max_ - 1);
    auto* call = new Call;
    call->id = id;
    call->method = method;
    call->context.set_deadline(std::chrono::system_clock::now() + kCallMax);
    const grpc::Slice slice(request->SerializeAsString());
    const grpc::ByteBuffer bytes(&slice, 1);
    const std::string path = "/" + method->service()->full_name() + "/" + method->name();
    call->reader =
        stubs_[next_++ % stubs_.size()]->PrepareUnaryCall(&call->context, path, bytes, &queue_);
    ++in_flight_;
    call->reader->StartCall();
    call->reader->Finish(&call->reply, &call->status, call);
    while (TakeOne(std::chrono::system_clock::now())) {
    }
    return true;
  }

  static void Print(const Call& call) {
    std::string line = "{\"id\":";
    msp::AppendJsonString(call.id, line);
    line += ",\"code\":" + std::to_string(call.status.error_code()) + ",\"message\":";
    msp::AppendJsonString(call.status.error_message(), line);
    line += ",\"details\":\"" + msp::Base64(call.status.error_details()) + "\",\"reply\":";
    std::string reply = "null";
    if (call.status.ok()) {
      const auto message = New(call.method->output_type());
      pb::util::JsonPrintOptions options;
      options.preserve_proto_field_names = true;
      reply.clear();
      if (!message->ParseFromString(TextOf(call.reply)) ||
          !pb::util::MessageToJsonString(*message, &reply, options).ok())
        reply = "null";
    }
    std::cout << line + reply + "}" << std::endl;
  }

  const std::string address_;
  const int in_flight_max_;
  const int connections_;
  const std::shared_ptr<grpc::ChannelCredentials> credentials_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  grpc::CompletionQueue queue_;
  std::size_t next_ = 0;
  int in_flight_ = 0;
};

int NumberOr(const char* text, int otherwise) {
  int number = 0;
  const char* const end = text + std::strlen(text);
  return std::from_chars(text, end, number).ec == std::errc() ? number : otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: msp-caller HOST:PORT [IN_FLIGHT_MAX [CONNECTIONS [TLS_DIR]]]\n";
    return 2;
  }
  std::ios::sync_with_stdio(false);  // Or standard input would not show whether more has arrived.
  const int in_flight_max = argc > 2 ? NumberOr(argv[2], 16) : 16;
  Caller caller(argv[1], in_flight_max, argc > 3 ? NumberOr(argv[3], 1) : 1,
                argc > 4 ? argv[4] : "");
  std::string line;
  while (std::getline(std::cin, line)) {
    if (!caller.Take(line)) {
      std::cerr << "msp-caller: not understood: a line of " << line.size()
                << " bytes that begins \"" << line.substr(0, 40) << "\"\n";
      return 2;
    }
    // A client that writes line by line waits for each answer.
    if (std::cin.rdbuf()->in_avail() <= 0) caller.Settle(0);
  }
  caller.Settle(0);
  return 0;
}
