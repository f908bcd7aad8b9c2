// SPDX-License-Identifier: Apache-2.0

// An event loop that another thread can drive between other work, so that under load a call begins
// and ends on one thread and wakes no other. The loop's own thread is parked meanwhile.
#pragma once

namespace msp::http {

class Drivable {
 public:
  virtual ~Drivable() = default;
  // From here on the calling thread drives the loop; requests that it starts use this loop.
  virtual void BeginDriving() = 0;
  // Does all work that needs no waiting; false when there was none.
  virtual bool Poll() = 0;
  // The loop's own thread takes over. Call it before the calling thread waits for anything.
  virtual void EndDriving() = 0;
};

}  // namespace msp::http
