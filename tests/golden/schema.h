// SPDX-License-Identifier: Apache-2.0

// The whole schema, linked and found by name. Static libraries drop files that nothing refers to:
// this refers to all of them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "multisafepay/v1/services.h"

namespace msp {

inline std::vector<const google::protobuf::FileDescriptor*> ServiceFiles() {
  return multisafepay::v1::ServiceFiles();
}

inline const google::protobuf::Descriptor* FindMessage(const std::string& full_name) {
  ServiceFiles();
  return google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(full_name);
}

inline std::vector<const google::protobuf::MethodDescriptor*> Methods() {
  std::vector<const google::protobuf::MethodDescriptor*> methods;
  for (const google::protobuf::FileDescriptor* file : ServiceFiles()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        methods.push_back(file->service(s)->method(m));
      }
    }
  }
  return methods;
}

// Those with one reply that make a REST call.
inline std::vector<const google::protobuf::MethodDescriptor*> RestMethods() {
  std::vector<const google::protobuf::MethodDescriptor*> methods = Methods();
  std::erase_if(methods, [](const auto* method) {
    return method->server_streaming() || method->name() == "HandleNotification";
  });
  return methods;
}

// Every message that a call can carry, by name.
inline std::map<std::string, const google::protobuf::Descriptor*> Messages() {
  std::map<std::string, const google::protobuf::Descriptor*> messages;
  const auto collect = [&](const auto& self, const google::protobuf::Descriptor* message) -> void {
    if (message->file()->package() != "multisafepay.v1" ||
        !messages.emplace(message->full_name(), message).second)
      return;
    for (int i = 0; i < message->field_count(); ++i) {
      if (const auto* inner = message->field(i)->message_type()) self(self, inner);
    }
  };
  for (const google::protobuf::MethodDescriptor* method : Methods()) {
    collect(collect, method->input_type());
    collect(collect, method->output_type());
  }
  return messages;
}

}  // namespace msp
