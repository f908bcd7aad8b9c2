#include "service/server/notifications.h"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "service/server/caller.h"
#include "service/server/status.h"

namespace msp::server {
namespace {

namespace v1 = multisafepay::v1;
using notify::Received;
using Clock = std::chrono::steady_clock;

constexpr char kReply[] = "OK";

psp::Failure Refusal(const notify::Inbox::Result& result) {
  const std::string_view name = notify::kReceivedNames[static_cast<std::size_t>(result.received)];
  switch (result.received) {
    case Received::kMalformed:
      return InvalidRequest({{.field = "body", .description = result.detail}});
    case Received::kWrongOrder:
      return InvalidRequest({{.field = "transactionid", .description = result.detail}});
    default:
      return {.code = absl::StatusCode::kUnauthenticated,
              .message = result.detail,
              .reason = absl::AsciiStrToUpper({name.data(), name.size()})};
  }
}

}  // namespace

psp::Failure InvalidRequest(std::vector<codec::Violation> violations) {
  const codec::Violation& first = violations.front();
  psp::Failure failure{.code = absl::StatusCode::kInvalidArgument,
                       .message = absl::StrCat(first.field, ": ", first.description),
                       .reason = std::string(psp::reason::kInvalidRequest)};
  if (violations.size() > 1)
    absl::StrAppend(&failure.message, " (and ", violations.size() - 1, " more)");
  failure.violations = std::move(violations);
  return failure;
}

void HandleNotification(const Edge& edge, const grpc::CallbackServerContext& context,
                        const v1::HandleNotificationRequest& request,
                        v1::HandleNotificationResponse& response,
                        grpc::ServerUnaryReactor& reactor) {
  const Clock::time_point start = Clock::now();
  const auto end = [&edge, &reactor, start](const grpc::Status& status) {
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
    edge.metrics.CountCall({.method = "HandleNotification",
                            .code = NameOf(status.error_code()),
                            .outcome = "",
                            .total_us = took.count()});
    reactor.Finish(status);
  };
  auto admitted = Admit(edge.sites, context, edge.certificates, start);
  if (const auto* failure = std::get_if<psp::Failure>(&admitted); failure != nullptr)
    return end(StatusOf(*failure));
  const auto site = std::get<psp::Sites::Admitted>(admitted).site;
  auto violations =
      codec::Check(edge.plans.Of(v1::HandleNotificationRequest::descriptor()), request);
  if (!violations.empty()) return end(StatusOf(InvalidRequest(std::move(violations))));
  edge.inbox.Take(
      *site, {request.auth(), request.body(), request.transactionid()},
      [&edge, &response, site, end](notify::Inbox::Result result) {
        edge.log.Write(
            result.genuine() ? telemetry::Level::kInfo : telemetry::Level::kWarning, "notification",
            {{"via", std::string_view("grpc")},
             {"site", site->name()},
             {"result", notify::kReceivedNames[static_cast<std::size_t>(result.received)]}});
        if (!result.genuine()) return end(StatusOf(Refusal(result)));
        response.set_duplicate(result.duplicate);
        *response.mutable_order() = std::move(result.order);
        response.set_reply_body(kReply);
        end(grpc::Status::OK);
      });
}

}  // namespace msp::server
