#include "service/server/health.h"

#include <map>
#include <optional>
#include <unordered_set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "service/base/mutex.h"
#include "service/server/stream.h"

namespace msp::server {
namespace {

namespace v1 = grpc::health::v1;
using Service = v1::Health::AsyncService;
using Status = v1::HealthCheckResponse::ServingStatus;

// As many as there are connections by default: a client that watches does so once for each.
constexpr std::size_t kWatchesMax = 4096;
// gRPC's own service takes no longer ones.
constexpr std::size_t kNameMax = 200;

// Nothing when the request is fit to be answered.
std::optional<grpc::Status> Flaw(const v1::HealthCheckRequest& request) {
  if (request.service().size() <= kNameMax) return std::nullopt;
  return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                      absl::StrCat("service: at most ", kNameMax, " bytes"));
}

}  // namespace

struct Health::Served {
  Status StatusOf(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const auto found = serving.find(name);
    if (found == serving.end()) return v1::HealthCheckResponse::SERVICE_UNKNOWN;
    return found->second ? v1::HealthCheckResponse::SERVING : v1::HealthCheckResponse::NOT_SERVING;
  }

  Service service;
  Mutex mutex;  // Changes are told with it held: each watch hears of them in their order.
  std::map<std::string, bool> serving ABSL_GUARDED_BY(mutex){{"", true}};
  std::unordered_set<Watch*> watches ABSL_GUARDED_BY(mutex);
  bool ended ABSL_GUARDED_BY(mutex) = false;
};

class Health::Check final : public ReplySlot<v1::HealthCheckRequest, v1::HealthCheckResponse> {
 public:
  static void Serve(Served& served, Slots& slots) {
    (new Check(served, slots))->Wait(served.service, &Service::RequestCheck);
  }

 private:
  Check(Served& served, Slots& slots) : ReplySlot(slots), served_(served) {}

  void OnCall() override {
    Serve(served_, slots());
    if (const auto flaw = Flaw(request_)) return Reply(*flaw);
    {
      MutexLock lock(served_.mutex);
      response_.set_status(served_.StatusOf(request_.service()));
    }
    if (response_.status() == v1::HealthCheckResponse::SERVICE_UNKNOWN)
      return Reply({grpc::StatusCode::NOT_FOUND, ""});
    Reply(grpc::Status::OK);
  }

  Served& served_;
};

class Health::Watch final : public StreamSlot<v1::HealthCheckRequest, v1::HealthCheckResponse> {
 public:
  static void Serve(Served& served, Slots& slots) {
    (new Watch(served, slots))->Wait(served.service, &Service::RequestWatch);
  }

  // The service's lock is held for these.
  const std::string& name() const { return request_.service(); }
  void Tell(Status status) {
    MutexLock lock(mutex_);
    waiting_ = status;
    Go();
  }
  void End(grpc::Status status) {
    MutexLock lock(mutex_);
    EndWith(std::move(status));
  }

  static grpc::Status Leaving() {
    return {grpc::StatusCode::UNAVAILABLE, "this server is shutting down"};
  }

 private:
  Watch(Served& served, Slots& slots) : StreamSlot(slots), served_(served) {}

  void OnCall() override {
    Serve(served_, slots());
    if (auto flaw = Flaw(request_)) return End(*std::move(flaw));
    MutexLock lock(served_.mutex);
    if (served_.ended) return End(Leaving());
    if (served_.watches.size() >= kWatchesMax)
      return End({grpc::StatusCode::RESOURCE_EXHAUSTED,
                  absl::StrCat("as many watch health as this server takes: ", kWatchesMax)});
    served_.watches.insert(this);
    Tell(served_.StatusOf(name()));
  }
  void OnGone() override {
    MutexLock lock(served_.mutex);
    served_.watches.erase(this);
  }

  bool Next(v1::HealthCheckResponse& message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) override {
    // A slow reader may have missed that the status went and came back.
    if (!waiting_ || waiting_ == told_) return false;
    told_ = *std::exchange(waiting_, std::nullopt);
    message.set_status(*told_);
    return true;
  }

  Served& served_;
  std::optional<Status> waiting_ ABSL_GUARDED_BY(mutex_);
  std::optional<Status> told_ ABSL_GUARDED_BY(mutex_);
};

Health::Health() : served_(std::make_unique<Served>()) {}
Health::~Health() = default;

grpc::Service& Health::service() { return served_->service; }

void Health::Serve(Slots& slots) {
  Check::Serve(*served_, slots);
  Watch::Serve(*served_, slots);
}

void Health::Set(const std::vector<std::string>& names, bool serving) {
  MutexLock lock(served_->mutex);
  for (const std::string& name : names) served_->serving[name] = serving;
  for (Watch* watch : served_->watches) {
    if (absl::c_linear_search(names, watch->name())) watch->Tell(served_->StatusOf(watch->name()));
  }
}

void Health::End() {
  MutexLock lock(served_->mutex);
  served_->ended = true;
  for (Watch* watch : served_->watches) watch->End(Watch::Leaving());
}

}  // namespace msp::server
