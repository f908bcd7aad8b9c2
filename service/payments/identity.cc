// SPDX-License-Identifier: Apache-2.0

#include "service/payments/identity.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/base/text.h"
#include "service/payments/message_cast.h"
#include "service/payments/rest_call.h"

namespace msp::payments {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;

constexpr std::string_view kMarkerPrefix = "idem:";
// Mostly enough for a digest, a key, a site's name and an order_id.
constexpr std::size_t kFlightBytes = 128;
// Version of the digest's format: increment when the digest of an equal call changes.
constexpr char kDigestVersion = '1';
constexpr std::size_t kDerivedKeyDigits = 26;
constexpr std::size_t kDerivedIdDigits = 32;
constexpr std::size_t kKeyCharsMax = 64;
constexpr std::string_view kFullRefund = "\nfull";
constexpr std::size_t kTextBytesKept = 64 << 10;  // Per thread, between two digests.

// "idem:" and a key, whole.
bool IsMarker(std::string_view text) {
  if (!absl::StartsWith({text.data(), text.size()}, {kMarkerPrefix.data(), kMarkerPrefix.size()}))
    return false;
  text.remove_prefix(kMarkerPrefix.size());
  return !text.empty() && text.size() <= kKeyCharsMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' ||
                  c == '~' || c == '-';
         });
}

std::string MarkerOf(std::string_view key) {
  return absl::StrCat(absl::string_view(kMarkerPrefix.data(), kMarkerPrefix.size()),
                      absl::string_view(key.data(), key.size()));
}

std::string Folded(std::string_view text) {
  std::string folded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (!absl::ascii_isspace(byte)) folded += static_cast<char>(absl::ascii_tolower(byte));
  }
  return folded;
}

// True when `text` may be `marker` as a record changed it: another case, white space, a cut end.
bool IsMangled(std::string_view text, std::string_view marker) {
  const std::string folded = Folded(text);
  return !folded.empty() && absl::StartsWith(Folded(marker), folded);
}

const std::string& TextAt(const v1::Order& order, MarkerField field) {
  return field == MarkerField::kVar1 ? order.var1() : order.custom_info().custom_3();
}

bool IsOneOf(std::string_view text, const Keys& keys,
             bool (*matches)(std::string_view, std::string_view)) {
  return matches(text, MarkerOf(keys.key)) ||
         (!keys.previous.empty() && matches(text, MarkerOf(keys.previous)));
}

bool IsEqual(std::string_view one, std::string_view other) { return one == other; }

// The first six and last four digits, or all where there are fewer. Picked one by one: a copy of
// the digits would have to be zeroized.
std::string CutCardNumber(const std::string& number) {
  const auto digits = number.size() - static_cast<std::size_t>(std::ranges::count(number, ' '));
  std::string cut;
  std::size_t position = 0;
  for (const char c : number) {
    if (c == ' ') continue;
    if (position < 6 || position + 4 >= digits) cut += c;
    ++position;
  }
  return cut;
}

// Takes number and code out of the message while the digest is computed, and restores them: no copy
// of a card remains.
class CardSetAside {
 public:
  explicit CardSetAside(pb::Message& request) {
    auto* const order = As<v1::CreateOrderRequest>(request);
    if (order == nullptr || !order->has_gateway_info()) return;
    card_ = order->mutable_gateway_info();
    if (card_->has_card_number()) {
      std::string cut = CutCardNumber(card_->card_number());
      number_.swap(*card_->mutable_card_number());
      card_->mutable_card_number()->swap(cut);
    }
    if (card_->has_card_cvc()) code_.swap(*card_->mutable_card_cvc());
  }
  ~CardSetAside() {
    if (card_ == nullptr) return;
    if (card_->has_card_number()) card_->mutable_card_number()->swap(number_);
    if (card_->has_card_cvc()) card_->mutable_card_cvc()->swap(code_);
    ZeroizeString(number_);
    ZeroizeString(code_);
  }
  CardSetAside(const CardSetAside&) = delete;
  CardSetAside& operator=(const CardSetAside&) = delete;

 private:
  v1::GatewayInfo* card_ = nullptr;
  std::string number_;
  std::string code_;
};

}  // namespace

const v1::CallControl& ControlOf(const pb::Message& request) {
  // The most frequent call skips the search by name.
  if (const auto* order = As<v1::CreateOrderRequest>(request)) return order->control();
  const pb::FieldDescriptor* field = request.GetDescriptor()->FindFieldByName("control");
  if (field == nullptr) return v1::CallControl::default_instance();
  return static_cast<const v1::CallControl&>(request.GetReflection()->GetMessage(request, field));
}

std::string DigestOf(const Operation& operation, pb::Message& request, const HmacKey& keyed_hash) {
  // Wallets put tokens and cryptograms into the body: no copy of it may remain. The buffer is
  // reused by its thread.
  static thread_local std::string text;
  const CardSetAside aside(request);
  text = kDigestVersion;
  text += '\n';
  text += operation.row.name;
  text += '\n';
  text += OrderIdOf(operation, request);
  text += '\n';
  text += TargetOf(operation, request);
  text += '\n';
  AppendBody(operation, request, text);
  // A full refund has no amount yet: a constant stands for it.
  const auto* const refund = As<v1::RefundOrderRequest>(request);
  if (refund != nullptr && refund->has_full()) {
    ReserveZeroizing(text, kFullRefund.size());
    text += kFullRefund;
  }
  std::string digest;
  digest.reserve(kFlightBytes);
  keyed_hash.Append(text, digest);
  ZeroizeString(text);
  if (text.capacity() > kTextBytesKept) text = std::string();
  return digest;
}

std::string DerivedKey(std::string_view digest) {
  return kDigestVersion + Hex(digest.substr(0, kDerivedKeyDigits / 2));
}

std::string DerivedId(std::string_view prefix, std::string_view order_id, std::string_view key) {
  std::string text(prefix);
  text.append("\n").append(order_id).append("\n").append(key);
  return std::string(prefix) +
         Hex(HmacSha256("multisafepay-grpc derived id 1", text)).substr(0, kDerivedIdDigits);
}

bool IsDerivedId(std::string_view prefix, std::string_view id) {
  return id.size() == prefix.size() + kDerivedIdDigits && id.substr(0, prefix.size()) == prefix &&
         std::all_of(id.begin() + static_cast<std::ptrdiff_t>(prefix.size()), id.end(),
                     [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); });
}

Marker PlaceMarker(v1::CreateOrderRequest& order, std::string_view key) {
  Marker marker;
  for (const std::string& own : {order.custom_info().custom_3(), order.var1()}) {
    if (IsMarker(own)) marker.callers_own.push_back(own);
  }
  if (order.custom_info().custom_3().empty()) {
    order.mutable_custom_info()->set_custom_3(MarkerOf(key));
    marker.field = MarkerField::kCustom3;
  } else if (order.var1().empty()) {
    order.set_var1(MarkerOf(key));
    marker.field = MarkerField::kVar1;
  }
  return marker;
}

Ownership OwnershipOf(const v1::Order& order, const Marker& marker, const Keys& keys) {
  bool other = false;
  for (const MarkerField field : {MarkerField::kCustom3, MarkerField::kVar1}) {
    const std::string& text = TextAt(order, field);
    if (field == marker.field && IsOneOf(text, keys, IsEqual)) return Ownership::kOurs;
    const bool callers = std::find(marker.callers_own.begin(), marker.callers_own.end(), text) !=
                         marker.callers_own.end();
    other = other || (IsMarker(text) && !callers && !IsOneOf(text, keys, IsMangled));
  }
  return other ? Ownership::kOther : Ownership::kIndeterminate;
}

void StripMarker(v1::Order& order, const Marker& marker, const Keys& keys) {
  if (marker.field == MarkerField::kNone || !IsOneOf(TextAt(order, marker.field), keys, IsEqual))
    return;
  if (marker.field == MarkerField::kVar1) {
    order.clear_var1();
  } else {
    order.mutable_custom_info()->clear_custom_3();
  }
}

void StripMarker(v1::Order& order) {
  // A marker in var1 means that custom_3 was the caller's own.
  if (IsMarker(order.var1())) {
    order.clear_var1();
  } else if (IsMarker(order.custom_info().custom_3())) {
    order.mutable_custom_info()->clear_custom_3();
  }
}

}  // namespace msp::payments
