#include "service/notify/hub.h"

#include <algorithm>

#include "service/base/random.h"
#include "service/notify/hub_topic.h"

namespace msp::notify {
namespace {

using std::chrono::milliseconds;
namespace v1 = multisafepay::v1;

// The same where the reason is unproven.
constexpr milliseconds kHintGap{5'000};
// Unproven reasons to look, for all orders together: at once, and a second.
constexpr double kHintTokens = 50;
constexpr double kHintTokensPerS = 20;
// Looks a second when many orders have to be looked at.
constexpr std::int64_t kCatchUpPerS = 200;
constexpr std::int64_t kDrainRetryMs = 1'000;

psp::Failure Full() {
  return {.code = absl::StatusCode::kResourceExhausted,
          .message = "this server has as many watchers as it takes (--watchers_max)",
          .reason = std::string(psp::reason::kOverloaded),
          .retry_after_ms = kDrainRetryMs};
}

psp::Failure Leaving() {
  return {.code = absl::StatusCode::kUnavailable,
          .message = "this server is shutting down; watch again, with the last resume_token",
          .reason = std::string(psp::reason::kShuttingDown),
          .retry_after_ms = kDrainRetryMs};
}

psp::Failure OtherOrder() {
  constexpr char kWhy[] = "is not one that this service gave out for this order of this site";
  return {.code = absl::StatusCode::kInvalidArgument,
          .message = std::string("resume_token: ") + kWhy,
          .reason = std::string(psp::reason::kInvalidRequest),
          .violations = {{.field = "resume_token", .description = kWhy}}};
}

}  // namespace

Hub::Hub(HubOptions options, Look look, Counters& counters, Now now)
    : options_(options),
      look_(std::move(look)),
      counters_(counters),
      now_(std::move(now)),
      hint_tokens_(kHintTokens),
      hint_filled_(now_()) {}

Hub::~Hub() = default;

std::optional<psp::Failure> Hub::Watch(const WatchAsk& ask, Watcher* watcher) {
  MutexLock lock(mutex_);
  if (draining_) return Leaving();
  if (static_cast<std::int64_t>(seats_.size()) >= options_.watchers_max) {
    counters_.watchers_refused.fetch_add(1, std::memory_order_relaxed);
    return Full();
  }
  Topic& topic = TopicOf({ask.site, ask.order_id});
  auto seat = std::make_unique<Seat>();
  seat->watcher = watcher;
  seat->topic = &topic;
  seat->follow = ask.follow;
  seat->last_told = ask.last_told;
  seat->heartbeat = milliseconds(ask.heartbeat_ms);
  seat->at = topic.seats.insert(topic.seats.end(), seat.get());
  const Time now = now_();
  seat->joined = now;
  if (seat->heartbeat.count() > 0) seat->beat_at = now + seat->heartbeat;
  SetSeatDue(*seat);
  Seat& placed = *seat;
  seats_.emplace(watcher, std::move(seat));
  counters_.watchers.fetch_add(1, std::memory_order_relaxed);
  Join(topic, placed);
  return std::nullopt;
}

// What is known is told at once, also where it is no longer fresh: the read may fail.
void Hub::Join(Topic& topic, Seat& seat) {
  const Time now = now_();
  if (topic.known) Show(topic, seat, v1::WatchOrderResponse::CAUSE_SNAPSHOT);
  if (!topic.known || !seat.in_step || now - topic.known_at >= kFresh) {
    LookAt(topic, Why::kSnapshot, now);
  } else if (!topic.queued && topic.looking == 0) {
    PollLater(topic);
  }
}

void Hub::Leave(Watcher* watcher) {
  MutexLock lock(mutex_);
  const auto found = seats_.find(watcher);
  if (found == seats_.end()) return;
  Seat& seat = *found->second;
  if (seat.queued) due_.erase(seat.due);
  if (Topic* topic = seat.topic; topic != nullptr) {
    topic->seats.erase(seat.at);
    if (topic->seats.empty()) DropTopic(*topic);
  }
  seats_.erase(found);
  counters_.watchers.fetch_sub(1, std::memory_order_relaxed);
}

bool Hub::Watches(const std::string& site, const std::string& order_id) {
  MutexLock lock(mutex_);
  return FindTopic(site, order_id) != nullptr;
}

void Hub::Tell(const std::string& site, State told) {
  MutexLock lock(mutex_);
  Topic* topic = FindTopic(site, told.order->order_id());
  if (topic == nullptr) return;
  if (topic->known) return Weighed(*topic, std::move(told));
  if (!topic->held || told.modified >= topic->held->modified) topic->held = std::move(told);
}

void Hub::Hint(const std::string& site, const std::string& order_id) {
  MutexLock lock(mutex_);
  Topic* topic = FindTopic(site, order_id);
  if (topic == nullptr) return;
  const Time now = now_();
  const double passed = std::chrono::duration<double>(now - hint_filled_).count();
  hint_tokens_ = std::min(kHintTokens, hint_tokens_ + passed * kHintTokensPerS);
  hint_filled_ = now;
  if (hint_tokens_ < 1) return;
  hint_tokens_ -= 1;
  LookAt(*topic, Why::kHint,
         std::max(now, topic->look_began == Time::min() ? now : topic->look_began + kHintGap));
}

void Hub::CatchUp() {
  MutexLock lock(mutex_);
  const Time now = now_();
  const auto spread_ms = static_cast<std::uint64_t>(
      static_cast<std::int64_t>(topics_.size()) * 1'000 / kCatchUpPerS + 1);
  for (auto& [key, topic] : topics_) {
    LookAt(*topic, Why::kPoll,
           now + milliseconds(static_cast<std::int64_t>(RandomBelow(spread_ms))));
  }
}

void Hub::Drain() {
  MutexLock lock(mutex_);
  draining_ = true;
  for (auto& [watcher, seat] : seats_) {
    if (seat->topic != nullptr) ShowEnd(*seat, Leaving());
  }
}

Hub::Time Hub::RunDue() {
  std::vector<ToLook> looks;
  Time next = Time::max();
  {
    MutexLock lock(mutex_);
    const Time now = now_();
    while (!due_.empty() && due_.begin()->first <= now) {
      const auto item = due_.begin()->second;
      due_.erase(due_.begin());
      if (Seat* const* seat = std::get_if<Seat*>(&item)) {
        (*seat)->queued = false;
        RunSeat(**seat);
      } else {
        Topic& topic = *std::get<Topic*>(item);
        topic.queued = false;
        ToLook look;
        if (StartLook(topic, look)) looks.push_back(std::move(look));
      }
    }
    if (!due_.empty()) next = due_.begin()->first;
  }
  for (ToLook& look : looks) {
    const std::string site = look.key.first;
    const std::string order_id = look.key.second;
    look_(site, order_id,
          [this, key = std::move(look.key), number = look.number](Found found) mutable {
            OnLooked(key, number, std::move(found));
          });
  }
  return next;
}

Hub::Topic& Hub::TopicOf(const Key& key) {
  std::unique_ptr<Topic>& topic = topics_[key];
  if (topic == nullptr) {
    topic = std::make_unique<Topic>();
    topic->key = key;
    topic->backoff_ms = options_.poll_first_ms;
    counters_.orders.fetch_add(1, std::memory_order_relaxed);
  }
  return *topic;
}

Hub::Topic* Hub::FindTopic(const std::string& site, const std::string& order_id) {
  const auto found = topics_.find({site, order_id});
  return found == topics_.end() ? nullptr : found->second.get();
}

void Hub::DropTopic(Topic& topic) {
  if (topic.queued) due_.erase(topic.due);
  counters_.orders.fetch_sub(1, std::memory_order_relaxed);
  topics_.erase(topics_.find(topic.key));
}

void Hub::Weighed(Topic& topic, State told) {
  const Worth worth = Weigh(*topic.known, told);
  switch (worth) {
    case Worth::kSame:
      counters_.events.Count(1);
      topic.known->modified = std::max(topic.known->modified, told.modified);
      topic.known_at = now_();
      return;
    case Worth::kStale:
      counters_.events.Count(2);
      return;
    case Worth::kNews:
      counters_.events.Count(0);
      topic.changed_in_look = true;
      return Accept(topic, std::move(told), v1::WatchOrderResponse::CAUSE_NOTIFICATION);
    case Worth::kDoubt:
      counters_.events.Count(3);
      return LookAt(topic, Why::kDoubt, now_());
  }
}

void Hub::Accept(Topic& topic, State state, Cause cause) {
  topic.known = std::move(state);
  topic.known_at = topic.known_since = now_();
  topic.reads.Reset();
  topic.backoff_ms = options_.poll_first_ms;
  // A seat that ends here leaves the list.
  for (auto at = topic.seats.begin(); at != topic.seats.end();) {
    Seat& seat = **at++;
    Show(topic, seat, cause);
  }
  if (topic.looking == 0) LookLater(topic);
}

void Hub::Show(Topic& topic, Seat& seat, Cause cause) {
  const State& state = *topic.known;
  if (!seat.in_step) {
    if (seat.last_told) {
      if (seat.last_told->order_mark != OrderMark(state.order->order_id()))
        return ShowEnd(seat, OtherOrder());
      if (seat.last_told->digest != state.digest && !ProvenAfter(*seat.last_told, state) &&
          !seat.reads.Proves(state.digest))
        return;  // It may be older than what the caller has: LookLater has it confirmed.
    }
    cause = v1::WatchOrderResponse::CAUSE_SNAPSHOT;
    seat.in_step = true;
    seat.reads.Reset();
  }
  const bool news = !seat.last_told || seat.last_told->digest != state.digest;
  if (news) {
    seat.last_told = LastToldOf(state);
    seat.watcher->Tell(state, cause);
    if (seat.heartbeat.count() > 0) seat.beat_at = now_() + seat.heartbeat;
  }
  if (seat.follow) return;
  const Stage stage = StageOf(state);
  if (stage == Stage::kFinal && now_() - topic.known_at < kFresh)
    return ShowEnd(seat, std::nullopt);
  if (stage == Stage::kOpen) {
    seat.quiet_until = Time::max();
  } else if (news || seat.quiet_until == Time::max()) {
    seat.quiet_until = now_() + milliseconds(options_.quiet_ms);
  }
  SetSeatDue(seat);
}

void Hub::ShowEnd(Seat& seat, std::optional<psp::Failure> failure) {
  Topic* const topic = seat.topic;
  if (topic == nullptr) return;
  seat.topic = nullptr;
  topic->seats.erase(seat.at);
  if (seat.queued) due_.erase(seat.due);
  seat.queued = false;
  seat.watcher->End(std::move(failure));
  // The order itself goes when it is next due, so that nobody's loop over it is cut short.
  if (topic->seats.empty()) SetDue(*topic, now_());
}

void Hub::SetDue(Topic& topic, Time when) {
  if (topic.queued) due_.erase(topic.due);
  topic.due = due_.emplace(when, &topic);
  topic.queued = true;
  if (topic.due == due_.begin() && wake_) wake_();
}

void Hub::SetSeatDue(Seat& seat) {
  const Time when = std::min(seat.beat_at, seat.quiet_until);
  if (seat.queued && seat.due->first == when) return;
  if (seat.queued) due_.erase(seat.due);
  seat.queued = when != Time::max();
  if (!seat.queued) return;
  seat.due = due_.emplace(when, &seat);
  if (seat.due == due_.begin() && wake_) wake_();
}

void Hub::RunSeat(Seat& seat) {
  const Time now = now_();
  if (seat.quiet_until <= now) return ShowEnd(seat, std::nullopt);
  if (seat.beat_at <= now) {
    seat.watcher->Beat();
    seat.beat_at = now + seat.heartbeat;
  }
  SetSeatDue(seat);
}

}  // namespace msp::notify
