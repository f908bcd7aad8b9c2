#include "service/server/slot.h"

namespace msp::server {

Slot::Slot(Slots& slots) : slots_(slots) { slots_.count_.fetch_add(1, std::memory_order_relaxed); }

Slot::~Slot() { slots_.count_.fetch_sub(1, std::memory_order_release); }

Tag* Slot::Arrival() {
  // Counted from here on: it can come back before the arrival has been dealt with.
  context_.AsyncNotifyWhenDone(Start(over_));
  return Start(arrived_);
}

Tag* Slot::Start(Step& step) {
  pending_.fetch_add(1, std::memory_order_relaxed);
  return &step;
}

void Slot::Release() {
  if (pending_.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  if (called_) {
    slots_.counts_.End(client_port_);
    OnGone();
  }
  delete this;
}

void Slot::Arrived(bool ok) {
  if (!ok) return Release();  // Without a call there is no end of one either.
  called_ = true;
  client_port_ = slots_.counts_.Begin(context_.peer());
  OnCall();
}

void Slot::Step::Proceed(bool ok) {
  Slot& slot = slot_;
  (slot.*then_)(ok);
  slot.Release();
}

}  // namespace msp::server
