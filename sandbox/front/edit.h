// SPDX-License-Identifier: Apache-2.0

// Edits of a correct response, member by member, for the faults `edit`, `wrong_type` and
// `other_answer`. Plain functions; any thread.
//
// One change is {"pointer": "/data/amount"} with one of
//   "value"   the JSON value that takes the member's place
//   "raw"     JSON text that takes it exactly as written, such as 18446744073709551616
//   "text"    a string that UTF-8 or JSON does not allow: lone_high_surrogate, lone_low_surrogate,
//             cut_utf8, latin1 or raw_tab
//   "absent"  true: the response has no such member
// and without any of them the member is null.
#pragma once

#include <string>

#include "sandbox/core/order.h"
#include "sandbox/http/message.h"

namespace msp::sandbox {

// Empty if the change is valid, else the error.
std::string ChangeProblem(const Json& change);

// Makes the changes, a JSON array, in the response's body. A body that is not JSON is unchanged,
// and so does a member whose parent is not there.
void Edit(const Json& changes, HttpResponse* response);

// Whether the response says that the call has succeeded.
bool SaysSuccess(const HttpResponse& response);

// Copies members from `other`, the body of another order's response: those that `pointers`, a JSON
// array, names, or the whole body when it is empty.
void CopyMembers(const Json& pointers, const std::string& other, HttpResponse* response);

}  // namespace msp::sandbox
