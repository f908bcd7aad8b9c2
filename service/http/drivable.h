// SPDX-License-Identifier: Apache-2.0

// An event loop that another thread can drive between pieces of other work, so that under load a
// call begins and ends on one thread and wakes no other. The loop's own thread is parked meanwhile.
#pragma once

namespace msp::http {

class Drivable {
 public:
  virtual ~Drivable() = default;
  // From here on the calling thread drives the loop; requests that it starts go out here.
  virtual void BeginDriving() = 0;
  // Does what can be done without waiting; false when there was nothing.
  virtual bool Poll() = 0;
  // The loop's own thread takes over. To be called before the calling thread waits for anything.
  virtual void EndDriving() = 0;
};

}  // namespace msp::http
