// What a busy thread can do for an HTTP client: look after its sockets and run its callbacks
// between pieces of other work, so that under load a call is begun and ended on one thread, without
// waking another. Whoever does so gives it back before it waits for something else.
//
// Called by one thread; `CurlPool` implements it.
#pragma once

namespace msp::http {

class Attended {
 public:
  virtual ~Attended() = default;
  // From here on the caller looks after the client, until `Rest`.
  virtual void Attend() = 0;
  // Does what can be done without waiting; false when there was nothing.
  virtual bool Work() = 0;
  // The client's own threads take over again.
  virtual void Rest() = 0;
};

}  // namespace msp::http
