// SPDX-License-Identifier: Apache-2.0

#include "service/payments/interpret.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/base/text.h"
#include "service/codec/redact.h"
#include "service/payments/deciding.h"
#include "service/payments/error_table.h"
#include "service/payments/evidence.h"
#include "service/payments/mismatch.h"

namespace msp::payments {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;

constexpr std::size_t kExplanationBytesMax = 512;
constexpr int kTooManyRequests = 429;
// For a 429 that does not say how long to wait, and the longest wait that is believed.
constexpr std::int64_t kRetryAfterS = 1;
constexpr std::int64_t kRetryAfterMaxS = 3'600;

Failure Malformed(std::string_view what, int http_status) {
  return {.code = absl::StatusCode::kInternal,
          .message = absl::StrCat("MultiSafepay's answer is not what its API documents: ",
                                  absl::string_view(what.data(), what.size())),
          .reason = std::string(reason::kUpstreamMalformed),
          .http_status = http_status};
}

bool HttpSuccess(int status) { return status >= 200 && status < 300; }

// An answer as parsed, before it is interpreted.
struct Parsed {
  Envelope envelope;
  Envelope nested;  // The envelope's members that `data` repeats.
  bool data_present = false;
  bool data_fits = false;
  std::vector<codec::Drift> drift;
  std::vector<std::string_view> numbers;  // Full names of the ids that came as JSON numbers.

  int error_code() const {
    return envelope.error_code() != 0 ? envelope.error_code() : nested.error_code();
  }
};

// True for 2xx with neither an error code nor an error text. Without `success` only data with a
// value is a success (contract 2.1).
bool ClaimsSuccess(const Parsed& parsed, const pb::Message& response, int http_status) {
  if (!HttpSuccess(http_status)) return false;
  if (parsed.envelope.has_success()) return parsed.envelope.success();
  return parsed.error_code() == 0 && parsed.nested.success() == parsed.nested.has_success() &&
         HasAnyValue(response);
}

// A 2xx that claims neither success nor a refusal.
bool ClaimsNothing(const Parsed& parsed, int http_status) {
  const Envelope& envelope = parsed.envelope;
  return HttpSuccess(http_status) && !envelope.has_success() && parsed.error_code() == 0 &&
         envelope.message().empty() && envelope.error_info().empty();
}

// MultiSafepay's explanation, safe for an error: without the secrets and possible card numbers, and
// cut where it begins to quote a request, which holds names and codes that no rule recognises.
std::string Explanation(std::string_view text, const codec::KnownSecrets& secrets,
                        std::size_t max_bytes = kExplanationBytesMax) {
  static constexpr std::string_view kQuotes[] = {
      "{", "api_key", "card_", "cvc=", "cvc:", "cvv=", "cvv:", "cvc\"", "cvv\""};
  std::size_t end = text.size();
  for (const std::string_view quote : kQuotes) {
    const auto found = std::search(
        text.begin(), text.end(), quote.begin(), quote.end(),
        [](char a, char b) { return absl::ascii_tolower(static_cast<unsigned char>(a)) == b; });
    end = std::min(end, static_cast<std::size_t>(found - text.begin()));
  }
  std::string clean = codec::RedactedText(text.substr(0, end), max_bytes, secrets);
  if (end < text.size()) absl::StrAppend(&clean, "***");
  return clean;
}

// Adds the violations of a 422 answer. Attributes are MultiSafepay's names, which are also our
// field names.
void AddViolations(const Envelope& envelope, const codec::KnownSecrets& secrets, Failure& failure) {
  for (const FieldError& error : envelope.errors()) {
    if (failure.violations.size() >= codec::kViolationsMax) return;
    std::string text = error.message();
    for (const std::string& detail : error.details()) {
      ReserveZeroizing(text, detail.size() + 2);
      absl::StrAppend(&text, text.empty() ? "" : "; ", detail);
    }
    failure.violations.push_back({.field = Explanation(error.attribute(), secrets, 128),
                                  .description = Explanation(text, secrets)});
    ZeroizeString(text);
  }
}

// Zeroizes an envelope's texts, which may quote the request.
void ZeroizeTexts(Envelope& envelope) {
  if (envelope.has_error_info()) ZeroizeString(*envelope.mutable_error_info());
  if (envelope.has_message()) ZeroizeString(*envelope.mutable_message());
  for (FieldError& error : *envelope.mutable_errors()) {
    ZeroizeString(*error.mutable_attribute());
    ZeroizeString(*error.mutable_message());
    for (std::string& detail : *error.mutable_details()) ZeroizeString(detail);
  }
  envelope.clear_error_info();
  envelope.clear_message();
  envelope.clear_errors();
}

// The error in an envelope of any shape, and whether it is certain that the call was not carried
// out.
Interpretation Refusal(const Operation& operation, const Parsed& parsed,
                       const pb::Message& response, int http_status,
                       const codec::KnownSecrets& secrets) {
  Interpretation interpretation;
  Failure& failure = interpretation.failure;
  const Envelope& envelope = parsed.envelope;
  failure.domain = kRemoteDomain;
  failure.http_status = http_status;
  failure.error_code = parsed.error_code();
  const std::string text = Explanation(envelope.has_error_info()        ? envelope.error_info()
                                       : parsed.nested.has_error_info() ? parsed.nested.error_info()
                                                                        : envelope.message(),
                                       secrets);
  ErrorMeaning meaning;
  std::string number;
  if (failure.error_code != 0) {
    meaning = MeaningOfCode(failure.error_code, http_status, text, operation.creates(),
                            operation.reads());
    failure.reason = absl::StrCat("MSP_", failure.error_code);
    number = absl::StrCat("error ", failure.error_code);
  } else {
    meaning = MeaningOfStatus(http_status);
    failure.reason = absl::StrCat("MSP_HTTP_", http_status);
    number = absl::StrCat("HTTP ", http_status);
  }
  failure.code = meaning.code;
  failure.message = absl::StrCat(
      "MultiSafepay refused the call: ", text.empty() ? "no explanation" : text, " (", number, ")");
  AddViolations(envelope, secrets, failure);
  const bool conclusive = IsDocumentedRefusal({.envelope = envelope,
                                               .nested = parsed.nested,
                                               .data = response,
                                               .data_present = parsed.data_present,
                                               .drift = parsed.drift,
                                               .http_status = http_status,
                                               .code_is_conclusive = meaning.conclusive});
  interpretation.outcome = conclusive ? CallOutcome::kRejected : CallOutcome::kUnknown;
  return interpretation;
}

// HTTP 429: the call was not processed, whatever the body says.
Interpretation RateLimited(const http::Response& answer) {
  Interpretation interpretation{.outcome = CallOutcome::kRejected};
  const std::int64_t wait_s =
      answer.retry_after_s >= 0 ? std::min(answer.retry_after_s, kRetryAfterMaxS) : kRetryAfterS;
  interpretation.failure = {
      .code = absl::StatusCode::kResourceExhausted,
      .message =
          absl::StrCat("MultiSafepay's rate limit is reached (HTTP 429), and the call was not "
                       "processed; send the same call again in ",
                       wait_s, " s"),
      .domain = kOwnDomain,
      .reason = std::string(reason::kRateLimited),
      .http_status = answer.status,
      .retry_after_ms = wait_s * 1'000};
  return interpretation;
}

// `data` says that the call was not carried out although the envelope says success.
Failure Denied(std::string_view member, int http_status) {
  return {.code = absl::StatusCode::kFailedPrecondition,
          .message = absl::StrCat("MultiSafepay accepted the call but did not carry it out: data.",
                                  absl::string_view(member.data(), member.size()), " is false"),
          .domain = kRemoteDomain,
          .reason = std::string(reason::kNotDone),
          .http_status = http_status};
}

// An answer that is no JSON: interpreted by its HTTP status, never conclusive.
Interpretation NoEnvelope(const codec::DecodeResult& decoded, int http_status) {
  Interpretation interpretation;
  if (HttpSuccess(http_status)) {
    interpretation.failure = Malformed(decoded.error, http_status);
    return interpretation;
  }
  interpretation.failure = {.code = MeaningOfStatus(http_status).code,
                            .message = absl::StrCat("MultiSafepay answered HTTP ", http_status,
                                                    " without a readable body"),
                            .domain = kRemoteDomain,
                            .reason = absl::StrCat("MSP_HTTP_", http_status),
                            .http_status = http_status};
  return interpretation;
}

// The message that the answer's `data` filled.
const pb::Message& DataOf(const Operation& operation, const pb::Message& response) {
  const codec::FieldSchema* const entry = operation.data_entry;
  if (entry == nullptr || entry->repeated || entry->message == nullptr) return response;
  return response.GetReflection()->GetMessage(response, entry->field);
}

// Checks a claimed success against the request and the table of evidence. Returns nothing when it
// is conclusive.
std::optional<Failure> Inconclusive(const Operation& operation, const pb::Message& request,
                                    const pb::Message& response, const Parsed& parsed,
                                    int http_status) {
  if (parsed.error_code() != 0)
    return Malformed("it has both a success and an error code", http_status);
  if (const std::string twice = DuplicateOfEnvelope(parsed.drift); !twice.empty())
    return Malformed(twice + " is there twice", http_status);
  if (!parsed.data_fits && (parsed.data_present || operation.needs_data))
    return Malformed("`data` is missing or has the wrong shape", http_status);
  if (parsed.nested.has_success() && !parsed.nested.success())
    return Denied("success", http_status);
  const EvidenceResult evidence = CheckEvidence(DataOf(operation, response), operation.evidence);
  if (evidence.kind == EvidenceResult::Kind::kDenied) return Denied(evidence.member, http_status);
  std::string_view differing;
  if (operation.is_create) {
    differing = CreateMismatch(static_cast<const v1::CreateOrderRequest&>(request),
                               static_cast<const v1::CreateOrderResponse&>(response).order(),
                               parsed.numbers);
  } else if (operation.moves_money()) {
    differing = PaymentMismatch(request, response, parsed.numbers);
  } else if (evidence.kind == EvidenceResult::Kind::kAll) {
    differing = ReadMismatch(request, response, parsed.numbers);
  }
  if (!differing.empty()) return MismatchFailure(differing, http_status);
  if (evidence.kind == EvidenceResult::Kind::kTooLittle)
    return Malformed(std::string(evidence.member) + " is missing", http_status);
  return std::nullopt;
}

}  // namespace

Interpretation Interpret(const Operation& operation, const codec::MessageSchema& envelope_schema,
                         const pb::Message& request, http::Response& answer, pb::Message& response,
                         const codec::KnownSecrets& secrets) {
  Parsed parsed;
  codec::MemberRedirection data{.key = "data",
                                .entry = operation.data_entry,
                                .into = &response,
                                .schema = operation.response_schema,
                                .nested = &parsed.nested};
  codec::DecodeResult decoded = codec::Decode(envelope_schema, answer.body, parsed.envelope, &data);
  parsed.data_present = data.present;
  parsed.data_fits = data.fits;
  parsed.drift = std::move(decoded.drift);
  for (const codec::FieldSchema* entry : decoded.numbers)
    parsed.numbers.push_back(entry->field->full_name());
  Interpretation interpretation;
  if (answer.status == kTooManyRequests) {
    interpretation = RateLimited(answer);
  } else if (!decoded.ok) {
    interpretation = NoEnvelope(decoded, answer.status);
  } else if (const std::string lost = UnreadableDecidingMember(parsed.drift, decoded.drift_cut);
             !lost.empty()) {
    interpretation.failure = Malformed(lost + " is not readable", answer.status);
    interpretation.drift = std::move(parsed.drift);
  } else if (ClaimsSuccess(parsed, response, answer.status)) {
    auto inconclusive = Inconclusive(operation, request, response, parsed, answer.status);
    if (!inconclusive) {
      interpretation.outcome = CallOutcome::kConfirmed;
      ZeroizeTexts(parsed.envelope);
      ZeroizeTexts(parsed.nested);
      interpretation.envelope = std::move(parsed.envelope);
      interpretation.drift = std::move(parsed.drift);
      interpretation.numbers = std::move(parsed.numbers);
      return interpretation;
    }
    interpretation.failure = *std::move(inconclusive);
  } else if (ClaimsNothing(parsed, answer.status)) {
    interpretation.failure = Malformed("neither success nor an error", answer.status);
  } else {
    interpretation = Refusal(operation, parsed, response, answer.status, secrets);
  }
  ZeroizeTexts(parsed.envelope);
  ZeroizeTexts(parsed.nested);
  codec::ZeroizeAll(*operation.response_schema, response);
  response.Clear();
  return interpretation;
}

}  // namespace msp::payments
