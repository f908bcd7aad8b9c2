// SPDX-License-Identifier: Apache-2.0

// The same functions as an access table's (proto/access), by protobuf's Reflection: for messages
// that have no table. Internal to the codec.
#pragma once

#include "proto/access/access.h"

namespace msp::codec {

access::FieldAccess AccessByReflection(const google::protobuf::FieldDescriptor& field);

access::FieldSet PresentByReflection(const google::protobuf::Message& message);

}  // namespace msp::codec
