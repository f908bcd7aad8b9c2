// SPDX-License-Identifier: Apache-2.0

// What the tests of this folder share: a local MultiSafepay, a record of everything that arrives at
// it, a running msp-server in front, and calls by the name of the RPC. One test thread.
//
//   client -> msp-server -> recording upstream -> sandbox
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/cpp/client.h"
#include "google/protobuf/message.h"
#include "nlohmann/json.hpp"
#include "sandbox/server.h"
#include "tests/golden/schema.h"
#include "tests/testing/server_process.h"
#include "tests/testing/upstream.h"

namespace msp::integration {

namespace v1 = multisafepay::v1;
using Json = nlohmann::ordered_json;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

// Every unary RPC that makes a REST call, from the schema.
inline std::vector<const MethodDescriptor*> Methods() { return RestMethods(); }
// Aborts for a name that is none of them.
const MethodDescriptor& MethodOf(const std::string& name);
std::unique_ptr<Message> NewRequest(const MethodDescriptor& method);

// The reply, or what went wrong; never both.
struct Called {
  std::unique_ptr<Message> response;
  std::optional<client::Error> error;

  bool ok() const { return !error; }
  // Only when ok(), for the reply's own type.
  template <class Response>
  const Response& As() const {
    return static_cast<const Response&>(*response);
  }
  // Only when ok(), of a call that moves money.
  v1::CallResult result() const;
  // "OK", or code, reason and message; for people.
  std::string Text() const;
};

class Environment {
 public:
  // What is between the server and the sandbox: a record of all requests, or nothing, so that
  // broken connections arrive as they are.
  enum class Path : std::uint8_t { kRecorded, kDirect };

  // The sandbox takes the server's key, never waits by itself, and has its clock frozen.
  explicit Environment(sandbox::Settings settings = {},
                       std::vector<std::string> server_arguments = {}, Path path = Path::kRecorded);

  Called Call(const MethodDescriptor& method, const Message& request);
  Called Call(const std::string& method, const Message& request) {
    return Call(MethodOf(method), request);
  }
  // Makes an order of 1000 EUR cents that the call can be made on, and returns the call: `text` in
  // text format without the order's id, in which REFUND stands for a refund of 400. Of CreateOrder:
  // a CardOrder, which is not made.
  std::unique_ptr<Message> Prepare(const std::string& method, const std::string& order_id,
                                   std::string text);
  // The order as GetOrder returns it; fails the test when it cannot be read.
  v1::Order GetOrder(const std::string& order_id);

  // The control API of the sandbox: GET without a body, POST with one. Returns `data`; ends the
  // program when it is refused.
  Json Control(const std::string& path, const Json& body = nullptr);
  void ClearFaults();
  // All of the sandbox's state but its statistics, for comparison.
  std::string State();

  // What has arrived since the last call of Forget, and the part of it that writes.
  std::vector<testing::RecordedRequest> Arrived() const;
  std::vector<testing::RecordedRequest> Writes() const;
  void Forget() { forgotten_ = upstream_.requests().size(); }

 private:
  testing::Reply Forward(const testing::RecordedRequest& request) const;

  std::unique_ptr<sandbox::Server> sandbox_;
  testing::Upstream upstream_;
  std::unique_ptr<testing::ServerProcess> server_;
  std::unique_ptr<client::Client> client_;
  std::size_t forgotten_ = 0;
};

// An order that the sandbox pays at once, with a VISA card; `manual` only authorizes it.
v1::CreateOrderRequest CardOrder(const std::string& order_id, std::int64_t amount,
                                 bool manual = false);
// An order on the payment page, which nobody has paid yet.
v1::CreateOrderRequest PageOrder(const std::string& order_id, std::int64_t amount);
// A page order that stores the card of `reference` once it is paid.
v1::CreateOrderRequest StoringOrder(const std::string& order_id, const std::string& reference);

}  // namespace msp::integration
