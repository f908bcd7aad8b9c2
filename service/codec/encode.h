// SPDX-License-Identifier: Apache-2.0

// Protobuf to JSON, by schema. Called on any thread; no state. The output is the same on every
// machine: members in the order of the .proto file, the keys of a Struct sorted.
#pragma once

#include <string>

#include "google/protobuf/message.h"
#include "service/codec/message_schema.h"

namespace msp::codec {

// Appends the message's JSON body to `out`: only fields that are set, without empty strings, lists
// and objects (but a Struct as given, and list elements, which keep their positions), service-only
// fields (1000 and up), and fields of path or query. Spaces in card numbers are removed.
// Numbers are the shortest text that reads back as the same value. The message has passed `Check`;
// a number that JSON cannot represent, which Check refuses, is omitted.
void EncodeBody(const MessageSchema& schema, const google::protobuf::Message& message,
                std::string& out);

// Appends every set field, service-only ones included, by the API's names: the CLI's output. Enums
// as names, 64-bit integers as JSON numbers, timestamps as RFC 3339 strings.
void EncodeAll(const MessageSchema& schema, const google::protobuf::Message& message,
               std::string& out);

// Appends the PLACE_QUERY fields that are set as "a=1&b=2", percent-encoded, in the order of the
// .proto file. Booleans are sent as 1 and 0, a list as one parameter for each element.
void EncodeQuery(const MessageSchema& schema, const google::protobuf::Message& message,
                 std::string& out);

}  // namespace msp::codec
