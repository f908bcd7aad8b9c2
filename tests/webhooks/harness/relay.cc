// SPDX-License-Identifier: Apache-2.0

#include "tests/webhooks/harness/relay.h"

#include <chrono>
#include <utility>

namespace msp::webhooks {
namespace {

constexpr int kCarriers = 8;
constexpr int kPercent = 20;  // Of each misfortune.
constexpr int kWaitMax_ms = 1'500;

}  // namespace

Relay::Relay(std::vector<std::string> replicas, std::uint64_t seed)
    : replicas_(std::move(replicas)), random_state_(seed * 2 + 1) {
  server_.new_task_queue = [] { return new httplib::ThreadPool(kCarriers); };
  server_.Post("/webhook", [this](const httplib::Request& request, httplib::Response& response) {
    Take(request);
    response.set_content("OK", "text/plain");
  });
  port_ = server_.bind_to_any_port("127.0.0.1");
  for (int i = 0; i < kCarriers; ++i) carriers_.emplace_back([this] { Carry(); });
  thread_ = std::thread([this] { server_.listen_after_bind(); });
  while (!server_.is_running()) std::this_thread::yield();
}

Relay::~Relay() {
  server_.stop();
  thread_.join();
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  for (std::thread& carrier : carriers_) carrier.join();
}

std::string Relay::address() const { return "127.0.0.1:" + std::to_string(port_); }

bool Relay::Dropped(const std::string& order_id) const {
  MutexLock lock(mutex_);
  return lost_.contains(order_id);
}

void Relay::Take(const httplib::Request& request) {
  ++came;
  const std::string id = request.get_param_value("transactionid");
  Letter letter{.target = "/webhook?transactionid=" + id +
                          "&timestamp=" + request.get_param_value("timestamp"),
                .auth = request.get_header_value("Auth"),
                .body = request.body,
                .replica = RandomBelow(static_cast<int>(replicas_.size()))};
  if (RandomBelow(100) < kPercent) {
    ++dropped;
    if (letter.body.find(R"("status":"initialized")") == std::string::npos) {
      MutexLock lock(mutex_);
      lost_.insert(id);
    }
    return;
  }
  if (RandomBelow(100) < kPercent) {
    ++doubled;
    Letter second = letter;
    second.replica = RandomBelow(static_cast<int>(replicas_.size()));
    PassOn(std::move(second), RandomBelow(kWaitMax_ms));
  }
  const bool waits = RandomBelow(100) < kPercent;
  const bool overtaken = RandomBelow(100) < kPercent;
  if (waits || overtaken) ++delayed;
  PassOn(std::move(letter),
         (waits ? RandomBelow(kWaitMax_ms) : 0) + (overtaken ? RandomBelow(kWaitMax_ms) : 0));
}

void Relay::PassOn(Letter letter, int wait_ms) {
  if (wait_ms == 0) return Deliver(letter);
  timer_.At(Timer::Clock::now() + std::chrono::milliseconds(wait_ms),
            [this, letter = std::move(letter)]() mutable {
              {
                MutexLock lock(mutex_);
                letters_.push_back(std::move(letter));
              }
              changed_.NotifyOne();
            });
}

void Relay::Carry() {
  while (true) {
    Letter letter;
    {
      MutexLock lock(mutex_);
      while (letters_.empty() && !stopping_) changed_.Wait(mutex_);
      if (stopping_) return;
      letter = std::move(letters_.back());
      letters_.pop_back();
    }
    Deliver(letter);
  }
}

void Relay::Deliver(const Letter& letter) {
  httplib::Client client("http://" + replicas_[static_cast<std::size_t>(letter.replica)]);
  const auto answer =
      client.Post(letter.target, {{"Auth", letter.auth}}, letter.body, "application/json");
  if (!answer || answer->status != 200 || answer->body != "OK") ++refused;
}

int Relay::RandomBelow(int bound) {
  MutexLock lock(mutex_);
  random_state_ = random_state_ * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL;
  return static_cast<int>((random_state_ >> 33U) % static_cast<std::uint64_t>(bound));
}

}  // namespace msp::webhooks
