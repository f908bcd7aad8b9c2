// SPDX-License-Identifier: Apache-2.0

#include "tests/webhooks/harness/relay.h"

#include <chrono>
#include <utility>

namespace msp::webhooks {
namespace {

constexpr int kWorkers = 8;
constexpr int kPercent = 20;  // Of each misfortune.
constexpr int kWaitMax_ms = 1'500;

}  // namespace

Relay::Relay(std::vector<std::string> replicas, std::uint64_t seed)
    : replicas_(std::move(replicas)), random_state_(seed * 2 + 1) {
  server_.new_task_queue = [] { return new httplib::ThreadPool(kWorkers); };
  server_.Post("/webhook", [this](const httplib::Request& request, httplib::Response& response) {
    Take(request);
    response.set_content("OK", "text/plain");
  });
  port_ = server_.bind_to_any_port("127.0.0.1");
  for (int i = 0; i < kWorkers; ++i) workers_.emplace_back([this] { DeliverQueued(); });
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
  for (std::thread& worker : workers_) worker.join();
}

std::string Relay::address() const { return "127.0.0.1:" + std::to_string(port_); }

bool Relay::Dropped(const std::string& order_id) const {
  MutexLock lock(mutex_);
  return lost_.contains(order_id);
}

void Relay::Take(const httplib::Request& request) {
  ++came;
  const std::string id = request.get_param_value("transactionid");
  Delivery delivery{.target = "/webhook?transactionid=" + id +
                              "&timestamp=" + request.get_param_value("timestamp"),
                    .auth = request.get_header_value("Auth"),
                    .body = request.body,
                    .replica = RandomBelow(static_cast<int>(replicas_.size()))};
  if (RandomBelow(100) < kPercent) {
    ++dropped;
    if (delivery.body.find(R"("status":"initialized")") == std::string::npos) {
      MutexLock lock(mutex_);
      lost_.insert(id);
    }
    return;
  }
  if (RandomBelow(100) < kPercent) {
    ++doubled;
    Delivery second = delivery;
    second.replica = RandomBelow(static_cast<int>(replicas_.size()));
    Schedule(std::move(second), RandomBelow(kWaitMax_ms));
  }
  const bool waits = RandomBelow(100) < kPercent;
  const bool overtaken = RandomBelow(100) < kPercent;
  if (waits || overtaken) ++delayed;
  Schedule(std::move(delivery),
           (waits ? RandomBelow(kWaitMax_ms) : 0) + (overtaken ? RandomBelow(kWaitMax_ms) : 0));
}

void Relay::Schedule(Delivery delivery, int wait_ms) {
  if (wait_ms == 0) return Deliver(delivery);
  timer_.At(Timer::Clock::now() + std::chrono::milliseconds(wait_ms),
            [this, delivery = std::move(delivery)]() mutable {
              {
                MutexLock lock(mutex_);
                deliveries_.push_back(std::move(delivery));
              }
              changed_.NotifyOne();
            });
}

void Relay::DeliverQueued() {
  while (true) {
    Delivery delivery;
    {
      MutexLock lock(mutex_);
      while (deliveries_.empty() && !stopping_) changed_.Wait(mutex_);
      if (stopping_) return;
      delivery = std::move(deliveries_.back());
      deliveries_.pop_back();
    }
    Deliver(delivery);
  }
}

void Relay::Deliver(const Delivery& delivery) {
  httplib::Client client("http://" + replicas_[static_cast<std::size_t>(delivery.replica)]);
  const auto answer =
      client.Post(delivery.target, {{"Auth", delivery.auth}}, delivery.body, "application/json");
  if (!answer || answer->status != 200 || answer->body != "OK") ++refused;
}

int Relay::RandomBelow(int bound) {
  MutexLock lock(mutex_);
  random_state_ = random_state_ * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL;
  return static_cast<int>((random_state_ >> 33U) % static_cast<std::uint64_t>(bound));
}

}  // namespace msp::webhooks
