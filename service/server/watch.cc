#include "service/server/watch.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "service/base/mutex.h"
#include "service/codec/check.h"
#include "service/codec/redact.h"
#include "service/notify/token.h"
#include "service/server/caller.h"
#include "service/server/notifications.h"
#include "service/server/status.h"

namespace msp::server {
namespace {

namespace v1 = multisafepay::v1;

// What a stream has still to tell.
struct Waiting {
  notify::State state;
  notify::Cause cause = v1::WatchOrderResponse::CAUSE_UNSPECIFIED;
};

class Stream final : public grpc::ServerWriteReactor<v1::WatchOrderResponse>,
                     public notify::Watcher {
 public:
  Stream(const Edge& edge, std::shared_ptr<const psp::Site> site, const std::string& order_id,
         std::string peer)
      : edge_(edge),
        site_(std::move(site)),
        order_id_(codec::HoldsCardNumber(order_id) ? codec::Scrubbed(order_id) : order_id),
        peer_(std::move(peer)) {}

  void Begin(const notify::WatchAsk& ask) {
    if (auto failure = edge_.hub.Watch(ask, this)) {
      Refuse(*std::move(failure));
    }
  }
  void Refuse(psp::Failure failure) {
    // What is no order id is not repeated.
    if (!failure.violations.empty()) order_id_.clear();
    End(std::move(failure));
  }

  // The event core's side; its lock is held.
  void Tell(const notify::State& state, notify::Cause cause) override {
    MutexLock lock(mutex_);
    waiting_.emplace();
    waiting_->state = state;
    waiting_->cause = cause;
    if (!writing_) WriteNext();
  }
  void Beat() override {
    MutexLock lock(mutex_);
    if (writing_ || finished_) return;  // What is being written is a sign of life as well.
    message_.Clear();
    message_.set_cause(v1::WatchOrderResponse::CAUSE_HEARTBEAT);
    message_.set_resume_token(token_);
    Write();
  }
  void End(std::optional<psp::Failure> failure) override {
    MutexLock lock(mutex_);
    if (ending_) return;
    ending_ = failure ? StatusOf(*failure) : grpc::Status::OK;
    if (failure) reason_ = std::move(failure->reason);
    if (!writing_) FinishNow();
  }

  // gRPC's side.
  void OnWriteDone(bool ok) override {
    MutexLock lock(mutex_);
    writing_ = false;
    if (ok && message_.has_order()) ++states_;
    if (!ok) {
      if (!ending_) ending_ = grpc::Status(grpc::StatusCode::CANCELLED, "the caller has gone");
      waiting_.reset();
    }
    if (waiting_) return WriteNext();
    if (ending_) FinishNow();
  }
  void OnCancel() override {
    MutexLock lock(mutex_);
    waiting_.reset();
    if (!ending_) ending_ = grpc::Status(grpc::StatusCode::CANCELLED, "the caller has gone");
    if (!writing_) FinishNow();
  }
  void OnDone() override {
    edge_.hub.Leave(this);
    edge_.metrics.CountStream("WatchOrder", NameOf(code_));
    LogEnd();
    delete this;
  }

 private:
  void LogEnd() {
    MutexLock lock(mutex_);
    const std::chrono::duration<double> open = std::chrono::steady_clock::now() - start_;
    edge_.log.Write(telemetry::Level::kInfo, "stream",
                    {{"method", std::string_view("WatchOrder")},
                     {"site", site_ == nullptr ? std::string_view() : site_->name()},
                     {"order_id", std::string_view(order_id_)},
                     {"code", NameOf(code_)},
                     {"reason", std::string_view(reason_)},
                     {"states", states_},
                     {"seconds", open.count()},
                     {"peer", std::string_view(peer_)}});
  }
  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_ || !waiting_) return;
    const Waiting next = *std::move(waiting_);
    waiting_.reset();
    message_.Clear();
    *message_.mutable_order() = *next.state.order;
    message_.set_cause(next.cause);
    token_ = notify::MakeToken(notify::KeysOf(*site_).front(), site_->name(),
                               next.state.order->order_id(), next.state.digest);
    message_.set_resume_token(token_);
    message_.mutable_observed_time()->set_seconds(next.state.observed_ms / 1'000);
    message_.mutable_observed_time()->set_nanos(
        static_cast<std::int32_t>(next.state.observed_ms % 1'000 * 1'000'000));
    Write();
  }
  void Write() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    writing_ = true;
    StartWrite(&message_);
  }
  void FinishNow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_) return;
    finished_ = true;
    code_ = ending_->error_code();
    Finish(*ending_);
  }

  const Edge& edge_;
  const std::shared_ptr<const psp::Site> site_;
  std::string order_id_;  // As it may be logged; fixed once it has begun.
  const std::string peer_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  Mutex mutex_;
  v1::WatchOrderResponse message_ ABSL_GUARDED_BY(mutex_);  // While it is written, gRPC's.
  std::optional<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  std::optional<grpc::Status> ending_ ABSL_GUARDED_BY(mutex_);
  std::string token_ ABSL_GUARDED_BY(mutex_);
  std::string reason_ ABSL_GUARDED_BY(mutex_);
  std::int64_t states_ ABSL_GUARDED_BY(mutex_) = 0;  // Written, heartbeats not counted.
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::StatusCode code_ = grpc::StatusCode::OK;
};

}  // namespace

grpc::ServerWriteReactor<v1::WatchOrderResponse>* StartWatch(const Edge& edge,
                                                             grpc::CallbackServerContext& context,
                                                             const v1::WatchOrderRequest& request) {
  // Streams are bounded by their own number: one takes of its site's rate, not of its places.
  auto admitted = Admit(edge.sites, context, edge.certificates, std::chrono::steady_clock::now());
  if (auto* failure = std::get_if<psp::Failure>(&admitted); failure != nullptr) {
    auto* refused = new Stream(edge, nullptr, request.order_id(), context.peer());
    refused->Refuse(std::move(*failure));
    return refused;
  }
  const auto site = std::get<psp::Sites::Admitted>(admitted).site;
  auto* stream = new Stream(edge, site, request.order_id(), context.peer());
  auto violations = codec::Check(edge.plans.Of(v1::WatchOrderRequest::descriptor()), request);
  notify::WatchAsk ask{.site = site->name(),
                       .order_id = request.order_id(),
                       .follow = request.follow(),
                       .heartbeat_ms = std::int64_t{request.heartbeat_s()} * 1'000};
  if (violations.empty() && !request.resume_token().empty()) {
    if (auto seen = notify::DigestIn(request.resume_token(), notify::KeysOf(*site), site->name(),
                                     request.order_id())) {
      ask.seen = *std::move(seen);
    } else {
      violations.push_back(
          {.field = "resume_token",
           .description = "is not one that this service gave out for this order of this site"});
    }
  }
  if (!violations.empty()) {
    stream->Refuse(InvalidRequest(std::move(violations)));
  } else {
    stream->Begin(ask);
  }
  return stream;
}

}  // namespace msp::server
