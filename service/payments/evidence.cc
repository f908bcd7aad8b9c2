// SPDX-License-Identifier: Apache-2.0

#include "service/payments/evidence.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "absl/strings/match.h"
#include "google/protobuf/struct.pb.h"

namespace msp::payments {
namespace {

namespace pb = google::protobuf;

// Refusals without an envelope, as the contract lists them (2.2, E4 to E6).
struct BareMessage {
  int http_status;
  std::string_view message;
};
constexpr std::array kBareMessages{
    BareMessage{400, "Invalid account ID."},
    BareMessage{403, "Forbidden"},
    BareMessage{404, "Not found"},
};
constexpr int kValidationStatus = 422;

bool IsText(const pb::FieldDescriptor& field) {
  return field.cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING && !field.is_repeated();
}

bool IsPresent(const pb::Message& message, const pb::FieldDescriptor& field) {
  const pb::Reflection& reflection = *message.GetReflection();
  if (!reflection.HasField(message, &field)) return false;
  std::string scratch;
  return !IsText(field) || !reflection.GetStringReference(message, &field, &scratch).empty();
}

// True when `data` holds more than the error: an order, another call's answer, members that the
// schema does not know.
bool DataSaysMore(const RefusalFacts& facts) {
  return HasAnyValue(facts.data) || facts.nested.has_success() ||
         std::any_of(facts.drift.begin(), facts.drift.end(), [](const codec::Drift& drift) {
           return absl::StartsWith(drift.path, "data.");
         });
}

bool IsBareMessage(const RefusalFacts& facts) {
  Envelope rest = facts.envelope;
  rest.clear_message();
  if (facts.data_present || !facts.drift.empty() || HasAnyValue(rest)) return false;
  return std::any_of(kBareMessages.begin(), kBareMessages.end(), [&](const BareMessage& bare) {
    return bare.http_status == facts.http_status && bare.message == facts.envelope.message();
  });
}

bool IsValidationError(const RefusalFacts& facts) {
  return facts.http_status == kValidationStatus && !facts.envelope.message().empty() &&
         std::any_of(facts.envelope.errors().begin(), facts.envelope.errors().end(),
                     [](const FieldError& error) { return HasAnyValue(error); });
}

// True when a deciding member of the envelope is duplicate or unreadable, or when there was too
// much drift to report all of it.
bool EnvelopeIsUnsound(const std::vector<codec::Drift>& drift) {
  return drift.size() >= codec::kDriftMax ||
         std::any_of(drift.begin(), drift.end(), [](const codec::Drift& d) {
           return d.kind != codec::Drift::Kind::kUnknownMember &&
                  (d.path == "success" || d.path == "error_code" || d.path == "data" ||
                   d.path == "data.error_code" || d.path == "data.success");
         });
}

}  // namespace

std::vector<Evidence> EvidenceOf(absl::Span<const EvidenceRow> rows, const pb::Descriptor& data) {
  std::vector<Evidence> evidence;
  for (const EvidenceRow& row : rows) {
    const auto* field = data.FindFieldByName(std::string(row.member));
    if (field == nullptr) std::abort();  // A row that names no field: the first start shows it.
    evidence.push_back({field, row.need});
  }
  return evidence;
}

EvidenceResult CheckEvidence(const pb::Message& data, absl::Span<const Evidence> needed) {
  std::string_view none_of;  // The last of several members of which one is needed.
  bool any_present = false;
  for (const Evidence& evidence : needed) {
    const std::string& name = evidence.field->name();
    const bool present = IsPresent(data, *evidence.field);
    switch (evidence.need) {
      case Need::kAnyPresent:
        none_of = name;
        any_present = any_present || present;
        break;
      case Need::kPresent:
        if (!present) return {EvidenceResult::Kind::kTooLittle, name};
        break;
      case Need::kTrue:
      case Need::kNotFalse:
        if (present && !data.GetReflection()->GetBool(data, evidence.field))
          return {EvidenceResult::Kind::kDenied, name};
        if (!present && evidence.need == Need::kTrue)
          return {EvidenceResult::Kind::kTooLittle, name};
        break;
    }
  }
  if (!none_of.empty() && !any_present) return {EvidenceResult::Kind::kTooLittle, none_of};
  return {};
}

bool HasAnyValue(const pb::Message& message) {
  const pb::Reflection& reflection = *message.GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  return std::any_of(fields.begin(), fields.end(), [&](const pb::FieldDescriptor* field) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) return true;
    // Members outside the schema prove nothing.
    if (field->message_type() == pb::Struct::descriptor()) return false;
    if (!field->is_repeated()) return HasAnyValue(reflection.GetMessage(message, field));
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      if (HasAnyValue(reflection.GetRepeatedMessage(message, field, i))) return true;
    }
    return false;
  });
}

bool IsDocumentedRefusal(const RefusalFacts& facts) {
  if (EnvelopeIsUnsound(facts.drift)) return false;
  const Envelope& envelope = facts.envelope;
  if (!envelope.has_success()) return IsBareMessage(facts);
  if (envelope.success() || DataSaysMore(facts)) return false;
  const bool coded = envelope.error_code() != 0 || facts.nested.error_code() != 0;
  return coded ? facts.code_is_conclusive : IsValidationError(facts);
}

}  // namespace msp::payments
