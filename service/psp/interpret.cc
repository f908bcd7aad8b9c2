#include "service/psp/interpret.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/base/text.h"
#include "service/codec/redact.h"
#include "service/psp/deciding.h"
#include "service/psp/error_table.h"

namespace msp::psp {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;

constexpr std::size_t kExplanationBytesMax = 512;

Failure Malformed(std::string_view what, int http_status) {
  return {.code = absl::StatusCode::kInternal,
          .message = absl::StrCat("MultiSafepay's answer is not what its API documents: ",
                                  absl::string_view(what.data(), what.size())),
          .reason = std::string(reason::kUpstreamMalformed),
          .http_status = http_status};
}

Failure Mismatch(std::string_view member, int http_status) {
  return {.code = absl::StatusCode::kInternal,
          .message = absl::StrCat("MultiSafepay answered about another payment: ",
                                  absl::string_view(member.data(), member.size()),
                                  " differs from what was sent"),
          .reason = std::string(reason::kUpstreamMismatch),
          .http_status = http_status};
}

bool HttpSuccess(int status) { return status >= 200 && status < 300; }

bool Succeeded(const Envelope& envelope, const codec::Splice& data, int http_status) {
  if (!HttpSuccess(http_status) || envelope.error_code() != 0) return false;
  return envelope.has_success() ? envelope.success() : data.present;
}

// A 2xx that claims neither success nor a refusal.
bool SaysNothing(const Envelope& envelope, const codec::Splice& data, int http_status) {
  return HttpSuccess(http_status) && !envelope.has_success() && !data.present &&
         envelope.error_code() == 0 && envelope.message().empty() && envelope.error_info().empty();
}

// MultiSafepay's explanation, fit for an error: free of what could be a card number, and cut where
// it begins to quote a request, which holds names and codes that no rule would recognise.
std::string Explanation(std::string_view text, std::size_t max_bytes = kExplanationBytesMax) {
  static constexpr std::string_view kQuotes[] = {
      "{", "api_key", "card_", "cvc=", "cvc:", "cvv=", "cvv:", "cvc\"", "cvv\""};
  std::size_t end = text.size();
  for (const std::string_view quote : kQuotes) end = std::min(end, text.find(quote));
  std::string clean = codec::Scrubbed(text.substr(0, end), max_bytes);
  if (end < text.size()) absl::StrAppend(&clean, "***");
  return clean;
}

// The violations of a 422 answer. Attributes are MultiSafepay's names, which are our field names
// too.
void AddViolations(const Envelope& envelope, Failure& failure) {
  for (const FieldError& error : envelope.errors()) {
    if (failure.violations.size() >= codec::kViolationsMax) return;
    std::string text = error.message();
    for (const std::string& detail : error.details()) {
      ReserveWiping(text, detail.size() + 2);
      absl::StrAppend(&text, text.empty() ? "" : "; ", detail);
    }
    failure.violations.push_back(
        {.field = Explanation(error.attribute(), 128), .description = Explanation(text)});
    WipeString(text);
  }
}

// Forgets what an envelope says in words, which may quote the request.
void WipeTexts(Envelope& envelope) {
  if (envelope.has_error_info()) WipeString(*envelope.mutable_error_info());
  if (envelope.has_message()) WipeString(*envelope.mutable_message());
  for (FieldError& error : *envelope.mutable_errors()) {
    WipeString(*error.mutable_attribute());
    WipeString(*error.mutable_message());
    for (std::string& detail : *error.mutable_details()) WipeString(detail);
  }
  envelope.clear_error_info();
  envelope.clear_message();
  envelope.clear_errors();
}

// The error that an envelope of whatever shape tells, and whether it is certain that nothing
// happened.
Reading Refusal(const Operation& operation, const Envelope& envelope, int http_status) {
  Reading reading;
  Failure& failure = reading.failure;
  failure.domain = kRemoteDomain;
  failure.http_status = http_status;
  failure.error_code = envelope.error_code();
  const std::string text =
      Explanation(envelope.has_error_info() ? envelope.error_info() : envelope.message());
  ErrorMeaning meaning;
  if (envelope.error_code() != 0) {
    meaning = MeaningOfCode(envelope.error_code(), http_status, text, operation.creates(),
                            operation.reads());
    failure.reason = absl::StrCat("MSP_", envelope.error_code());
    failure.message =
        absl::StrCat("MultiSafepay refused the call: ", text.empty() ? "no explanation" : text,
                     " (error ", envelope.error_code(), ")");
  } else {
    // 2xx with success false and no code says nothing that could be relied on.
    meaning = MeaningOfStatus(http_status);
    failure.reason = absl::StrCat("MSP_HTTP_", http_status);
    failure.message =
        absl::StrCat("MultiSafepay refused the call: ", text.empty() ? "no explanation" : text,
                     " (HTTP ", http_status, ")");
  }
  failure.code = meaning.code;
  AddViolations(envelope, failure);
  reading.kind = meaning.certain ? Reading::Kind::kRefused : Reading::Kind::kOpen;
  return reading;
}

// An answer that is no JSON: by its HTTP status, and never certain.
Reading NoEnvelope(const codec::Decoded& decoded, int http_status) {
  Reading reading;
  if (HttpSuccess(http_status)) {
    reading.failure = Malformed(decoded.error, http_status);
    return reading;
  }
  reading.failure = {.code = MeaningOfStatus(http_status).code,
                     .message = absl::StrCat("MultiSafepay answered HTTP ", http_status,
                                             " without a readable body"),
                     .domain = kRemoteDomain,
                     .reason = absl::StrCat("MSP_HTTP_", http_status),
                     .http_status = http_status};
  return reading;
}

bool UnfitMember(const std::vector<codec::Drift>& drift, std::string_view member) {
  return std::any_of(drift.begin(), drift.end(), [&](const codec::Drift& d) {
    return d.kind == codec::Drift::Kind::kUnfitValue &&
           d.path == absl::StrCat("data.", absl::string_view(member.data(), member.size()));
  });
}

// The member in which an answered order differs from the created one; "" when it is ours. Members
// that the short answer of a redirect order leaves out cannot differ.
std::string_view DifferingMember(const v1::CreateOrderRequest& sent, const v1::Order& order,
                                 const std::vector<codec::Drift>& drift) {
  if (UnfitMember(drift, "order_id") ||
      (order.has_order_id() && !SameOrderId(sent.order_id(), order.order_id()))) {
    return "order_id";
  }
  if (UnfitMember(drift, "amount") ||
      (sent.has_amount() && order.has_amount() && sent.amount() != order.amount())) {
    return "amount";
  }
  if (UnfitMember(drift, "currency") ||
      (sent.has_currency() && order.has_currency() &&
       !absl::EqualsIgnoreCase(sent.currency(), order.currency()))) {
    return "currency";
  }
  return {};
}

bool IsEmptyOrder(const v1::Order& order) {
  return order.order_id().empty() && order.status().empty() && order.payment_url().empty();
}

// Whether the order_id of an answer is one that the call was about; one that is absent says
// nothing. A caller may name an order by MultiSafepay's id: then this is false for a right answer,
// and a look at the order clears it up.
template <class Answered>
bool IsAboutOneOf(const Answered& answered, std::initializer_list<std::string_view> ids) {
  return answered.order_id().empty() || std::any_of(ids.begin(), ids.end(), [&](auto id) {
           return SameOrderId(id, answered.order_id());
         });
}

bool IsAboutTheSameOrder(const pb::Message& request, const pb::Message& response) {
  if (response.GetDescriptor() == v1::CaptureOrderResponse::descriptor()) {
    const auto& sent = static_cast<const v1::CaptureOrderRequest&>(request);
    return IsAboutOneOf(static_cast<const v1::CaptureOrderResponse&>(response).capture(),
                        {sent.order_id(), sent.new_order_id()});
  }
  if (response.GetDescriptor() == v1::VoidOrderResponse::descriptor()) {
    const auto& sent = static_cast<const v1::VoidOrderRequest&>(request);
    return IsAboutOneOf(static_cast<const v1::VoidOrderResponse&>(response).authorization_void(),
                        {sent.order_id()});
  }
  if (response.GetDescriptor() == v1::RefundOrderResponse::descriptor()) {
    const auto& sent = static_cast<const v1::RefundOrderRequest&>(request);
    return IsAboutOneOf(static_cast<const v1::RefundOrderResponse&>(response).refund(),
                        {sent.order_id(), sent.refund_order_id()});
  }
  return true;
}

// Checks of the answer against the request that no schema can express.
bool Accept(const Operation& operation, const pb::Message& request, const pb::Message& response,
            Reading& reading, int http_status) {
  if (operation.is_create) {
    const v1::Order& order = static_cast<const v1::CreateOrderResponse&>(response).order();
    const auto& sent = static_cast<const v1::CreateOrderRequest&>(request);
    if (const auto member = DifferingMember(sent, order, reading.drift); !member.empty()) {
      reading.failure = Mismatch(member, http_status);
      return false;
    }
    if (IsEmptyOrder(order)) {
      reading.failure = Malformed("an order without id, status and payment URL", http_status);
      return false;
    }
  } else if (operation.moves_money() && !IsAboutTheSameOrder(request, response)) {
    reading.failure = Mismatch("order_id", http_status);
    return false;
  } else if (operation.is_get_order &&
             IsEmptyOrder(static_cast<const v1::GetOrderResponse&>(response).order())) {
    reading.failure = Malformed("an order without id and status", http_status);
    return false;
  }
  return true;
}

}  // namespace

bool SameOrderId(std::string_view sent, std::string_view answered) {
  if (sent == answered) return true;
  const auto all_digits = [](std::string_view id) {
    return !id.empty() && std::all_of(id.begin(), id.end(), [](char c) {
      return absl::ascii_isdigit(static_cast<unsigned char>(c));
    });
  };
  if (!all_digits(sent) || !all_digits(answered)) return false;
  sent.remove_prefix(std::min(sent.find_first_not_of('0'), sent.size()));
  answered.remove_prefix(std::min(answered.find_first_not_of('0'), answered.size()));
  return sent == answered;
}

Reading Interpret(const Operation& operation, const codec::Plan& envelope_plan,
                  const pb::Message& request, http::Response& answer, pb::Message& response) {
  Envelope envelope;
  codec::Splice data{.key = "data",
                     .entry = operation.data_entry,
                     .into = &response,
                     .plan = operation.response_plan};
  codec::Decoded decoded = codec::Decode(envelope_plan, answer.body, envelope, &data);
  Reading reading;
  if (!decoded.ok) {
    reading = NoEnvelope(decoded, answer.status);
  } else if (const std::string lost = UnreadableDecidingMember(decoded.drift, decoded.drift_cut);
             !lost.empty()) {
    reading.drift = std::move(decoded.drift);
    reading.failure = Malformed(lost + " is not readable", answer.status);
  } else if (SaysNothing(envelope, data, answer.status)) {
    reading.failure = Malformed("neither success nor an error", answer.status);
  } else if (!Succeeded(envelope, data, answer.status)) {
    reading = Refusal(operation, envelope, answer.status);
  } else if (!data.fits && (data.present || operation.needs_data)) {
    reading.failure = Malformed("`data` is missing or has the wrong shape", answer.status);
  } else {
    reading.drift = std::move(decoded.drift);
    if (Accept(operation, request, response, reading, answer.status)) {
      reading.kind = Reading::Kind::kSuccess;
      WipeTexts(envelope);
      reading.envelope = std::move(envelope);
      return reading;
    }
  }
  WipeTexts(envelope);
  codec::WipeAll(*operation.response_plan, response);
  response.Clear();
  return reading;
}

}  // namespace msp::psp
