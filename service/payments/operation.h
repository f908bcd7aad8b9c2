// SPDX-License-Identifier: Apache-2.0

// The operations of MultiSafepay's REST API that this service offers, as a table: path, method, the
// field that the answer's `data` fills, and whether money can move. Built once at start, immutable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "google/protobuf/message.h"
#include "service/codec/message_schema.h"
#include "service/http/client.h"
#include "service/payments/evidence.h"

namespace msp::payments {

enum class Effect : std::uint8_t {
  kRead,   // Changes nothing; may be repeated freely.
  kWrite,  // Changes something other than money; harmless when done twice.
  kMoney,  // Money can move: sent at most once; the answer is conclusive or UNKNOWN.
};

// One row as written in the table.
struct OperationRow {
  std::string_view name;  // The RPC: "CreateOrder".
  http::Method method;
  std::string_view path;  // "/orders/{order_id}/refunds": names in braces are PLACE_PATH fields.
  Effect effect;
  std::string_view
      data_field;  // The response field that the answer's `data` fills; "" for the response itself.
  // What a success has to show. Empty for lists, which may be empty, for writes with an empty
  // answer, and where only the order itself shows it (CancelOrder).
  std::vector<EvidenceRow> evidence;
  std::string_view
      fixed_members;  // JSON members that every request carries: "\"status\":\"cancelled\"".
  const google::protobuf::Message* request;
  const google::protobuf::Message* response;
};

// The rows, for the table itself and for tests that walk all of them.
absl::Span<const OperationRow> OperationRows();

// The longest answer about a single order, transaction or token: hundreds of cart items fit.
inline constexpr std::size_t kResponseMaxBytes = 8 << 20;
// The longest answer of a list: fits a thousand rows with full texts, the longest page of
// transactions. Such a row has 1,500 characters of var1 to var3, 200 of description, 250 of e-mail
// address, 2 x 60 of names, 3 x 50 of ids, 34 of IBAN and 100 of texts of its costs: 2,354, which
// take 14,124 bytes where each is escaped (\u00e9). With 1,500 bytes of names, numbers, times and
// codes that makes 15.6 MB of 16.7. Decoded it is half of that, and our clients take 16 MiB.
inline constexpr std::size_t kListResponseMaxBytes = 16 << 20;

// A row with its message schemas: what a call needs at run time.
struct Operation {
  OperationRow row;
  const codec::MessageSchema* request_schema = nullptr;
  const codec::MessageSchema* response_schema = nullptr;
  const codec::FieldSchema* data_entry = nullptr;
  const codec::FieldSchema* order_id_entry =
      nullptr;  // The request's order_id; null where it has none.
  const codec::FieldSchema* amount_entry = nullptr;  // Likewise its amount and currency.
  const codec::FieldSchema* currency_entry = nullptr;
  bool has_body = false;

  bool is_create = false;
  bool is_get_order = false;
  bool is_list = false;
  bool is_paged = false;           // The caller sets the length of the list.
  bool needs_data = false;         // Without `data` it is no success.
  std::vector<Evidence> evidence;  // The other evidence of a success.

  bool creates() const { return is_create; }
  bool reads() const { return row.effect == Effect::kRead; }
  bool moves_money() const { return row.effect == Effect::kMoney; }
  std::size_t response_max_bytes() const {
    return is_list ? kListResponseMaxBytes : kResponseMaxBytes;
  }
};

class Operations {
 public:
  Operations();
  // Never null for a name in `OperationRows`; aborts otherwise.
  const Operation& Find(std::string_view name) const;
  const codec::MessageSchema& envelope_schema() const { return *envelope_schema_; }
  // The operation that is sent for a request of `operation`: itself, except for a CancelOrder by
  // POST.
  const Operation& Sent(const Operation& operation, const google::protobuf::Message& request) const;

 private:
  codec::SchemaSet schemas_;
  const codec::MessageSchema* envelope_schema_;
  std::vector<Operation> operations_;
  Operation cancel_by_post_;
};

// The request's path and query below the base URL, percent-encoded.
std::string TargetOf(const Operation& operation, const google::protobuf::Message& request);

// The request's amount in minor units, where it has one, and its currency or "": for the audit log.
std::optional<std::int64_t> AmountOf(const Operation& operation,
                                     const google::protobuf::Message& request);
std::string_view CurrencyOf(const Operation& operation, const google::protobuf::Message& request);

// The request's order_id, or "" where it has none.
std::string_view OrderIdOf(const Operation& operation, const google::protobuf::Message& request);

}  // namespace msp::payments
