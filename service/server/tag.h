// What the completion queue hands back: something that goes on.
#pragma once

namespace msp::server {

class Tag {
 public:
  virtual ~Tag() = default;
  // On a thread of the queue. Not `ok`: what was asked for did not happen.
  virtual void Proceed(bool ok) = 0;
};

}  // namespace msp::server
