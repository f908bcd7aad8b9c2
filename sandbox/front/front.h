// SPDX-License-Identifier: Apache-2.0

// The layer between HTTP and the state machine: routing, keys, tolerance, the clock, the log.
//
// Owned by `Server`. OnHead and OnRequest run on many connection threads; one lock guards the state
// machine, parsing and printing happen outside of it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "sandbox/core/platform.h"
#include "sandbox/front/component.h"
#include "sandbox/front/dashboard_elements.h"
#include "sandbox/front/faults.h"
#include "sandbox/front/recorder.h"
#include "sandbox/front/virtual_clock.h"
#include "sandbox/front/webhooks.h"
#include "sandbox/http/message.h"
#include "sandbox/server.h"
#include "service/base/mutex.h"

namespace msp::sandbox {

// One API call, read from its request.
struct Call {
  const Site* site = nullptr;
  // The variable segments of the path, percent-decoded.
  std::vector<std::string> params;
  Json body = Json::object();
  const HttpRequest* request = nullptr;
};

class Front {
 public:
  static absl::StatusOr<std::unique_ptr<Front>> Start(Options options);
  ~Front();
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  std::optional<Delivery> OnHead(const HttpRequest& request);
  HttpResponse OnRequest(HttpRequest& request);

  // Ends every wait inside OnRequest, so that connection threads can be joined.
  void StopWaiting();

 private:
  explicit Front(Options options);

  // Runs the call with the requested faults.
  HttpResponse WithFaults(HttpRequest& request, const FaultPlan& plan, std::string* order_id);
  // Sleeps unless StopWaiting comes first.
  void Pause(std::int64_t ms);
  // Passes the state machine's notices to the senders.
  void SendNotices() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  HttpResponse Events(const HttpRequest& request, std::string* order_id);
  HttpResponse QrCode(const HttpRequest& request, std::string* order_id);
  // One reader of an order's event stream, and how far it has come.
  struct EventReader {
    std::string token;
    std::uint64_t last_id = 0;
    std::uint64_t generation = 0;
    std::chrono::steady_clock::time_point began;
    std::chrono::steady_clock::time_point wrote;
  };
  // Waits a second at most for what the reader has not seen; false when the stream is to end.
  bool NextEvents(EventReader& reader, std::string* bytes);
  HttpResponse Dispatch(HttpRequest& request, std::string* order_id);
  HttpResponse Api(HttpRequest& request, std::string* order_id);
  HttpResponse Control(const HttpRequest& request, std::string* order_id);
  HttpResponse Page(const HttpRequest& request, std::string* order_id);
  // `/` and below /dashboard/: the dashboard's pages and form actions.
  HttpResponse DashboardCall(const HttpRequest& request);
  // Performs a form's action; returns the error, or empty.
  std::string Act(const HttpRequest& form, const std::string& action, Order* order)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  HttpResponse ShowOrders(const HttpRequest& request, const std::string& problem)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  HttpResponse ShowOrder(const HttpRequest& request, const Order& order, const std::string& problem)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  DashboardFrame FrameOf(const HttpRequest& request, const std::string& problem)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether the Host header is an address, a local name, or a name that the options have.
  bool HostIsOurs(const HttpRequest& request) const;
  // Whether a browser sent the request for a page of another origin.
  bool FromForeignPage(const HttpRequest& request) const;
  // Keeps a call of the API, a page or a control for the dashboard; `sent` is its masked body.
  void Record(const HttpRequest& request, std::string sent, const HttpResponse& response,
              const std::string& order_id, std::string fault, std::int64_t us);
  // Below /sdk/components/: the payment component's files and its payloads.
  HttpResponse ComponentCall(const HttpRequest& request);
  HttpResponse ConnectPage(const HttpRequest& request, const std::vector<std::string>& segments,
                           Order& order) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  HttpResponse SimulatorPage(const HttpRequest& request, Order& order)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  HttpResponse ReturnToShop(const Order& order) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  ApiResponse ControlOrder(const HttpRequest& request, const std::vector<std::string>& segments,
                           const Json& body) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  ApiResponse ControlFoundOrder(const HttpRequest& request,
                                const std::vector<std::string>& segments, Order& found,
                                const Json& body) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  ApiResponse ControlClock(const HttpRequest& request, const Json& body)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  ApiResponse ControlFaults(const HttpRequest& request, const Json& body)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Json Stats() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // The site of the request's key; null when there is none that is known.
  const Site* Authenticate(const HttpRequest& request);
  // Brings the state machine to the present; call it under the lock before anything else.
  void Tick() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TickLoop();
  std::string Print(const ApiResponse& response);
  void Log(const HttpRequest& request, int status, const std::string& order_id,
           std::chrono::steady_clock::time_point began);

  const Options options_;
  // What a form of the dashboard has to bring back: another origin's page cannot read it.
  const std::string csrf_;
  Mutex mutex_;
  CondVar wake_;
  VirtualClock clock_ ABSL_GUARDED_BY(mutex_);
  Platform platform_ ABSL_GUARDED_BY(mutex_);
  Random shuffle_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::uint64_t> counts_ ABSL_GUARDED_BY(mutex_);
  Faults faults_ ABSL_GUARDED_BY(mutex_);
  Component component_ ABSL_GUARDED_BY(mutex_);
  Recorder recorder_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> has_faults_{false};
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  CondVar events_changed_;
  bool streams_ended_ ABSL_GUARDED_BY(mutex_) = false;
  // Streams of an earlier epoch end: the control API has closed them.
  std::uint64_t stream_generation_ ABSL_GUARDED_BY(mutex_) = 0;
  Mutex pause_mutex_;
  CondVar pause_over_;
  bool no_more_pauses_ ABSL_GUARDED_BY(pause_mutex_) = false;
  std::unique_ptr<Webhooks> webhooks_;
  std::thread ticker_;
};

// Whether the path is the dashboard's; no fault touches it.
bool IsDashboard(std::string_view path);

// A path or id fit for a log: no control characters, no run of digits that could be a card number.
std::string Loggable(std::string_view text);

HttpResponse TextResponse(int status, std::string_view text);

}  // namespace msp::sandbox
