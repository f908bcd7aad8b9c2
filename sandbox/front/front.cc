// SPDX-License-Identifier: Apache-2.0

#include "sandbox/front/front.h"

#include <algorithm>
#include <fstream>

#include "sandbox/core/read.h"
#include "sandbox/front/fault_effects.h"
#include "service/base/hash.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

// The order id of a call, from its path or, for a creation, its body; empty when there is none.
std::string OrderIdOf(const HttpRequest& request) {
  const auto segments = PathSegments(request.path);
  if (segments.size() >= 4 && (segments[2] == "orders" || segments[2] == "capture"))
    return segments[3];
  if (segments.size() != 3 || segments[2] != "orders" || !NestsAtMost(request.body, 64)) return {};
  return TextMember(Json::parse(request.body, nullptr, false), "order_id").value_or("");
}

constexpr std::int64_t kTickMaxMs = 1000;
constexpr std::size_t kLogFieldMax = 200;
constexpr std::size_t kCsrfBytes = 16;

bool StartsWith(const std::string& path, std::string_view prefix) {
  return path.compare(0, prefix.size(), prefix) == 0;
}

// Faults do not affect the control API and the dashboard.
bool HasNoFaults(const std::string& path) {
  return StartsWith(path, "/_sandbox/") || IsDashboard(path);
}

// Whether the body may be kept, masked: forms of customers are not.
bool KeepsBody(const std::string& path) {
  return StartsWith(path, "/v1/json/") || StartsWith(path, "/_sandbox/");
}

// A description of the faults of an exchange; empty if none.
std::string FaultText(const FaultPlan& plan) {
  std::string text;
  const auto add = [&](std::string_view more) {
    if (!text.empty()) text += ", ";
    text += more;
  };
  if (plan.before_ms + plan.after_ms > 0) add("slowed down");
  if (plan.instead) add("answered without running the call");
  if (plan.afterwards) add("the call has run, its own answer is lost");
  if (!plan.garble.is_null()) add("the answer was spoilt");
  return text;
}

}  // namespace

Front::Front(Options options)
    : options_(std::move(options)),
      csrf_(Hex(RandomBytes(kCsrfBytes))),
      clock_(options_.freeze_clock, options_.start_time_s),
      platform_(options_.settings, options_.public_url),
      shuffle_(options_.settings.seed),
      faults_(options_.settings.seed) {
  webhooks_ = std::make_unique<Webhooks>(
      Webhooks::Hooks{[this] {
                        MutexLock lock(mutex_);
                        return clock_.NowMs();
                      },
                      [this](std::uint64_t order_seq) {
                        MutexLock lock(mutex_);
                        const Order* order = platform_.FindSeq(order_seq);
                        return order == nullptr ? std::string() : platform_.WebhookBody(*order);
                      }},
      options_.settings.seed);
}

namespace {

// Some receivers parse a webhook and print it again before they check its signature: the body must
// survive a round trip through a parser and a printer.
bool SurvivesReserialization() {
  const std::string body =
      "{\"amount\":1000,\"costs\":[{\"amount\":0.6}],\"big\":17472052901237122,\"name\":\"\xc3\xa9/"
      "\\u001f\\n\\\"<\","
      "\"none\":null,\"rate\":13.761467889}";
  const Json parsed = Json::parse(body, nullptr, false);
  const Json expected{{"amount", 1000},           {"costs", Json::array({{{"amount", 0.6}}})},
                      {"big", 17472052901237122}, {"name", "\xc3\xa9/\x1f\n\"<"},
                      {"none", nullptr},          {"rate", 13.761467889}};
  return parsed == expected && parsed.size() == 6 && Json::parse(parsed.dump()) == parsed &&
         Json::parse(expected.dump()).dump() == expected.dump();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Front>> Front::Start(Options options) {
  auto front = std::unique_ptr<Front>(new Front(std::move(options)));
  if (!SurvivesReserialization())
    return absl::InternalError("webhook bodies do not survive a JSON library");
  {
    MutexLock lock(front->mutex_);
    front->Tick();
    if (!front->options_.snapshot_in.empty()) {
      std::ifstream file(front->options_.snapshot_in);
      const std::string text((std::istreambuf_iterator<char>(file)),
                             std::istreambuf_iterator<char>());
      const Json json = NestsAtMost(text, 100) ? Json::parse(text, nullptr, false) : Json();
      if (!front->platform_.Restore(json)) {
        return absl::InvalidArgumentError("snapshot-in: no snapshot in " +
                                          front->options_.snapshot_in);
      }
      // Time continues from the snapshot's, never backwards.
      const std::int64_t behind_ms = front->platform_.now_ms() - front->clock_.NowMs();
      if (behind_ms > 0) front->clock_.Advance(behind_ms);
    }
  }
  front->ticker_ = std::thread([raw = front.get()] { raw->TickLoop(); });
  return front;
}

Front::~Front() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (ticker_.joinable()) ticker_.join();
  webhooks_->Stop();
  if (options_.snapshot_out.empty()) return;
  MutexLock lock(mutex_);
  std::ofstream(options_.snapshot_out) << platform_.Snapshot().dump() << '\n';
}

void Front::Tick() {
  platform_.AdvanceTo(clock_.NowMs());
  SendNotices();
  webhooks_->AdvanceTo(platform_.now_ms());
}

void Front::SendNotices() {
  events_changed_.NotifyAll();
  platform_.RecordVersions();
  for (Notice& notice : platform_.TakeNotices()) {
    Notification notification;
    notification.order_seq = notice.seq;
    notification.order_id = std::move(notice.order_id);
    notification.url = std::move(notice.url);
    notification.post = notice.post;
    notification.key = std::move(notice.key);
    notification.body = std::move(notice.body);
    if (notification.body.empty()) {
      webhooks_->RecordBlocked(notification, platform_.now_ms());
    } else {
      webhooks_->Enqueue(std::move(notification));
    }
  }
}

void Front::StopWaiting() {
  {
    MutexLock lock(mutex_);
    streams_ended_ = true;
    events_changed_.NotifyAll();
  }
  MutexLock lock(pause_mutex_);
  no_more_pauses_ = true;
  pause_over_.NotifyAll();
}

void Front::Pause(std::int64_t ms) {
  if (ms <= 0) return;
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
  MutexLock lock(pause_mutex_);
  while (!no_more_pauses_ && std::chrono::steady_clock::now() < until)
    pause_over_.WaitUntil(pause_mutex_, until);
}

void Front::TickLoop() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    Tick();
    std::int64_t wait_ms = kTickMaxMs;
    if (const auto next = platform_.NextTimerMs(); next && !clock_.frozen()) {
      wait_ms = std::clamp<std::int64_t>(*next - clock_.NowMs(), 1, kTickMaxMs);
    }
    wake_.WaitUntil(mutex_, std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms));
  }
}

std::optional<Delivery> Front::OnHead(const HttpRequest& request) {
  if (!has_faults_ || HasNoFaults(request.path)) return std::nullopt;
  const std::string order_id = OrderIdOf(request);
  HttpResponse none;
  {
    MutexLock lock(mutex_);
    const auto delivery = faults_.OnHead(request, order_id);
    if (!delivery) return std::nullopt;
    ++counts_["faults_on_head"];
    none.delivery = *delivery;
  }
  Record(request, {}, none, order_id, "broken off before the body was read", 0);
  return none.delivery;
}

HttpResponse Front::OnRequest(HttpRequest& request) {
  const auto began = std::chrono::steady_clock::now();
  std::string order_id;
  const std::string* header =
      options_.allow_header_faults ? request.Header("x-sandbox-fault") : nullptr;
  HttpResponse response;
  std::string fault;
  // Before the call, which replaces a payload by a card.
  std::string sent = KeepsBody(request.path)
                         ? MaskedBody(request.body, options_.settings.sites, /*ours=*/false)
                         : std::string();
  if ((has_faults_ || header != nullptr) && !HasNoFaults(request.path)) {
    FaultPlan plan;
    {
      MutexLock lock(mutex_);
      plan = faults_.OnRequest(request, OrderIdOf(request), header, clock_.NowMs());
    }
    fault = FaultText(plan);
    response = WithFaults(request, plan, &order_id);
  } else {
    response = Dispatch(request, &order_id);
  }
  {
    MutexLock lock(mutex_);
    response.headers.emplace_back("Date", HttpDate(clock_.NowMs()));
  }
  Record(request, std::move(sent), response, order_id, std::move(fault),
         std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               began)
             .count());
  Log(request, response.status, order_id, began);
  ZeroizeString(request.body);
  return response;
}

HttpResponse Front::WithFaults(HttpRequest& request, const FaultPlan& plan, std::string* order_id) {
  Pause(plan.before_ms);
  if (plan.instead) {
    HttpResponse response = *plan.instead;
    response.delivery.delay_ms = plan.after_ms;
    return response;
  }
  HttpResponse response = Dispatch(request, order_id);
  {
    MutexLock lock(mutex_);
    faults_.ReplaceByOtherAnswer(plan.garble, request, *order_id, &response);
  }
  if (plan.afterwards) response = *plan.afterwards;
  if (!plan.garble.is_null()) Garble(plan.garble, &response);
  response.delivery.delay_ms = plan.after_ms;
  return response;
}

HttpResponse Front::Dispatch(HttpRequest& request, std::string* order_id) {
  if (request.method == "HEAD" || request.method == "OPTIONS")
    return TextResponse(405, "method not allowed\n");
  const auto starts = [&](std::string_view prefix) {
    return request.path.compare(0, prefix.size(), prefix) == 0;
  };
  if (IsDashboard(request.path)) return DashboardCall(request);
  if (starts("/_sandbox/")) return Control(request, order_id);
  if (starts("/events/")) return Events(request, order_id);
  if (starts("/qr/")) return QrCode(request, order_id);
  if (starts("/connect/") || starts("/simulator/")) return Page(request, order_id);
  if (starts("/sdk/components/")) return ComponentCall(request);
  return Api(request, order_id);
}

HttpResponse Front::ComponentCall(const HttpRequest& request) {
  constexpr std::string_view kBase = "/sdk/components/v2/";
  const std::string_view name = request.path.compare(0, kBase.size(), kBase) == 0
                                    ? std::string_view(request.path).substr(kBase.size())
                                    : std::string_view();
  if (request.method == "POST" && name == "payload") {
    MutexLock lock(mutex_);
    ++counts_["component_payloads"];
    Tick();
    return component_.MakePayload(request, platform_.now_ms());
  }
  HttpResponse response;
  if (request.method != "GET" || !ComponentFile(name, &response))
    return TextResponse(404, "not found\n");
  return response;
}

void Front::Log(const HttpRequest& request, int status, const std::string& order_id,
                std::chrono::steady_clock::time_point began) {
  if (!options_.log) return;
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(
                      std::chrono::steady_clock::now() - began)
                      .count();
  std::string line = "{\"method\":";
  AppendJsonString(Loggable(request.method), line);
  line += ",\"path\":";
  AppendJsonString(Loggable(request.path), line);
  line += ",\"status\":" + std::to_string(status) + ",\"order_id\":";
  AppendJsonString(Loggable(order_id), line);
  line += ",\"ms\":" + std::to_string(us / 1000) + "." + std::to_string(us / 100 % 10) + "}";
  options_.log(line);
}

std::string Loggable(std::string_view text) {
  std::string out(text.substr(0, kLogFieldMax));
  MaskCardNumbers(&out);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) >= 0x7f) c = '?';
  }
  return out;
}

HttpResponse TextResponse(int status, std::string_view text) {
  HttpResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::string(text);
  return response;
}

}  // namespace msp::sandbox
