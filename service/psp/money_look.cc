// How a money-moving call reads MultiSafepay's record: the order, and where the order alone does
// not tell, the related transactions that may be the call's own.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/codec/redact.h"
#include "service/psp/money_call.h"

namespace msp::psp {
namespace {

namespace v1 = multisafepay::v1;
using http::Clock;
using std::chrono::milliseconds;

// A look is one GET: it may take this long before the next is tried.
constexpr milliseconds kLookMax{5'000};
// Looks before a call and after a refusal: so often at the most, while they bring nothing.
constexpr int kLookTriesMax = 4;
// Related transactions that one call reads by themselves.
constexpr std::size_t kReadMax = 8;

// MultiSafepay's own word that it knows no such order. A bare 404 may be a proxy's.
bool SaysAbsent(const Answer& answer) {
  return answer.kind == Answer::Kind::kRefused &&
         answer.failure.code == absl::StatusCode::kNotFound && answer.failure.error_code == 1006;
}

}  // namespace

MoneyCall::Look::~Look() {
  if (response_plan != nullptr) codec::WipeAll(*response_plan, response);
}

Sending MoneyCall::Reading(Look& look, std::string id) {
  look.request.set_order_id(std::move(id));
  const Operation& operation = tools_.exchange.operations().Find("GetOrder");
  look.response_plan = operation.response_plan;
  look.response.Clear();
  ++call_.looks;
  return {.operation = &operation,
          .request = &look.request,
          .response = &look.response,
          .site = call_.site,
          .deadline = std::min(LastMoment(), Clock::now() + kLookMax),
          .trace = &call_.trace};
}

void MoneyCall::LookAt(LookDone done) {
  auto look = std::make_shared<Look>();
  const std::string id(OrderIdOf(*call_.operation, *call_.request));
  tools_.exchange.Send(Reading(*look, id), [self = shared_from_this(), look,
                                            done = std::move(done)](Answer answer) mutable {
    self->call_.upstream_us += answer.upstream_us;
    look->kind = answer.kind;
    look->absent = SaysAbsent(answer);
    look->failure = std::move(answer.failure);
    look->drift = std::move(answer.drift);
    self->ReadRelated(std::move(look), std::move(done));
  });
}

// As LookAt, and a look that brought nothing readable is tried again, a few times: what it tells
// decides between an answer and an UNKNOWN.
void MoneyCall::LookUntilTold(LookDone done, int tries) {
  LookAt([self = shared_from_this(), done = std::move(done),
          tries](std::shared_ptr<Look> look) mutable {
    const std::int64_t wait_ms = self->tools_.options.reconcile_backoff_ms << (tries - 1);
    const Clock::time_point next = Clock::now() + look->Pause(wait_ms);
    const bool unread = look->kind == Answer::Kind::kOpen || look->kind == Answer::Kind::kNotSent ||
                        look->failure.is_rate_limit();
    if (!unread || tries >= kLookTriesMax || next >= self->LastMoment())
      return std::move(done)(std::move(look));
    self->tools_.timer.At(next, [self, done = std::move(done), tries]() mutable {
      self->LookUntilTold(std::move(done), tries + 1);
    });
  });
}

// Reads what the protocol cannot tell from the order alone, one transaction after the other.
void MoneyCall::ReadRelated(std::shared_ptr<Look> look, LookDone done) {
  std::string id;
  if (look->order() != nullptr && protocol_.unread != nullptr && facts_.read.size() < kReadMax)
    id = protocol_.unread(facts_, *look->order());
  if (id.empty()) return std::move(done)(std::move(look));
  auto one = std::make_shared<Look>();
  tools_.exchange.Send(Reading(*one, id), [self = shared_from_this(), look, one, id,
                                           done = std::move(done)](Answer answer) mutable {
    self->call_.upstream_us += answer.upstream_us;
    const v1::Order& order = one->response.order();
    const bool own = id == self->facts_.own_id;
    const bool found = answer.kind == Answer::Kind::kSuccess;
    // Under our own id an answer with another is none.
    if (SaysAbsent(answer) || (found && (!own || SameOrderId(id, order.order_id())))) {
      self->facts_.read[id] = order.order_id();
      if (own && found) self->facts_.own_transaction_id = order.transaction_id();
      return self->ReadRelated(std::move(look), std::move(done));
    }
    // A transaction that the order names and that cannot be read: the look as a whole told nothing.
    look->failure = std::move(answer.failure);
    look->kind = answer.kind == Answer::Kind::kNotSent ? answer.kind : Answer::Kind::kOpen;
    std::move(done)(std::move(look));
  });
}

}  // namespace msp::psp
