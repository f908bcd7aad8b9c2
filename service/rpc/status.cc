// SPDX-License-Identifier: Apache-2.0

#include "service/rpc/status.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/util/field_mask_util.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "service/codec/redact_text.h"

namespace msp::rpc {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;

// A status is metadata, of which clients on gRPC's C core take 8 KiB by default: beyond that the
// call fails with RESOURCE_EXHAUSTED, and its outcome is lost. The message is sent percent-encoded,
// the details in base64, a third longer; together with the headers that leaves 600 bytes for those
// of proxies.
constexpr std::size_t kMessageBytesMax = 1792;  // Percent-encoded.
constexpr std::size_t kDetailsBytesMax = 4096;
constexpr std::size_t kDetailFrameBytes = 64;  // A detail's type URL and lengths.
constexpr std::size_t kRelatedMax = 20;

// What remains of an order that is too large: ids, statuses, amounts, times, the payment method.
constexpr std::string_view kOrderMask =
    "transaction_id,order_id,status,financial_status,amount,currency,amount_refunded,created,"
    "modified,reason_code,payment_details.type,payment_details.last4,payment_details.capture,"
    "payment_details.capture_remain,payment_state,decline.category,decline.retry,"
    "decline.reason_code,created_time,modified_time,completed_time";
constexpr std::string_view kRelatedMask =
    "transaction_id,order_id,type,status,amount,currency,created,refund_order_id";

// The start of a text that takes kMessageBytesMax at most.
std::string MessageOf(const std::string& text) {
  std::size_t encoded = 0;
  for (std::size_t end = 0; end < text.size(); ++end) {
    encoded += text[end] >= ' ' && text[end] <= '~' && text[end] != '%' ? 1 : 3;
    if (encoded <= kMessageBytesMax) continue;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end);
  }
  return text;
}

google::rpc::ErrorInfo InfoOf(const payments::Failure& failure) {
  google::rpc::ErrorInfo info;
  info.set_reason(failure.reason);
  info.set_domain(std::string(failure.domain));
  auto& metadata = *info.mutable_metadata();
  if (failure.error_code != 0) metadata["error_code"] = std::to_string(failure.error_code);
  if (failure.http_status != 0) metadata["http_status"] = std::to_string(failure.http_status);
  if (!failure.order_id.empty()) metadata["order_id"] = codec::RedactedIfCard(failure.order_id);
  if (!failure.idempotency_key.empty()) {
    metadata["idempotency_key"] = codec::RedactedIfCard(failure.idempotency_key);
  }
  if (const std::string_view outcome = payments::NameOf(failure.outcome); !outcome.empty()) {
    metadata["outcome"] = std::string(outcome);
  }
  return info;
}

// The first violations, as many as fit into `bytes_max`.
google::rpc::BadRequest BadRequestOf(const payments::Failure& failure, std::size_t bytes_max) {
  google::rpc::BadRequest bad;
  for (const codec::Violation& violation : failure.violations) {
    auto& field = *bad.add_field_violations();
    field.set_field(violation.field);
    field.set_description(violation.description);
    if (bad.ByteSizeLong() <= bytes_max) continue;
    bad.mutable_field_violations()->RemoveLast();
    break;
  }
  return bad;
}

google::rpc::RetryInfo RetryInfoOf(const payments::Failure& failure) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(failure.retry_after_ms / 1000);
  retry.mutable_retry_delay()->set_nanos(
      static_cast<std::int32_t>(failure.retry_after_ms % 1000 * 1'000'000));
  return retry;
}

void CopyMasked(const pb::Message& from, std::string_view mask, pb::Message& to) {
  pb::FieldMask fields;
  pb::util::FieldMaskUtil::FromString(std::string(mask), &fields);
  pb::util::FieldMaskUtil::MergeMessageTo(from, fields, {}, &to);
}

// The order without what makes it large, and with its newest related transactions, as many as fit
// into `bytes_max`.
v1::Order Reduced(const v1::Order& order, std::size_t bytes_max) {
  v1::Order reduced;
  CopyMasked(order, kOrderMask, reduced);
  std::vector<const v1::RelatedTransaction*> newest;
  for (const v1::RelatedTransaction& related : order.related_transactions())
    newest.push_back(&related);
  // Their times are texts of one form: the order of the texts is that of the times.
  std::stable_sort(newest.begin(), newest.end(),
                   [](const auto* a, const auto* b) { return a->created() > b->created(); });
  if (newest.size() > kRelatedMax) newest.resize(kRelatedMax);
  for (const v1::RelatedTransaction* related : newest) {
    CopyMasked(*related, kRelatedMask, *reduced.add_related_transactions());
    if (reduced.ByteSizeLong() <= bytes_max) continue;
    reduced.mutable_related_transactions()->RemoveLast();
    break;
  }
  return reduced;
}

// What one more detail may take.
std::size_t BytesLeft(const google::rpc::Status& status) {
  const std::size_t used = status.ByteSizeLong() + kDetailFrameBytes;
  return kDetailsBytesMax - std::min(used, kDetailsBytesMax);
}

// Adds the order, reduced if it has to be, or nothing where even that does not fit.
void AddOrder(const v1::Order& order, google::rpc::Status& status) {
  const std::size_t left = BytesLeft(status);
  if (order.ByteSizeLong() <= left) {
    status.add_details()->PackFrom(order);
  } else if (const v1::Order reduced = Reduced(order, left); reduced.ByteSizeLong() <= left) {
    status.add_details()->PackFrom(reduced);
  }
}

}  // namespace

grpc::Status StatusOf(const payments::Failure& failure) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(failure.code));
  status.set_message(MessageOf(failure.message));
  status.add_details()->PackFrom(InfoOf(failure));
  if (failure.retry_after_ms >= 0) status.add_details()->PackFrom(RetryInfoOf(failure));
  if (!failure.violations.empty())
    status.add_details()->PackFrom(BadRequestOf(failure, BytesLeft(status)));
  if (failure.order != nullptr) AddOrder(*failure.order, status);
  // absl's codes and gRPC's are the same numbers.
  return {static_cast<grpc::StatusCode>(failure.code), status.message(),
          status.SerializeAsString()};
}

}  // namespace msp::rpc
