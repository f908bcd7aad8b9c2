// SPDX-License-Identifier: Apache-2.0

#include "sandbox/front/webhooks.h"

#include <httplib.h>

#include <algorithm>

#include "sandbox/core/read.h"
#include "sandbox/core/url.h"
#include "service/base/hash.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

constexpr int kAttemptsMax = 4;  // one and three retries
constexpr std::int64_t kRetryMs = std::int64_t{15} * 60 * 1000;
constexpr int kSenders = 4;
constexpr std::size_t kAckBytes = 100;
constexpr std::size_t kQueueMax = 100'000;
constexpr std::size_t kAttemptsKept = 10'000;
constexpr std::int64_t kReorderWaitMs = 500;
constexpr std::int64_t kStaleS = 3600;
constexpr auto kConnectLimit = std::chrono::seconds(5);
constexpr auto kTotalLimit = std::chrono::seconds(15);

// Flips a digit or letter inside the body, so that it stays JSON but no longer fits the signature.
std::string Tampered(std::string body) {
  const std::size_t at = body.find("\"amount\":");
  if (at == std::string::npos || at + 9 >= body.size()) return body + " ";
  char& digit = body[at + 9];
  digit = digit == '9' ? '8' : '9';
  return body;
}

}  // namespace

std::string WebhookAuth(std::string_view key, std::int64_t unix_s, std::string_view body) {
  const std::string stamp = std::to_string(unix_s);
  std::string message = stamp + ":";
  message += body;
  return Base64(stamp + ":" + Hex(HmacSha512(key, message)));
}

bool Acknowledges(int status, std::string_view body) {
  // "MULTISAFEPAY_OK" ends in the shorter word.
  return status == 200 && body.substr(0, kAckBytes).find("OK") != std::string_view::npos;
}

Webhooks::Webhooks(Hooks hooks, std::uint64_t seed) : hooks_(std::move(hooks)), random_(seed) {
  for (int i = 0; i < kSenders; ++i) senders_.emplace_back([this] { SendLoop(); });
}

Webhooks::~Webhooks() { Stop(); }

void Webhooks::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    for (const auto& [client, deadline] : clients_) client->stop();
    changed_.NotifyAll();
  }
  for (std::thread& sender : senders_) {
    if (sender.joinable()) sender.join();
  }
}

void Webhooks::Enqueue(Notification notification) {
  MutexLock lock(mutex_);
  if (queue_.size() >= kQueueMax) {
    ++counts_["webhooks_overflowed"];
    return;
  }
  Queue(std::move(notification));
  changed_.NotifyAll();
}

void Webhooks::Queue(Notification notification) {
  notification.due = std::chrono::steady_clock::now();
  if (knobs_.delay_ms > 0 && random_.Chance(knobs_.delay_share))
    notification.due += std::chrono::milliseconds(knobs_.delay_ms);
  notification.yields = random_.Chance(knobs_.reorder);
  queue_.push_back(std::move(notification));
}

void Webhooks::AdvanceTo(std::int64_t now_ms) {
  MutexLock lock(mutex_);
  // A receiver that trickles its response would never exceed the timeout of a single read.
  const auto now = std::chrono::steady_clock::now();
  for (const auto& [client, deadline] : clients_) {
    if (deadline < now) client->stop();
  }
  if (retries_.empty()) return;
  // Ordered by due time, so that a large clock step keeps their order.
  std::stable_sort(retries_.begin(), retries_.end(),
                   [](const Retry& a, const Retry& b) { return a.due_ms < b.due_ms; });
  std::size_t due = 0;
  while (due < retries_.size() && retries_[due].due_ms <= now_ms)
    Queue(std::move(retries_[due++].notification));
  retries_.erase(retries_.begin(), retries_.begin() + static_cast<std::ptrdiff_t>(due));
  if (due > 0) changed_.NotifyAll();
}

bool Webhooks::WaitUntilIdle(std::int64_t ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
  MutexLock lock(mutex_);
  while (!stopping_ && !(queue_.empty() && busy_.empty())) {
    if (!changed_.WaitUntil(mutex_, deadline) && std::chrono::steady_clock::now() >= deadline)
      break;
  }
  return queue_.empty() && busy_.empty();
}

void Webhooks::Reset() {
  MutexLock lock(mutex_);
  ++epoch_;
  queue_.clear();
  retries_.clear();
  attempts_.clear();
  counts_.clear();
  knobs_ = WebhookKnobs();
  for (const auto& [client, deadline] : clients_) client->stop();
  changed_.NotifyAll();
}

std::optional<Notification> Webhooks::Take(DeliveryFaults* faults) {
  MutexLock lock(mutex_);
  while (!stopping_) {
    const auto now = std::chrono::steady_clock::now();
    auto wake = std::chrono::steady_clock::time_point::max();
    std::set<std::uint64_t>
        held;  // Orders whose oldest one has to wait: the others wait behind it.
    for (auto it = queue_.begin(); it != queue_.end(); ++it) {
      const std::uint64_t seq = it->order_seq;
      if (busy_.contains(seq) || held.contains(seq)) continue;
      auto chosen = it;
      auto due = it->due;
      if (it->yields) {
        // The newest of the order first; a single one waits briefly for another.
        for (auto later = it; later != queue_.end(); ++later) {
          if (later->order_seq == seq) chosen = later;
        }
        if (chosen == it) due += std::chrono::milliseconds(kReorderWaitMs);
      }
      if (due > now) {
        wake = std::min(wake, due);
        held.insert(seq);
        continue;
      }
      Notification taken = std::move(*chosen);
      queue_.erase(chosen);
      busy_.insert(seq);
      *faults = DrawFaults();
      return taken;
    }
    if (wake == std::chrono::steady_clock::time_point::max()) {
      changed_.Wait(mutex_);
    } else {
      changed_.WaitUntil(mutex_, wake);
    }
  }
  return std::nullopt;
}

Webhooks::DeliveryFaults Webhooks::DrawFaults() {
  return {.drop = random_.Chance(knobs_.drop),
          .duplicate = random_.Chance(knobs_.duplicate),
          .bad_signature = random_.Chance(knobs_.bad_signature),
          .stale_timestamp = random_.Chance(knobs_.stale_timestamp),
          .tamper_body = random_.Chance(knobs_.tamper_body)};
}

void Webhooks::SendLoop() {
  DeliveryFaults faults;
  while (auto notification = Take(&faults)) {
    if (notification->attempt > 1) {
      std::string fresh = hooks_.fresh_body(notification->order_seq);
      if (!fresh.empty()) notification->body = std::move(fresh);
    }
    Send(*notification, faults, /*is_copy=*/false);
    // The duplicate is not retried.
    if (faults.duplicate) Send(*notification, faults, /*is_copy=*/true);
    MutexLock lock(mutex_);
    busy_.erase(notification->order_seq);
    changed_.NotifyAll();
  }
}

void Webhooks::Send(const Notification& notification, const DeliveryFaults& faults, bool is_copy) {
  std::uint64_t epoch;
  {
    MutexLock lock(mutex_);
    epoch = epoch_;
  }
  const std::int64_t unix_s = hooks_.now_ms() / 1000 - (faults.stale_timestamp ? kStaleS : 0);
  std::string url = WithQuery(notification.url, "transactionid", notification.order_id);
  url = WithQuery(url, "timestamp", std::to_string(unix_s));
  std::string auth, body;
  if (notification.post) {
    body = faults.tamper_body ? Tampered(notification.body) : notification.body;
    auth = WebhookAuth(faults.bad_signature ? notification.key + "x" : notification.key, unix_s,
                       notification.body);
  }
  Outcome outcome;
  if (faults.drop) {
    outcome.problem = "dropped";
  } else {
    outcome = Post(notification, url, auth, body);
  }
  const bool acked = Acknowledges(outcome.status, outcome.head);
  Record(notification, faults, url, outcome, acked);
  if (acked || is_copy || notification.attempt >= kAttemptsMax) return;
  Notification again = notification;
  ++again.attempt;
  const std::int64_t due_ms = hooks_.now_ms() + kRetryMs;
  MutexLock lock(mutex_);
  // The order was removed by a reset in between.
  if (epoch == epoch_) retries_.push_back({due_ms, std::move(again)});
}

Webhooks::Outcome Webhooks::Post(const Notification& notification, const std::string& url,
                                 const std::string& auth, const std::string& body) {
  Outcome outcome;
  const std::size_t scheme = url.find("://");
  const std::size_t slash =
      scheme == std::string::npos ? scheme : url.find_first_of("/?", scheme + 3);
  const std::string origin = url.substr(0, slash);
  std::string target = slash == std::string::npos ? "/" : url.substr(slash);
  if (target[0] == '?') target.insert(0, "/");
  httplib::Client client(origin);
  if (!client.is_valid()) {
    outcome.problem = "not a URL";
    return outcome;
  }
  client.set_connection_timeout(kConnectLimit);
  client.set_read_timeout(kTotalLimit);
  client.set_write_timeout(kTotalLimit);
  client.set_url_encode(false);
  client.set_decompress(false);
  client.enable_server_certificate_verification(false);
  const auto deadline = std::chrono::steady_clock::now() + kTotalLimit;
  {
    MutexLock lock(mutex_);
    if (stopping_) return outcome;
    clients_.emplace(&client, deadline);
  }
  httplib::Request request;
  request.method = notification.post ? "POST" : "GET";
  request.path = target;
  request.headers = {{"Accept", "*/*"}, {"Accept-Encoding", "identity"}};
  if (notification.post) {
    request.headers.emplace("Content-Type", "application/json");
    request.headers.emplace("Auth", auth);
    request.body = body;
  }
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    outcome.head.append(data, std::min(size, kAckBytes - outcome.head.size()));
    // Enough has been seen, or it takes too long.
    return outcome.head.size() < kAckBytes && std::chrono::steady_clock::now() < deadline;
  };
  request.response_handler = [&](const httplib::Response& response) {
    outcome.status = response.status;
    return true;
  };
  const httplib::Result result = client.send(request);
  if (result) {
    outcome.status = result->status;
  } else if (outcome.status == 0) {
    outcome.problem = httplib::to_string(result.error());
  }
  MutexLock lock(mutex_);
  clients_.erase(&client);
  return outcome;
}

void Webhooks::Record(const Notification& notification, const DeliveryFaults& faults,
                      const std::string& url, const Outcome& outcome, bool acked) {
  const std::int64_t now_ms = hooks_.now_ms();
  MutexLock lock(mutex_);
  attempts_.push_back({{"order_id", notification.order_id},
                       {"time", now_ms / 1000},
                       {"method", notification.post ? "POST" : "GET"},
                       {"signature", !notification.post       ? "none: GET"
                                     : faults.bad_signature   ? "wrong, on request"
                                     : faults.tamper_body     ? "of another body, on request"
                                     : faults.stale_timestamp ? "out of date, on request"
                                                              : "signed"},
                       {"url", url},
                       {"attempt", notification.attempt},
                       {"status", outcome.status},
                       {"body", outcome.head},
                       {"problem", outcome.problem},
                       {"acked", acked}});
  if (attempts_.size() > kAttemptsKept) attempts_.pop_front();
  ++counts_[outcome.problem == "dropped" ? "webhooks_dropped" : "webhooks_sent"];
  if (acked) ++counts_["webhooks_acked"];
}

void Webhooks::RecordBlocked(const Notification& notification, std::int64_t now_ms) {
  MutexLock lock(mutex_);
  ++counts_["webhooks_blocked"];
  attempts_.push_back({{"order_id", notification.order_id},
                       {"time", now_ms / 1000},
                       {"method", notification.post ? "POST" : "GET"},
                       {"signature", "not sent"},
                       {"url", notification.url},
                       {"attempt", notification.attempt},
                       {"status", 0},
                       {"body", ""},
                       {"problem", "target is not on the loopback"},
                       {"acked", false}});
  if (attempts_.size() > kAttemptsKept) attempts_.pop_front();
}

std::vector<std::int64_t> Webhooks::RetriesDue(std::uint64_t order_seq) {
  std::vector<std::int64_t> due;
  MutexLock lock(mutex_);
  for (const Retry& retry : retries_) {
    if (retry.notification.order_seq == order_seq) due.push_back(retry.due_ms);
  }
  return due;
}

Json Webhooks::Attempts(const std::string& order_id) {
  Json list = Json::array();
  MutexLock lock(mutex_);
  for (const Json& attempt : attempts_) {
    if (order_id.empty() || attempt["order_id"] == order_id) list.push_back(attempt);
  }
  return list;
}

bool Webhooks::SetKnobs(const Json& knobs) {
  MutexLock lock(mutex_);
  WebhookKnobs updated = knobs_;
  const std::pair<const char*, double*> shares[] = {{"drop", &updated.drop},
                                                    {"duplicate", &updated.duplicate},
                                                    {"reorder", &updated.reorder},
                                                    {"bad_signature", &updated.bad_signature},
                                                    {"stale_timestamp", &updated.stale_timestamp},
                                                    {"tamper_body", &updated.tamper_body},
                                                    {"delay_share", &updated.delay_share}};
  for (const auto& [name, value] : shares) {
    const Json* given = Member(knobs, name);
    if (given == nullptr) continue;
    if (given->is_number()) {
      *value = given->get<double>();
      if (!(*value >= 0 && *value <= 1)) return false;
    } else if (const auto wanted = BoolMember(knobs, name)) {
      *value = *wanted ? 1 : 0;
    } else {
      return false;
    }
  }
  const AmountRead delay = AmountMember(knobs, "delay_ms", false);
  if (delay.kind == AmountRead::Kind::kBad || delay.value < 0 || delay.value > 600'000)
    return false;
  if (delay.kind == AmountRead::Kind::kValue) updated.delay_ms = delay.value;
  // A change of `reorder` also applies to queued ones.
  for (Notification& waiting : queue_) {
    if (updated.reorder == 0 || updated.reorder == 1) waiting.yields = updated.reorder == 1;
  }
  knobs_ = updated;
  changed_.NotifyAll();
  return true;
}

Json Webhooks::Counts() {
  Json counts = Json::object();
  for (const char* name :
       {"webhooks_sent", "webhooks_acked", "webhooks_dropped", "webhooks_blocked"})
    counts[name] = 0;
  MutexLock lock(mutex_);
  for (const auto& [name, count] : counts_) counts[name] = count;
  counts["webhooks_waiting"] = queue_.size() + busy_.size();
  counts["webhooks_retries_pending"] = retries_.size();
  return counts;
}

}  // namespace msp::sandbox
