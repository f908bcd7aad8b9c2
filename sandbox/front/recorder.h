// SPDX-License-Identifier: Apache-2.0

// The latest requests to the sandbox, masked, for the dashboard.
//
// Owned by `Front`, used under its lock; the functions below are plain and safe from any thread. A
// bounded ring buffer: the oldest requests are dropped first. Bodies are masked before they are
// kept.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/core/settings.h"

namespace msp::sandbox {

struct RecordedRequest {
  std::uint64_t number = 0;  // rising, from 1; given by the recorder
  std::int64_t time_ms = 0;  // the sandbox's clock
  std::string method;
  std::string path;  // fit for a log, without its query
  int status = 0;    // 0: no response was sent
  std::int64_t us = 0;
  std::uint64_t order_seq = 0;  // 0: about no order
  std::string fault;            // what was done to it on request; empty: nothing
  std::string request;          // masked bodies, cut
  std::string response;
};

class Recorder {
 public:
  void Add(RecordedRequest recorded);
  // The newest first, at most `most`; of one order unless 0.
  std::vector<const RecordedRequest*> Latest(std::uint64_t order_seq, std::size_t most) const;
  void Reset() { requests_.clear(); }

 private:
  std::uint64_t next_ = 1;
  std::deque<RecordedRequest> requests_;
};

// Digits that could be a card number become "*", whole or inside a longer run of digits, also with
// separators between them.
void MaskCardNumbers(std::string* text);

// The same for ids, which may be long runs of digits: only what is a card number as a whole.
void MaskWholeCardNumbers(std::string* text);

// A JSON body over several lines, cut at a bound: card data, secrets and possible card numbers
// masked. For non-JSON or overlong bodies only the size. `ours`: a response, whose transaction ids
// are of the sandbox's making and stay.
std::string MaskedBody(std::string_view body, const std::vector<Site>& sites, bool ours);

}  // namespace msp::sandbox
