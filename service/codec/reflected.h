// SPDX-License-Identifier: Apache-2.0

// The functions of an access table (proto/access) by protobuf's Reflection, for messages without a
// table. Internal to the codec.
#pragma once

#include "proto/access/access.h"

namespace msp::codec {

access::FieldAccess AccessByReflection(const google::protobuf::FieldDescriptor& field);

access::FieldSet PresentByReflection(const google::protobuf::Message& message);

}  // namespace msp::codec
