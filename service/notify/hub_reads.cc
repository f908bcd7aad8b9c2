// The event core's reads of orders: when they are due, and what their answers prove.
#include <algorithm>
#include <utility>

#include "service/base/random.h"
#include "service/notify/hub.h"
#include "service/notify/hub_topic.h"
#include "service/telemetry/line.h"

namespace msp::notify {
namespace {

using std::chrono::milliseconds;
namespace v1 = multisafepay::v1;

// Between the beginnings of two looks at one order, whatever happens.
constexpr milliseconds kLookGap{500};
// Reads that wait for proof are this many gaps apart at most, as a power of two: four minutes.
constexpr int kGapDoublingsMax = 9;
// First reads that may fail where a notification says that the order is there.
constexpr int kFirstFailuresMax = 5;
// How much longer than for an open order the wait between two reads gets for one that has ended.
constexpr std::int64_t kRareTimes = 12;

// Half to one and a half times the wait: watchers that began together drift apart.
milliseconds Jittered(std::int64_t ms) {
  return milliseconds(ms / 2 + static_cast<std::int64_t>(RandomBelow(
                                   static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 1)))));
}

}  // namespace

void Hub::LookAt(Topic& topic, Why why, Time when) {
  if (topic.looking != 0) {
    if (why != Why::kPoll) topic.again = true;
    return;
  }
  if (topic.look_began != Time::min()) when = std::max(when, topic.look_began + kLookGap);
  if (topic.queued && topic.due->first <= when) return;
  topic.why = why;
  SetDue(topic, when);
}

// Where a state waits for proof, soon, and when reads no longer lag behind; else the next poll.
void Hub::LookLater(Topic& topic) {
  Time since = topic.reads.pending() ? topic.known_since : Time::max();
  for (const Seat* seat : topic.seats) {
    if (topic.known && !seat->in_step) since = std::min(since, seat->joined);
  }
  if (since == Time::max()) {
    topic.unproven = 0;
    return PollLater(topic);
  }
  const milliseconds gap = kLookGap * (1 << std::min(topic.unproven++, kGapDoublingsMax));
  LookAt(topic, Why::kDoubt,
         std::max(topic.look_began + gap, since + milliseconds(options_.settle_ms)));
}

void Hub::PollLater(Topic& topic) {
  const bool ended = topic.known && StageOf(*topic.known) != Stage::kOpen;
  const bool followed = std::any_of(topic.seats.begin(), topic.seats.end(),
                                    [](const Seat* seat) { return seat->follow; });
  if (ended && !followed) {
    if (topic.queued && topic.why == Why::kPoll && !topic.seats.empty()) {
      due_.erase(topic.due);
      topic.queued = false;
    }
    return;
  }
  if (ended) topic.backoff_ms = std::max(topic.backoff_ms, options_.poll_max_ms);
  const Time when = now_() + Jittered(topic.backoff_ms);
  if (topic.queued && topic.why == Why::kDoubt && topic.due->first <= when) return;
  topic.why = Why::kPoll;
  SetDue(topic, when);
  topic.backoff_ms =
      std::min(topic.backoff_ms * 2, options_.poll_max_ms * (ended ? kRareTimes : 1));
}

bool Hub::StartLook(Topic& topic, ToLook& look) {
  if (topic.seats.empty()) {
    DropTopic(topic);
    return false;
  }
  if (topic.looking != 0) return false;  // Its answer says when to look again.
  topic.looking = ++looks_;
  topic.look_began = now_();
  topic.changed_in_look = false;
  topic.again = false;
  counters_.looks.Count(topic.why);
  look = {topic.key, topic.looking};
  return true;
}

void Hub::OnLooked(const Key& key, std::uint64_t number, Found found) {
  MutexLock lock(mutex_);
  Topic* topic = FindTopic(key.first, key.second);
  if (topic == nullptr || topic->looking != number) return;
  topic->looking = 0;
  if (found.order) {
    const std::string& own = found.order->order_id();
    if (!own.empty() && own != key.second) topic = UseOwnId(*topic, own);
    if (topic == nullptr) return;
    Read(*topic, StateOf(*std::move(found.order), telemetry::UnixMsNow()));
  } else {
    counters_.looks_failed.fetch_add(1, std::memory_order_relaxed);
    if (!topic->known) return FailFirst(*topic, found.failure);
  }
  if (topic->seats.empty()) return;
  if (topic->again) {
    LookAt(*topic, Why::kDoubt, now_());
  } else if (!topic->queued) {
    LookLater(*topic);
  }
}

// A notification says that the order is there, though not what its state is: it may be a refund's.
void Hub::FailFirst(Topic& topic, const psp::Failure& failure) {
  if (topic.held && topic.unproven < kFirstFailuresMax)
    return LookAt(topic, Why::kDoubt, topic.look_began + kLookGap * (1 << topic.unproven++));
  for (auto at = topic.seats.begin(); at != topic.seats.end();) ShowEnd(**at++, failure);
}

void Hub::Read(Topic& topic, State read) {
  const Time began = topic.look_began;
  const milliseconds settle{options_.settle_ms};
  for (Seat* seat : topic.seats) {
    if (!seat->in_step && began >= seat->joined)
      seat->reads.Add(read.digest, began, seat->joined, settle);
  }
  if (!topic.known) {
    Accept(topic, std::move(read), v1::WatchOrderResponse::CAUSE_SNAPSHOT);
  } else if (read.digest == topic.known->digest) {
    topic.known->modified = std::max(topic.known->modified, read.modified);
    topic.known_at = now_();
    topic.reads.Reset();
  } else if (ProvenAfter(LastToldOf(*topic.known), read)) {
    counters_.events.Count(4);
    Accept(topic, std::move(read), v1::WatchOrderResponse::CAUSE_LOOKUP);
  } else if (topic.changed_in_look) {
    counters_.events.Count(2);  // Read before a notification that has come in since.
    topic.again = true;
  } else {
    topic.reads.Add(read.digest, began, topic.known_since, settle);
    const bool proven = topic.reads.Proves(read.digest);
    counters_.events.Count(proven ? 4 : 3);
    if (proven) Accept(topic, std::move(read), v1::WatchOrderResponse::CAUSE_LOOKUP);
  }
  // Those that joined while the read was under way, or that wait for it to end.
  for (auto at = topic.seats.begin(); at != topic.seats.end();) {
    Seat& seat = **at++;
    if (!seat.in_step || !seat.follow) Show(topic, seat, v1::WatchOrderResponse::CAUSE_SNAPSHOT);
  }
  if (topic.held) {
    State held = *std::move(topic.held);
    topic.held.reset();
    Weighed(topic, std::move(held));
  }
}

Hub::Topic* Hub::UseOwnId(Topic& topic, const std::string& order_id) {
  const Key own{topic.key.first, order_id};
  if (Topic* other = FindTopic(own.first, own.second); other != nullptr) {
    std::list<Seat*> seats;
    seats.swap(topic.seats);
    DropTopic(topic);
    for (auto at = seats.begin(); at != seats.end();) {
      Seat& seat = **at;
      seat.topic = other;
      other->seats.splice(other->seats.end(), seats, at++);
      Join(*other, seat);
    }
    return nullptr;
  }
  auto node = topics_.extract(topic.key);
  node.key() = own;
  topic.key = own;
  topics_.insert(std::move(node));
  topic.again = true;  // Notifications named the order by its own id, which nobody watched.
  return &topic;
}

}  // namespace msp::notify
