// SPDX-License-Identifier: Apache-2.0

// google.protobuf.Struct as JSON text, and the Timestamp's. Internal to the codec.
#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace msp::codec {

// Keys sorted: a map's own order differs from process to process, and the body is hashed.
void AppendStruct(const google::protobuf::Struct& object, std::string& out);

// Only its members, each after a comma; a non-empty `mask` replaces their values.
void AppendMembers(const google::protobuf::Struct& object, std::string_view mask, std::string& out);

// RFC 3339 in quotes; false, without appending, for a time without such a text.
bool AppendTimestamp(const google::protobuf::Timestamp& time, std::string& out);

}  // namespace msp::codec
