// SPDX-License-Identifier: Apache-2.0

// What the tests of money-moving calls share: a scripted stand-in for the HTTP pool, answers as
// MultiSafepay gives them, and a caller that waits for the end of its call.
#pragma once

#include <algorithm>
#include <concepts>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/base/mutex.h"
#include "service/payments/api.h"
#include "service/payments/identity.h"
#include "service/payments/upstream_time.h"
#include "tests/payments/calls.h"
#include "tests/testing/gate.h"
#include "tests/testing/requests.h"

namespace msp::payments {

namespace v1 = multisafepay::v1;
using testing::AsRepeat;
using testing::WithKey;
using testing::WithResend;

inline constexpr char kOutcomeUnknown[] = "UNKNOWN UNKNOWN OUTCOME_UNKNOWN";

// What the upstream answers, in this order; the last response again and again.
struct Responses : std::vector<http::Response> {
  template <std::convertible_to<http::Response>... Each>
  Responses(Each... each) : vector{http::Response(each)...} {}
};

inline Responses None() { return {}; }

inline http::Response Failed(http::CallOutcome outcome, http::TransferError failure,
                             std::string detail) {
  http::Response response;
  response.outcome = outcome;
  response.failure = failure;
  response.detail = std::move(detail);
  return response;
}

inline http::Response Unsent(http::TransferError failure = http::TransferError::kConnect) {
  return Failed(http::CallOutcome::kNotSent, failure, "Connection refused");
}

inline http::Response Lost(http::TransferError failure = http::TransferError::kBroken) {
  return Failed(http::CallOutcome::kUnknown, failure, "Connection reset by peer");
}

inline http::Response Error(int error_code, int http_status = 404) {
  return ResponseOf(http_status, R"({"success":false,"data":{},"error_code":)" +
                                     std::to_string(error_code) + R"(,"error_info":"no"})");
}

inline http::Response Absent() { return Error(1006); }
// Which a proxy may have said.
inline http::Response BareNotFound() { return ResponseOf(404, R"({"message":"Not found"})"); }

inline http::Response Success(const std::string& data) {
  return ResponseOf(200, R"({"success":true,"data":)" + data + "}");
}

// Europe/Amsterdam's clock, as MultiSafepay writes it.
inline std::string UpstreamTimeText(std::time_t at) {
  char text[32] = "";
  for (const std::time_t offset_s : {3'600, 7'200}) {
    const std::time_t local = at + offset_s;
    std::tm parts{};
    gmtime_r(&local, &parts);
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (UpstreamTimeSeconds(text) == at) break;
  }
  return text;
}

// An order as GET and a direct POST return it.
struct OrderJson {
  std::string order_id = "order-1";
  std::int64_t amount = 9743;
  std::string currency = "EUR";
  std::string status = "completed";
  std::string financial_status = "completed";
  std::string custom_info;  // JSON; absent when empty.
  std::string more;         // Further members, each followed by a comma.
  std::string related = "null";
  std::string details = R"({"type":"VISA"})";

  std::string Data() const {
    return R"({"order_id":")" + order_id + R"(","transaction_id":4010000000000001,"amount":)" +
           std::to_string(amount) + R"(,"currency":")" + currency + R"(","status":")" + status +
           R"(","financial_status":")" + financial_status + R"(",)" +
           (custom_info.empty() ? "" : R"("custom_info":)" + custom_info + ",") + more +
           R"("payment_details":)" + details + R"(,"related_transactions":)" + related + "}";
  }
  operator http::Response() const { return Success(Data()); }
  // With the marker of this key in custom_3.
  OrderJson Marked(const std::string& key) const {
    OrderJson marked = *this;
    marked.custom_info = R"({"custom_1":null,"custom_2":null,"custom_3":"idem:)" + key + R"("})";
    return marked;
  }
};

// Stands in for the pool: answers at once from the script, or keeps a request until
// the test lets it go. Any thread.
class ScriptedClient : public http::Client {
 public:
  using Script = std::function<http::Response(const http::Request&)>;

  // The answers to whatever is no GET, and to GETs.
  Responses writes;
  Responses reads;
  // The answers to GETs once `late_after` writes have come.
  Responses late_reads;
  std::size_t late_after = 0;
  // Instead of both, where set.
  Script script;
  // Opened when a write has come and is kept.
  bool keep_writes = false;

  void Start(http::Request request, http::Done done) override {
    http::Response answer;
    {
      MutexLock lock(mutex_);
      const bool get = request.method == http::Method::kGet;
      const bool late = get && late_after > 0 && written_ >= late_after;
      std::size_t& count = late ? late_read_count_ : get ? read_count_ : written_;
      Responses& answers = late ? late_reads : get ? reads : writes;
      if (script) {
        answer = script(request);
      } else if (!answers.empty()) {
        const http::Response& next = answers[std::min(count, answers.size() - 1)];
        answer = next;
        answer.body.reserve(answer.body.size() + http::kBodyPadding);
      } else {
        ADD_FAILURE() << "no answer for " << request.target;
      }
      ++count;
      requests_.push_back(std::move(request));
      if (!get && keep_writes) {
        kept_.emplace_back(std::move(done), std::move(answer));
        came_.Open();
        return;
      }
    }
    std::move(done)(std::move(answer));
  }

  // Waits until a write is kept.
  void WaitForWrite() { came_.Wait(); }
  // Lets all kept writes end.
  void Release() {
    std::vector<std::pair<http::Done, http::Response>> kept;
    {
      MutexLock lock(mutex_);
      keep_writes = false;
      kept.swap(kept_);
    }
    for (auto& [done, answer] : kept) std::move(done)(std::move(answer));
  }

  std::vector<http::Request> requests() const {
    MutexLock lock(mutex_);
    return requests_;
  }
  std::vector<std::string> bodies() const {
    std::vector<std::string> found;
    for (const http::Request& request : requests()) {
      if (request.method != http::Method::kGet) found.push_back(request.body);
    }
    return found;
  }
  std::size_t written() const {
    MutexLock lock(mutex_);
    return written_;
  }
  std::size_t read_count() const {
    MutexLock lock(mutex_);
    return read_count_ + late_read_count_;
  }

 private:
  mutable Mutex mutex_;
  std::size_t written_ = 0;
  std::size_t read_count_ = 0;
  std::size_t late_read_count_ = 0;
  std::vector<http::Request> requests_;
  std::vector<std::pair<http::Done, http::Response>> kept_;
  testing::Gate came_;
};

// One call, from its start to its end.
template <class Request, class Response>
class Caller {
 public:
  Caller(Api& api, const std::string& method, Request sent, std::shared_ptr<const Site> site,
         std::chrono::milliseconds time = std::chrono::seconds(20), int previous_attempts = 0)
      : request(std::move(sent)) {
    call.operation = &TestOperations().Find(method);
    call.request = &request;
    call.response = &response;
    call.site = std::move(site);
    call.start = http::Clock::now();
    call.deadline = call.start + time;
    call.previous_attempts = previous_attempts;
    api.Start(call, [this, held = held_] { ended_.Open(); });
  }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  // The call after its end.
  const Call& End() {
    ended_.Wait();
    return call;
  }
  bool ok() { return !End().failure.has_value(); }
  // True once the service has destroyed what it had for the call.
  bool freed() const { return held_.use_count() == 1; }
  // "OK CONFIRMED", "OK CONFIRMED reconciled", "ALREADY_EXISTS REJECTED MSP_1006", ...
  std::string Summary() {
    End();
    std::string text = call.failure ? absl::StatusCodeToString(call.failure->code) : "OK";
    const std::string outcome = v1::Outcome_Name(call.outcome).substr(8);
    text += " " + outcome;
    if (call.failure) {
      EXPECT_EQ(call.failure->outcome, call.outcome);
      // A time to try again is given only where nothing left or nothing was processed.
      if (call.failure->retry_after_ms >= 0 && !call.failure->is_rate_limit()) {
        EXPECT_EQ(outcome, "NOT_SENT");
      }
      return text + " " + call.failure->reason;
    }
    if constexpr (requires { response.result(); }) {
      if (response.result().reconciled()) text += " reconciled";
      if (response.result().replayed()) text += " replayed";
      if (!response.result().reason().empty()) text += " " + response.result().reason();
    }
    return text;
  }

  Request request;
  Response response;
  Call call;

 private:
  testing::Gate ended_;
  std::shared_ptr<int> held_ = std::make_shared<int>();
};

inline const std::shared_ptr<const Site>& TestSite() {
  static const auto& site =
      *new std::shared_ptr<const Site>(std::make_shared<const Site>("default", "abcde-12345"));
  return site;
}

// The key that the service derives for a request without one.
template <class Request>
std::string KeyOf(const std::string& method, Request request) {
  return DerivedKey(DigestOf(TestOperations().Find(method), request, TestSite()->keyed_hash()));
}

inline constexpr char kKey[] = "key-1";

class PaymentCallTest : public ::testing::Test {
 protected:
  // Hardly any waiting: a settle time of a few reads.
  PaymentCallTest() {
    options.settle_ms = 6;
    options.reconcile_backoff_ms = 1;
  }

  Api& api() {
    if (api_ == nullptr) api_ = std::make_unique<Api>(options, TestOperations(), client, metrics_);
    return *api_;
  }
  static const std::shared_ptr<const Site>& site() { return TestSite(); }

  ApiOptions options;
  ScriptedClient client;

 private:
  telemetry::Metrics metrics_;
  std::unique_ptr<Api> api_;
};

// One call, by what the upstream returns to its writes and reads.
template <class Request>
struct PaymentCase {
  std::string name;
  Request request;
  Responses writes;
  Responses reads;
  std::string summary;
  std::size_t sent = 1;
  Responses late_reads = {};  // Once all the writes have come.
  bool patient = false;       // The record shows it before the settle time is over.
  bool markers = true;
};

template <class Request, class Response>
class PaymentCaseTest : public PaymentCallTest,
                        public ::testing::WithParamInterface<PaymentCase<Request>> {
 protected:
  // Runs the case and checks its outcome and how many writes were sent.
  std::unique_ptr<Caller<Request, Response>> Run(const std::string& method) {
    const PaymentCase<Request>& the = this->GetParam();
    options.idempotency_marker = the.markers;
    client.writes = the.writes;
    client.reads = the.reads;
    client.late_reads = the.late_reads;
    if (!the.late_reads.empty()) client.late_after = the.sent;
    if (the.patient) options.settle_ms = 10'000;
    // Inconclusive lookups go on until the deadline.
    const auto time = std::chrono::milliseconds(the.patient ? 20'000 : 1'000);
    auto call =
        std::make_unique<Caller<Request, Response>>(api(), method, the.request, site(), time);
    EXPECT_EQ(call->Summary(), the.summary);
    EXPECT_EQ(client.written(), the.sent);
    return call;
  }
};

}  // namespace msp::payments
