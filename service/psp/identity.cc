#include "service/psp/identity.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/base/text.h"
#include "service/psp/exchange.h"

namespace msp::psp {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;

constexpr std::string_view kMarkerPrefix = "idem:";
// What a digest, a key, a site's name and an order_id mostly fit into.
constexpr std::size_t kFlightBytes = 128;
constexpr std::size_t kDerivedKeyBytes = 16;
constexpr std::string_view kFullRefund = "\nfull";
constexpr std::size_t kTextBytesKept = 64 << 10;  // By each thread, between two digests.

bool IsMarker(const std::string& text) {
  return absl::StartsWith(text, {kMarkerPrefix.data(), kMarkerPrefix.size()});
}

std::string MarkerOf(std::string_view key) {
  return absl::StrCat(absl::string_view(kMarkerPrefix.data(), kMarkerPrefix.size()),
                      absl::string_view(key.data(), key.size()));
}

// The digits' first six and last four, or all where there are fewer, picked one by one: a copy of
// the digits would be one more place to wipe.
std::string CutCardNumber(const std::string& number) {
  const auto digits = number.size() - static_cast<std::size_t>(std::ranges::count(number, ' '));
  std::string cut;
  std::size_t place = 0;
  for (const char c : number) {
    if (c == ' ') continue;
    if (place < 6 || place + 4 >= digits) cut += c;
    ++place;
  }
  return cut;
}

// Takes number and code out of the message while the digest is made, and puts them back: no copy of
// a card is left behind.
class CardSetAside {
 public:
  explicit CardSetAside(pb::Message& request) {
    if (request.GetDescriptor() != v1::CreateOrderRequest::descriptor()) return;
    auto& order = static_cast<v1::CreateOrderRequest&>(request);
    if (!order.has_gateway_info()) return;
    card_ = order.mutable_gateway_info();
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
    WipeString(number_);
    WipeString(code_);
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
  const pb::Descriptor* type = request.GetDescriptor();
  // The call that is made most does without the search by name.
  if (type == v1::CreateOrderRequest::descriptor())
    return static_cast<const v1::CreateOrderRequest&>(request).control();
  const pb::FieldDescriptor* field = type->FindFieldByName("control");
  if (field == nullptr) return v1::CallControl::default_instance();
  return static_cast<const v1::CallControl&>(request.GetReflection()->GetMessage(request, field));
}

std::string DigestOf(const Operation& operation, pb::Message& request, const Site& site) {
  // Wallets put tokens and cryptograms into the body: no copy of it may stay. The room is the
  // thread's, used again and again.
  static thread_local std::string text;
  const CardSetAside aside(request);
  text = operation.row.name;
  text += '\n';
  text += OrderIdOf(operation, request);
  text += '\n';
  text += TargetOf(operation, request);
  text += '\n';
  AppendBody(operation, request, text);
  // A full refund has no amount yet: the word stands for it.
  if (request.GetDescriptor() == v1::RefundOrderRequest::descriptor() &&
      static_cast<const v1::RefundOrderRequest&>(request).has_full()) {
    ReserveWiping(text, kFullRefund.size());
    text += kFullRefund;
  }
  std::string digest;
  digest.reserve(kFlightBytes);
  site.keyed_hash().Append(text, digest);
  WipeString(text);
  if (text.capacity() > kTextBytesKept) text = std::string();
  return digest;
}

std::string DerivedKey(std::string_view digest) { return Hex(digest.substr(0, kDerivedKeyBytes)); }

std::string DerivedId(std::string_view prefix, std::string_view order_id, std::string_view key,
                      const Site& site) {
  std::string text(prefix);
  text.append("\n").append(order_id).append("\n").append(key);
  return std::string(prefix) +
         Hex(std::string_view(site.keyed_hash().Of(text)).substr(0, kDerivedKeyBytes));
}

MarkerPlace PlaceMarker(v1::CreateOrderRequest& order, std::string_view key) {
  if (order.custom_info().custom_3().empty()) {
    order.mutable_custom_info()->set_custom_3(MarkerOf(key));
    return MarkerPlace::kCustom3;
  }
  if (order.var1().empty()) {
    order.set_var1(MarkerOf(key));
    return MarkerPlace::kVar1;
  }
  return MarkerPlace::kNone;
}

Ownership OwnershipOf(const v1::Order& order, MarkerPlace place, std::string_view key) {
  const std::string marker = MarkerOf(key);
  if (order.custom_info().custom_3() == marker || order.var1() == marker) return Ownership::kOurs;
  if (IsMarker(order.custom_info().custom_3()) || IsMarker(order.var1())) return Ownership::kOther;
  if (place == MarkerPlace::kNone) return Ownership::kCannotTell;
  if (place == MarkerPlace::kCustom3 && !order.has_custom_info()) return Ownership::kCannotTell;
  if (place == MarkerPlace::kVar1 && !order.has_var1()) return Ownership::kCannotTell;
  return Ownership::kOther;
}

bool CarriesAnotherMarker(const v1::Order& order, MarkerPlace place, std::string_view key) {
  if (place == MarkerPlace::kNone) return false;
  const std::string& text =
      place == MarkerPlace::kCustom3 ? order.custom_info().custom_3() : order.var1();
  return IsMarker(text) && text != MarkerOf(key);
}

void StripMarker(v1::Order& order) {
  if (IsMarker(order.custom_info().custom_3())) order.mutable_custom_info()->clear_custom_3();
  if (IsMarker(order.var1())) order.clear_var1();
}

}  // namespace msp::psp
