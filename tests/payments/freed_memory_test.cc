// SPDX-License-Identifier: Apache-2.0

// What a call frees, however it ends, holds no card: each block that goes back to the allocator is
// searched first. A program of its own, because it replaces `operator delete`. To learn who freed a
// block that is found, break in Search.
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>

#include "service/base/text.h"
#include "tests/payments/payment_call_fixture.h"
#include "tests/testing/requests.h"

namespace {

// What must not be freed: digits of the test's card and token, kept masked, or the table would be a
// find.
constexpr char kMask = 0x55;
constexpr std::size_t kNeedleBytes = 10;

std::atomic<bool> watching{false};
std::atomic<int> finds{0};

constexpr bool Holds(const volatile char* memory, std::size_t size, const char (&masked)[11]) {
  for (std::size_t at = 0; at + kNeedleBytes <= size; ++at) {
    std::size_t i = 0;
    while (i < kNeedleBytes && (memory[at + i] ^ kMask) == masked[i]) ++i;
    if (i == kNeedleBytes) return true;
  }
  return false;
}

// Ten characters from the middle of the card and of the wallet's token.
constexpr std::string_view kCardMiddle = "9578763621";
constexpr std::string_view kTokenMiddle = "wallet4tok";

struct Masked {
  char text[11] = {};
  explicit constexpr Masked(std::string_view plain) {
    for (std::size_t i = 0; i < kNeedleBytes; ++i) text[i] = static_cast<char>(plain[i] ^ kMask);
  }
};
constexpr Masked kNeedles[] = {Masked(kCardMiddle), Masked(kTokenMiddle)};

void Search(void* block) {
  if (block == nullptr || !watching.load(std::memory_order_relaxed)) return;
  const auto* memory = static_cast<const volatile char*>(block);
  for (const Masked& needle : kNeedles) {
    if (Holds(memory, malloc_usable_size(block), needle.text)) ++finds;
  }
}

}  // namespace

[[gnu::noinline]] void operator delete(void* block) noexcept {
  Search(block);
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept {
  Search(block);
  std::free(block);
}
// Cleared, so that nothing is found in it but what was written since.
[[gnu::noinline]] void* operator new(std::size_t size) {
  void* block = std::malloc(size);
  if (block == nullptr) std::abort();
  explicit_bzero(block, malloc_usable_size(block));
  return block;
}

namespace msp::payments {
namespace {

// Responds to each request as it is set, and zeroizes the body as the pool does.
class ZeroizingClient : public http::Client {
 public:
  std::string answer;
  int status = 200;
  http::CallOutcome outcome = http::CallOutcome::kConfirmed;

  void Start(http::Request request, http::Done done) override {
    if (request.method != http::Method::kGet) {
      saw_card = request.body.find("4539578763621486") != std::string::npos;
    }
    ZeroizeString(request.body);
    // In its place from the start: the pool does not move it either.
    http::Response response;
    response.status = status;
    response.body.reserve(answer.size() + http::kBodyPadding);
    response.body.append(answer);
    response.outcome = outcome;
    std::move(done)(std::move(response));
  }

  bool saw_card = false;
};

v1::CreateOrderRequest Order(std::size_t padding) {
  v1::CreateOrderRequest order = testing::CardOrder();
  order.set_description(std::string(padding, 'd'));
  v1::GatewayInfo& card = *order.mutable_gateway_info();
  card.set_card_number("4539578763621486");
  card.set_payment_token("a wallet4token of some length");
  // Behind the card, so that the body grows once more after it.
  order.mutable_custom_info()->set_custom_1(std::string(padding, 'c'));
  return order;
}

class FreedMemory : public PaymentCallTest {
 protected:
  // How many freed blocks held a piece of the card while one order went through.
  int Run(ZeroizingClient& zeroizing, v1::CreateOrderRequest order) {
    Api line(options, TestOperations(), zeroizing, metrics_);
    finds = 0;
    watching = true;
    {
      // An indeterminate call looks the order up until its deadline.
      Caller<v1::CreateOrderRequest, v1::CreateOrderResponse> caller(
          line, "CreateOrder", std::move(order), site(), std::chrono::milliseconds(250));
      summary = caller.Summary();
    }
    watching = false;
    return finds;
  }

  std::string summary;

 private:
  telemetry::Metrics metrics_;
};

TEST_F(FreedMemory, TheWatchSeesAString) {
  finds = 0;
  watching = true;
  { std::string card = "here is 4539578763621486 and more text than fits in place"; }
  { std::string token = "here is a wallet4token of some length, on the heap"; }
  watching = false;
  EXPECT_EQ(finds, 2);
}

TEST_F(FreedMemory, AnOrderLeavesNoPieceOfItsCard) {
  for (const std::size_t padding : {1U, 50U, 100U}) {
    ZeroizingClient zeroizing;
    zeroizing.answer = http::Response(OrderJson{}).body;
    EXPECT_EQ(Run(zeroizing, Order(padding)), 0) << padding;
    EXPECT_TRUE(zeroizing.saw_card);
    EXPECT_EQ(summary, "OK CONFIRMED");
  }
}

// Responses that quote the card where MultiSafepay explains itself, where it lists what is wrong
// with the fields, in an order's own texts, in an order that is another, and in what is no JSON.
TEST_F(FreedMemory, NorDoesOneThatIsRefusedLostNeverSentOrAnsweredWithNonsense) {
  const struct {
    int status;
    std::string answer;
    std::string summary;
    http::CallOutcome outcome = http::CallOutcome::kConfirmed;
    bool may_be_sent_again = false;
  } kCases[] = {
      {400,
       R"({"success":false,"data":{},"error_code":1001,"error_info":"not: 4539578763621486, it says"})",
       "INVALID_ARGUMENT REJECTED MSP_1001"},
      {422,
       R"({"success":false,"message":"bad 4539578763621486 card","errors":[{"attribute":"4539578763621486 a",)"
       R"("message":"4539578763621486 is none","details":["4539578763621486 x","and 4539578763621486 y"]}]})",
       "INVALID_ARGUMENT REJECTED MSP_HTTP_422"},
      {200,
       R"({"success":true,"data":{"order_id":"order-1","description":"paid by 4539578763621486","amount":1}})",
       "UNKNOWN UNKNOWN UPSTREAM_MISMATCH"},
      {200,
       R"({"success":true,"data":{"order_id":"order-2","description":"paid by 4539578763621486","status":"completed"}})",
       "UNKNOWN UNKNOWN UPSTREAM_MISMATCH"},
      {200, "card 4539578763621486 is no JSON, in more text than fits in place", kOutcomeUnknown},
      {502, R"({"success":false,"error_code":1000,"error_info":"4539578763621486 got lost"})",
       kOutcomeUnknown},
      {502, "", kOutcomeUnknown},
      {200, "", kOutcomeUnknown, http::CallOutcome::kUnknown},
      {200, "", kOutcomeUnknown, http::CallOutcome::kUnknown, true},
      {200, "", "UNAVAILABLE NOT_SENT NOT_SENT", http::CallOutcome::kNotSent},
  };
  for (const auto& each : kCases) {
    ZeroizingClient zeroizing;
    zeroizing.answer = each.answer;
    zeroizing.status = each.status;
    zeroizing.outcome = each.outcome;
    v1::CreateOrderRequest order = Order(100);
    if (each.may_be_sent_again) order = WithResend(WithKey(order));
    EXPECT_EQ(Run(zeroizing, std::move(order)), 0) << each.status << each.answer << each.summary;
    EXPECT_TRUE(zeroizing.saw_card);
    EXPECT_EQ(summary, each.summary) << each.status << " " << each.answer;
  }
}

TEST_F(FreedMemory, NorDoesADryRunOrOneThatOurOwnCheckRefuses) {
  ZeroizingClient zeroizing;
  v1::CreateOrderRequest order = Order(100);
  order.mutable_control()->set_validate_only(true);
  EXPECT_EQ(Run(zeroizing, std::move(order)), 0);
  EXPECT_EQ(summary, "OK NOT_SENT");
  order = Order(100);
  order.clear_currency();
  order.mutable_gateway_info()->set_card_cvc("12345678");
  EXPECT_EQ(Run(zeroizing, std::move(order)), 0);
  EXPECT_EQ(summary, "INVALID_ARGUMENT NOT_SENT INVALID_REQUEST");
  EXPECT_FALSE(zeroizing.saw_card);
}

}  // namespace
}  // namespace msp::payments
