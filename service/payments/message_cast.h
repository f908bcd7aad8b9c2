// SPDX-License-Identifier: Apache-2.0

// Casts requests and answers from protobuf's base class to their messages, by C++ type:
// GetDescriptor() and descriptor() pass through protobuf's registration, 200 instructions each
// time.
#pragma once

#include <typeinfo>

#include "google/protobuf/message.h"

namespace msp::payments {

// The message as a T, or null where it is another.
template <class T>
const T* As(const google::protobuf::Message& message) {
  return typeid(message) == typeid(T) ? static_cast<const T*>(&message) : nullptr;
}
template <class T>
T* As(google::protobuf::Message& message) {
  return typeid(message) == typeid(T) ? static_cast<T*>(&message) : nullptr;
}

}  // namespace msp::payments
