// SPDX-License-Identifier: Apache-2.0

// The whole schema, linked and found by name. Static libraries drop files that nothing refers to:
// this refers to all of them.
#pragma once

#include <string>

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

}  // namespace msp
