#include "tests/chaos/caller.h"

namespace msp::chaos {

void Caller::Note(const char* name, const client::Error& error, bool could_look) {
  const std::string outcome(client::NameOf(error.outcome));
  if (!error.from_service) {
    tally_.Count("told nothing by the service (connection lost, cancelled, killed)");
  } else {
    tally_.Count("told " + outcome + " " + error.reason);
    if (could_look && error.outcome == v1::OUTCOME_UNKNOWN) {
      tally_.Count("first answers UNKNOWN");
      // The order is there: a look within the deadline could have told.
      if (std::string_view(name) == "CreateOrder" &&
          !fleet_.ledger().Get("orders/" + error.order_id).is_null())
        tally_.Count(kSparedUnknown);
    }
  }
  const bool inviting = error.code == grpc::StatusCode::UNAVAILABLE ||
                        error.code == grpc::StatusCode::CANCELLED ||
                        error.code == grpc::StatusCode::RESOURCE_EXHAUSTED;
  if (error.from_service && error.outcome == v1::OUTCOME_UNKNOWN && inviting) {
    tally_.Violation(std::string(name) + ": an unknown outcome under a code that is sent again");
  }
}

bool Caller::OnceAbroad(int replica, const v1::CreateOrderRequest& request,
                        Told<v1::CreateOrderResponse>& told, const CallStyle& style) {
  const std::int64_t time_ms = style.short_time ? 60 + dice_.Below(900) : 9'000;
  const auto result = fleet_.foreign()->Create(fleet_.Address(replica), request, time_ms);
  tally_.Count("create_order by the client of another language");
  if (result.ok()) {
    told.response = *result;
  } else {
    told.error = result.error();
  }
  return result.ok();
}

Told<v1::GetOrderResponse> Caller::Get(const std::string& order_id) {
  Told<v1::GetOrderResponse> told;
  v1::GetOrderRequest request;
  request.set_order_id(order_id);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    const auto stub = v1::OrderService::NewStub(
        fleet_.Channel(static_cast<int>(dice_.Below(Fleet::kReplicas)), dice_.Below(64)));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    const grpc::Status status = stub->GetOrder(&context, request, &told.response);
    tally_.Count("reads");
    if (status.ok()) {
      told.certain = told.ok = true;
      return told;
    }
    told.error = client::ReadError(status, false);
    // A proxy's bare 404 is no proof; MultiSafepay's own code is.
    if (told.error.error_code == 1006) {
      told.certain = true;
      return told;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + dice_.Below(60)));
  }
  tally_.Violation("GetOrder never answered: " + told.error.message);
  return told;
}

}  // namespace msp::chaos
