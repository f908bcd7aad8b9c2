// SPDX-License-Identifier: Apache-2.0

// Protobuf to JSON, by plan. Called on any thread; no state. The output is the same on every
// machine: members in the order of the .proto file, the keys of a Struct sorted.
#pragma once

#include <string>

#include "google/protobuf/message.h"
#include "service/codec/message_schema.h"

namespace msp::codec {

// Appends the message's JSON body to `out`: only fields that are set, no empty strings, no empty
// lists and no objects that end up empty (but a Struct as given, and list elements, which keep
// their places), none of the service's own fields (1000 and up), none that travel in path or query.
// Card numbers lose their spaces. Numbers are the shortest text that reads back as the same value.
// The message has passed `Check`; a number that JSON cannot hold, which Check refuses, is left out.
void EncodeBody(const MessageSchema& plan, const google::protobuf::Message& message,
                std::string& out);

// Appends every set field, the service's own too, in the API's names: what people see in the CLI.
// Enums print as their names, 64-bit integers as JSON numbers, timestamps as RFC 3339 strings.
void EncodeAll(const MessageSchema& plan, const google::protobuf::Message& message,
               std::string& out);

// Appends the PLACE_QUERY fields that are set as "a=1&b=2", percent-encoded, in the order of the
// .proto file. Booleans travel as 1 and 0, a list as one parameter for each element.
void EncodeQuery(const MessageSchema& plan, const google::protobuf::Message& message,
                 std::string& out);

}  // namespace msp::codec
