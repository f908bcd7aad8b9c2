// SPDX-License-Identifier: Apache-2.0

// One CreateOrder through payments and codec, COUNT times, against an answer from memory: what
// callgrind counts here is the cost of our own lines, without gRPC, curl and a network.
//
//   valgrind --tool=callgrind order_cost ANSWER.json COUNT
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "multisafepay/v1/order_service.pb.h"
#include "service/base/text.h"
#include "service/codec/redact.h"
#include "service/payments/api.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;

// Answers on the spot, and wipes what it sent, as the pool does.
class Stub : public http::Client {
 public:
  explicit Stub(std::string answer) : answer_(std::move(answer)) {}

  void Start(http::Request request, http::Done done) override {
    ZeroizeString(request.body);
    http::Response response;
    response.status = 200;
    response.outcome = http::CallOutcome::kSuccess;
    response.body.reserve(answer_.size() + http::kBodyPadding);
    response.body.append(answer_);
    std::move(done)(std::move(response));
  }

 private:
  const std::string answer_;
};

void Fill(v1::CreateOrderRequest& order, int number) {
  order.set_type("direct");
  order.set_order_id("my-order-0017");
  order.set_currency("EUR");
  order.set_amount(12995);
  order.set_gateway("CREDITCARD");
  // Two equal orders would be one and its repeat, which is looked up first.
  order.set_description("2 tins of stroopwafels, " + std::to_string(1'000'000 + number));
  auto& options = *order.mutable_payment_options();
  options.set_notification_url("https://shop.example.org/hook?order=17");
  options.set_redirect_url("https://shop.example.org/thanks?order=17");
  options.set_cancel_url("https://shop.example.org/cart?order=17");
  options.set_close_window(true);
  auto& customer = *order.mutable_customer();
  customer.set_locale("nl_NL");
  customer.set_ip_address("192.0.2.17");
  customer.set_first_name("Jurgen");
  customer.set_last_name("de Vries");
  customer.set_address1("Langestraat");
  customer.set_house_number("17B");
  customer.set_zip_code("5211 AB");
  customer.set_city("'s-Hertogenbosch");
  customer.set_country("NL");
  customer.set_phone("0735550199");
  customer.set_email("j.de.vries@example.org");
  customer.set_referrer("https://shop.example.org/");
  customer.set_user_agent("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
  auto& card = *order.mutable_gateway_info();
  card.set_card_number("4761340000000019");
  card.set_card_holder_name("J DE VRIES");
  card.set_card_expiry_date("2812");
  card.set_card_cvc("123");
}

int Run(const std::string& answer, int count) {
  Operations operations;
  telemetry::Metrics metrics;
  Stub stub(answer);
  Api api({}, operations, stub, metrics);
  const auto site =
      std::make_shared<const Site>("test", "0123456789abcdef0123456789abcdef01234567");
  for (int i = 0; i < count; ++i) {
    v1::CreateOrderRequest request;
    v1::CreateOrderResponse response;
    Fill(request, i);
    Call call;
    call.operation = &operations.Find("CreateOrder");
    call.request = &request;
    call.response = &response;
    call.site = site;
    call.start = http::Clock::now();
    call.deadline = call.start + std::chrono::seconds(30);
    bool done = false;
    api.Start(call, [&] { done = true; });
    if (!done || call.failure) {
      std::fprintf(stderr, "the order failed: %s\n",
                   call.failure ? call.failure->message.c_str() : "it did not end");
      return 1;
    }
    // As the server does once the reply is written.
    if (!call.request_zeroized) codec::Zeroize(*call.operation->request_schema, request);
    codec::Zeroize(*call.operation->response_schema, response);
  }
  return 0;
}

}  // namespace
}  // namespace msp::payments

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: order_cost ANSWER.json COUNT\n");
    return 2;
  }
  std::ifstream in(argv[1]);
  const std::string answer{std::istreambuf_iterator<char>(in), {}};
  return msp::payments::Run(answer, std::atoi(argv[2]));
}
