// SPDX-License-Identifier: Apache-2.0

#include "service/config/reload.h"

#include <utility>

#include "service/base/hash.h"

namespace msp {
namespace {

constexpr std::size_t kDigestKeyBytes = 32;

std::string DigestOrError(const absl::StatusOr<FileContent>& found) {
  return found.ok() ? found->digest : "error " + std::string(found.status().message());
}

}  // namespace

std::string DigestOf(std::initializer_list<std::string_view> texts) {
  static const auto& key = *new std::string(RandomBytes(kDigestKeyBytes));
  std::string all;
  for (const std::string_view text : texts) all += HmacSha256(key, text);
  return HmacSha256(key, all);
}

Reloader::Reloader(std::vector<Reloadable> items, std::chrono::milliseconds interval,
                   telemetry::Log& log)
    : interval_(interval), log_(log) {
  for (Reloadable& reloadable : items) {
    states_.push_back(std::make_unique<ReloadState>());
    states_.back()->what = reloadable.what;
    const std::string known = DigestOrError(reloadable.read());
    items_.push_back({std::move(reloadable), known, known});
  }
  thread_ = std::thread([this] { Run(); });
}

Reloader::~Reloader() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  wake_.NotifyAll();
  thread_.join();
}

void Reloader::CheckNow() {
  {
    MutexLock lock(mutex_);
    check_now_ = true;
  }
  wake_.NotifyAll();
}

void Reloader::Run() {
  while (true) {
    bool now = false;
    {
      MutexLock lock(mutex_);
      const auto next = std::chrono::steady_clock::now() + interval_;
      while (!stop_ && !check_now_ && wake_.WaitUntil(mutex_, next)) {
      }
      if (stop_) return;
      std::swap(now, check_now_);
    }
    // After a request the files are complete: a result counts at once.
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (now) Check(items_[i], *states_[i]);
      Check(items_[i], *states_[i]);
    }
  }
}

void Reloader::Check(Item& item, ReloadState& state) {
  absl::StatusOr<FileContent> found = item.reloadable.read();
  std::string digest = DigestOrError(found);
  // Files that are being written, or that are replaced one after the other, may be inconsistent for
  // a moment: a result counts when two reads give the same.
  if (digest != std::exchange(item.fresh, digest)) return;
  if (digest == item.known) return;
  item.known = std::move(digest);
  state.refused = !found.ok();
  if (!found.ok()) {
    log_.Write(telemetry::Level::kError, "reload_refused",
               {{"what", item.reloadable.what},
                {"reason", std::string_view(found.status().message().data(),
                                            found.status().message().size())},
                {"in_use", std::string_view("what was there before")}});
    return;
  }
  found->apply();
  state.reloads.fetch_add(1);
  log_.Write(telemetry::Level::kInfo, "reloaded", {{"what", item.reloadable.what}});
}

}  // namespace msp
