// SPDX-License-Identifier: Apache-2.0

// Random requests, drawn from the schema: every field of the body, of the path and of the query,
// with values that MultiSafepay takes as far as their types and limits go. Repeats for a seed.
// Reads descriptors and field options only; shares nothing with the codec.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "multisafepay/v1/order_service.pb.h"

namespace msp::integration {

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  // Numbers from 0 to `below` - 1.
  std::uint64_t Below(std::uint64_t below) { return random_() % below; }
  bool Chance(std::uint64_t percent) { return Below(100) < percent; }

  // Ids and the like that exist: a text field of that name takes one of them, most of the time.
  std::map<std::string, std::vector<std::string>>& known() { return known_; }

  // Fills an empty request.
  void Fill(google::protobuf::Message& request);
  // An order that is made, whatever the rest of it holds: `order_id` is new, the card exists.
  multisafepay::v1::CreateOrderRequest NewOrder();

  // Text of 1 to `chars_max` characters of all kinds; `line` leaves tabs and line feeds out.
  std::string Text(std::uint64_t chars_max, bool line);

 private:
  using Field = google::protobuf::FieldDescriptor;

  void FillMessage(google::protobuf::Message& message, int depth);
  void FillField(const Field& field, google::protobuf::Message& message, int depth);
  std::string TextOf(const Field& field);
  std::int64_t IntegerOf(const Field& field);
  double DecimalOf(const Field& field);

  std::mt19937_64 random_;
  std::map<std::string, std::vector<std::string>> known_;
  std::uint64_t orders_ = 0;
};

}  // namespace msp::integration
