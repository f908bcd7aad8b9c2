// SPDX-License-Identifier: Apache-2.0

// A caller of the service that keeps the documented rule, and records the answers:
//
//   NOT_SENT                     the same call again
//   RATE_LIMITED                 the same call again after the delay that it names
//   UNKNOWN, or a status without the service's own ErrorInfo
//                                the same call with control.repeat, until the answer is certain
//   REJECTED                     a certain no
//   OK                           certain; NEXT_ACTION_LOST is the plan's to deal with
//
// One caller a thread; counters are shared and atomic through Tally.
#pragma once

#include <grpcpp/client_context.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "client/cpp/error.h"
#include "multisafepay/v1/order_service.grpc.pb.h"
#include "service/base/mutex.h"
#include "tests/chaos/fleet.h"
#include "tests/chaos/random.h"

namespace msp::chaos {

namespace v1 = multisafepay::v1;

// What a violation is.
enum class Finding {
  kTwice,    // Two charges, refunds or captures for one intent of a caller who kept the rule.
  kUntrue,   // CONFIRMED without the deed, REJECTED although done, NOT_SENT although sent.
  kUnknown,  // No certain answer, although MultiSafepay's record would have given one.
  kOther,
};
constexpr std::string_view NameOf(Finding finding) {
  constexpr std::string_view kNames[] = {"twice", "untrue", "unknown although knowable", "other"};
  return kNames[static_cast<std::size_t>(finding)];
}

// Counts by name, and violations in words. Any thread.
class Tally {
 public:
  void Count(const std::string& name, std::int64_t n = 1) {
    MutexLock lock(mutex_);
    counts_[name] += n;
  }
  void Violation(Finding finding, const std::string& text) {
    MutexLock lock(mutex_);
    ++findings_[finding];
    violations_.push_back(std::string(NameOf(finding)) + ": " + text);
  }
  std::map<std::string, std::int64_t> counts() const {
    MutexLock lock(mutex_);
    return counts_;
  }
  std::map<Finding, std::int64_t> findings() const {
    MutexLock lock(mutex_);
    return findings_;
  }
  std::vector<std::string> violations() const {
    MutexLock lock(mutex_);
    return violations_;
  }

 private:
  mutable Mutex mutex_;
  std::map<std::string, std::int64_t> counts_ ABSL_GUARDED_BY(mutex_);
  std::map<Finding, std::int64_t> findings_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> violations_ ABSL_GUARDED_BY(mutex_);
};

// Counted where the order was there when its first answer said UNKNOWN.
inline constexpr char kAvoidableUnknown[] =
    "first answers UNKNOWN to CreateOrder, and yet the order was there";

// Calls of a run with a client of another language, all of them and by kind.
inline constexpr char kByLanguageClient[] = "calls by the client of another language";
inline constexpr char kByLanguageClientSuffix[] = " by the client of another language";

// How a call ended, by the rule.
template <class Response>
struct FinalResult {
  bool certain = false;
  bool ok = false;
  Response response;
  client::Error error;
  int attempts = 0;
  // Why it was refused or is indeterminate, or of what kind the success is; may be empty.
  std::string reason() const { return ok ? response.result().reason() : error.reason; }
};

struct CallStyle {
  bool abandon = false;     // The first attempt is cancelled by its caller in mid-flight.
  bool short_time = false;  // The first attempt has hardly any time.
  bool repeat_at_first = false;
  int replica = -1;  // The first attempt's; any when negative.
  // Travels with the call to MultiSafepay, where nothing has carried it before; "" says nothing.
  std::string fresh_tag;
};

class Caller {
 public:
  Caller(const Options& options, const Fleet& fleet, Tally& tally, Random& random)
      : site_(options.rules.keys_change ? Fleet::kSite : ""),
        timeout_(options.call_timeout_s),
        fleet_(fleet),
        tally_(tally),
        random_(random) {}

  template <class Request, class Response>
  using Method = grpc::Status (v1::OrderService::Stub::*)(grpc::ClientContext*, const Request&,
                                                          Response*);

  // Calls until the answer is certain, or until the caller gives up.
  template <class Request, class Response>
  FinalResult<Response> Certain(const char* name, Method<Request, Response> method, Request request,
                                const CallStyle& style = {}) {
    FinalResult<Response> result;
    const auto end = std::chrono::steady_clock::now() + timeout_;
    bool indeterminate = false;
    int lookups = 0;
    while (std::chrono::steady_clock::now() < end) {
      const bool first = ++result.attempts == 1;
      request.mutable_control()->set_repeat(indeterminate || (first && style.repeat_at_first));
      result.response.Clear();
      const auto began = std::chrono::steady_clock::now();
      const bool ok = Once(name, method, request, result, first ? style : CallStyle{});
      tally_.Count("calls");
      Record(name, request.order_id(), request.control(), first ? style : CallStyle{}, began,
             ok ? Brief(result.response.result()) : Brief(result.error));
      if (ok) return Accepted(name, std::move(result));
      Note(name, result.error, first && !style.abandon && !style.short_time);
      if (RateLimited(result.error)) {
        indeterminate = indeterminate || result.error.outcome == v1::OUTCOME_UNKNOWN;
        continue;
      }
      if (first) CheckNotSent(name, result.error, request.order_id(), style.fresh_tag);
      switch (result.error.outcome) {
        case v1::OUTCOME_REJECTED:
          result.certain = true;
          return result;
        case v1::OUTCOME_NOT_SENT:
          if (result.error.code == grpc::StatusCode::INVALID_ARGUMENT) {
            tally_.Violation(Finding::kOther,
                             std::string(name) +
                                 ": a request of the harness is invalid: " + result.error.message);
            return result;
          }
          break;
        default:
          // A repeat of these only looks the order up, to the end of its time.
          if (indeterminate && result.error.from_service && RepeatOnlyLooksUp<Request>() &&
              ++lookups == kLookupsMax)
            return result;
          indeterminate = true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20 + random_.Below(100)));
    }
    tally_.Count(std::string(name) + " never certain");
    return result;
  }

  static constexpr int kLookupsMax = 2;
  template <class Request>
  static constexpr bool RepeatOnlyLooksUp() {
    return std::is_same_v<Request, v1::RefundOrderRequest> ||
           std::is_same_v<Request, v1::CaptureOrderRequest>;
  }

  // Says whose the call is, where the servers ask.
  void NameSite(grpc::ClientContext& context) const {
    if (!site_.empty()) context.AddMetadata("x-msp-site", site_);
  }
  // A read, until it succeeds or says that there is nothing.
  FinalResult<v1::GetOrderResponse> Get(const std::string& order_id);

  // A line for each attempt to move money: when, what was asked for, and the answer.
  const std::vector<std::string>& attempts() const { return attempts_; }

 private:
  // True when the call was answered with OK; else `result.error` says why not.
  template <class Request, class Response>
  bool Once(const char* name, Method<Request, Response> method, const Request& request,
            FinalResult<Response>& result, const CallStyle& style) {
    const int replica =
        style.replica >= 0 ? style.replica : static_cast<int>(random_.Below(Fleet::kReplicas));
    if (fleet_.language_client() != nullptr)
      return OnceByLanguageClient(name, replica, request, result.response, result.error, style);
    const auto stub = v1::OrderService::NewStub(fleet_.Channel(replica, random_.Below(64)));
    grpc::ClientContext context;
    NameSite(context);
    const std::int64_t time_ms = style.short_time ? 60 + random_.Below(900) : 9'000;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(time_ms));
    std::thread breaker;
    if (style.abandon) {
      const auto after = std::chrono::milliseconds(1 + random_.Below(120));
      breaker = std::thread([&context, after] {
        std::this_thread::sleep_for(after);
        context.TryCancel();
      });
    }
    const grpc::Status status = ((*stub).*method)(&context, request, &result.response);
    if (breaker.joinable()) breaker.join();
    if (!status.ok()) result.error = client::ReadError(status, true);
    return status.ok();
  }

  // The same by the client of another language, whose rule makes several attempts of it.
  bool OnceByLanguageClient(const char* name, int replica, const google::protobuf::Message& request,
                            google::protobuf::Message& response, client::Error& error,
                            const CallStyle& style);

  template <class Response>
  FinalResult<Response> Accepted(const char* name, FinalResult<Response> result) {
    result.ok = result.certain = true;
    const v1::CallResult& call = result.response.result();
    if (call.outcome() != v1::OUTCOME_CONFIRMED)
      tally_.Violation(Finding::kUntrue,
                       std::string(name) + ": OK without CONFIRMED: " + call.ShortDebugString());
    if (call.idempotency_key().empty())
      tally_.Violation(Finding::kOther, std::string(name) + ": OK without an idempotency key");
    const char* how = call.reconciled() ? "reconciled" : call.replayed() ? "replayed" : "plain";
    tally_.Count(std::string("answered OK, ") + how);
    if (!call.reason().empty()) tally_.Count("answered " + call.reason());
    return result;
  }

  static std::string Brief(const v1::CallResult& result);
  static std::string Brief(const client::Error& error);
  void Record(const char* name, const std::string& order_id, const v1::CallControl& control,
              const CallStyle& style, std::chrono::steady_clock::time_point began,
              const std::string& answer);
  void Note(const char* name, const client::Error& error, bool could_look_up);
  // Whether MultiSafepay has refused the call for its number of requests; then the delay is over.
  bool RateLimited(const client::Error& error);
  // NOT_SENT must not be said of a call whose tag is in MultiSafepay's record.
  void CheckNotSent(const char* name, const client::Error& error, const std::string& order_id,
                    const std::string& tag);

  const std::string site_;  // "" where the servers have one key and no sites file.
  const std::chrono::seconds timeout_;
  const Fleet& fleet_;
  Tally& tally_;
  Random& random_;
  std::vector<std::string> attempts_;
};

}  // namespace msp::chaos
