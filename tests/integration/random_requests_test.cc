// SPDX-License-Identifier: Apache-2.0

// Random requests: whatever a caller sends has the types that MultiSafepay's documentation wants.
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/environment.h"
#include "tests/integration/generator.h"
#include "tests/testing/words.h"

namespace msp::integration {
namespace {

constexpr std::uint64_t kSeeds[] = {1, 20'260'615};

using Names = std::set<std::string, std::less<>>;

// The documented JSON type of every member that is no text, object or list. By hand, from
// MultiSafepay's reference; nothing here is read from the schema.
const auto kIntegers = testing::Words<Names>(
    "amount partial_shipment_amount fixed days_active seconds_active quantity "
    "screen_color_depth screen_height screen_width time_zone qr_size duration days");
const auto kNumbers = testing::Words<Names>("unit_price rate percentage value");
const auto kFlags = testing::Words<Names>(
    "javascript_enabled java_enabled cookies_enabled close_window disable_send_email "
    "flexible_3d moto validate_cart shipping_taxed standalone send_email manual exclude_order "
    "extend_expiration qr_enabled allow_multiple allow_change_amount send_mail tokenize");

bool Fits(std::string_view member, const Json& value) {
  if (kIntegers.contains(member)) return value.is_number_integer();
  if (kNumbers.contains(member)) return value.is_number();
  if (kFlags.contains(member)) return value.is_boolean();
  return value.is_string() && value != "";
}

// The paths of all members that do not have their documented type.
void FindUnfit(const Json& value, const std::string& path, std::string_view member,
               std::vector<std::string>& unfit) {
  if (member == "settings" || member == "template") return;  // The caller's own, passed through.
  if (value.is_object()) {
    if (value.empty() && !path.empty() && member != "items" && member != "rules")
      unfit.push_back(path + " is {}");
    for (const auto& [name, inner] : value.items())
      FindUnfit(inner, absl::StrCat(path, ".", name), name, unfit);
  } else if (value.is_array()) {
    if (value.empty()) unfit.push_back(path + " is []");
    for (const Json& inner : value) {
      if (inner.is_object() && inner.empty()) continue;  // An element keeps its place.
      FindUnfit(inner, path + "[]", member, unfit);
    }
  } else if (!Fits(member, value)) {
    unfit.push_back(absl::StrCat(path, " is ", value.type_name()));
  }
}

class RandomRequests : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  static sandbox::Settings Strict() {
    sandbox::Settings settings;
    settings.strict_types = true;
    settings.void_needs_reason = false;  // What is optional here is left out at random.
    settings.five_minute_rule = false;
    return settings;
  }

  // Gives the call something that exists: an order, a refund of it, a stored card.
  void Aim(const MethodDescriptor& method, Message& request) {
    const std::string name = absl::StrCat("aim-", ++aims_);
    if (method.name() == "CancelRefund") {
      v1::RefundOrderRequest refund;
      refund.set_order_id(name);
      refund.set_amount(1);
      EXPECT_TRUE(environment_.Call("CreateOrder", CardOrder(name, 1'000)).ok());
      const Called called = environment_.Call("RefundOrder", refund);
      ASSERT_TRUE(called.ok()) << called.Text();
      auto& cancel = static_cast<v1::CancelRefundRequest&>(request);
      cancel.set_order_id(name);
      cancel.set_refund_id(called.As<v1::RefundOrderResponse>().refund().psp_refund_id());
    } else if (method.service()->name() == "TokenService") {
      EXPECT_TRUE(environment_.Call("CreateOrder", StoringOrder(name, name)).ok());
      v1::ListTokensRequest list;
      list.set_reference(name);
      const Called called = environment_.Call("ListTokens", list);
      ASSERT_TRUE(called.ok()) << called.Text();
      ASSERT_EQ(called.As<v1::ListTokensResponse>().tokens_size(), 1);
      Set(request, "reference", name);
      Set(request, "token", called.As<v1::ListTokensResponse>().tokens(0).token());
    } else if (method.name() == "HoldOrder" || method.name() == "ExtendOrder") {
      v1::CreateOrderRequest later = PageOrder(name, 1'000);
      later.set_type("direct");
      later.set_gateway("PAYAFTER");
      EXPECT_TRUE(environment_.Call("CreateOrder", later).ok());
      environment_.Control("orders/" + name + "/pay", {{"scenario", "completed"}});
      Set(request, "order_id", name);
    } else if (method.name() == "GetReceipt") {
      v1::CreateOrderRequest cloud = PageOrder(name, 1'000);
      cloud.mutable_gateway_info()->set_terminal_id("00000APR");
      ASSERT_TRUE(environment_.Call("CreateOrder", cloud).ok());
      environment_.Control("orders/" + name + "/terminal", {{"outcome", "approve"}});
      Set(request, "order_id", name);
    } else if (method.name() == "GetTransaction") {
      Set(request, "transaction_id", environment_.GetOrder(paid_).transaction_id());
    }
  }
  static void Set(Message& request, const std::string& name, const std::string& text) {
    const auto* field = request.GetDescriptor()->FindFieldByName(name);
    if (field != nullptr) request.GetReflection()->SetString(&request, field, text);
  }

  // An unspecified error of MultiSafepay's leads to order lookups; not for long here.
  Environment environment_{Strict(), {"--settle_ms=20", "--reconcile_backoff_ms=5"}};
  Generator generator_{GetParam()};
  const std::string paid_ = "aim-0";
  int aims_ = 0;
};

TEST_P(RandomRequests, HaveTheDocumentedTypesAndNoneIsRefusedForOne) {
  for (int i = 0; i < 150; ++i) {
    const v1::CreateOrderRequest order = generator_.NewOrder();
    const Called called = environment_.Call("CreateOrder", order);
    ASSERT_TRUE(called.ok()) << called.Text() << "\n" << order.ShortDebugString();
    EXPECT_EQ(called.As<v1::CreateOrderResponse>().order().order_id(), order.order_id());
    generator_.known()["order_id"].push_back(order.order_id());
  }
  ASSERT_TRUE(environment_.Call("CreateOrder", CardOrder(paid_, 1'000)).ok());
  generator_.known()["gateway_id"] = generator_.known()["payment_method_id"] = {"VISA", "IDEAL"};
  std::map<std::string, int> done;
  for (int round = 0; round < 60; ++round) {
    for (const MethodDescriptor* method : Methods()) {
      const auto request = NewRequest(*method);
      if (method->name() == "CreateOrder") {
        request->CopyFrom(generator_.NewOrder());
      } else {
        generator_.Fill(*request);
        if (generator_.Chance(50)) Aim(*method, *request);
      }
      const Called called = environment_.Call(*method, *request);
      if (called.ok()) {
        ++done[method->name()];
        continue;
      }
      const client::Error& error = *called.error;
      const std::string what =
          absl::StrCat(method->name(), ": ", called.Text(), "\n", request->ShortDebugString());
      EXPECT_TRUE(error.from_service) << what;
      // Of all refusals only MultiSafepay's "unspecified" is indeterminate.
      const bool unspecified = error.error_code == 1014;
      EXPECT_TRUE(error.outcome != v1::OUTCOME_UNKNOWN || unspecified) << what;
      // Amount, missing or malformed data, and the like: what was drawn gives no reason for them.
      EXPECT_THAT(error.error_code, ::testing::AnyOf(0, 1000, 1006, 1014, 1034, 1023)) << what;
      EXPECT_NE(error.reason, "UPSTREAM_MALFORMED") << what;
    }
  }
  for (const MethodDescriptor* method : Methods())
    EXPECT_GT(done[method->name()], 0) << "no random " << method->name() << " was carried out";

  std::set<std::string> seen;
  for (const testing::RecordedRequest& write : environment_.Writes()) {
    if (write.body.empty()) continue;
    const Json body = Json::parse(write.body);
    std::vector<std::string> unfit;
    FindUnfit(body, "", "", unfit);
    EXPECT_THAT(unfit, ::testing::IsEmpty()) << write.method << " " << write.target;
    for (const auto& [name, value] : body.items()) seen.insert(name);
  }
  // The walk above saw what it is for.
  EXPECT_THAT(seen, ::testing::IsSupersetOf({"amount", "customer", "shopping_cart", "affiliate",
                                             "checkout_options", "payment_options", "days_active",
                                             "partial_shipment_amount", "checkout_data"}));
  EXPECT_EQ(environment_.Control("stats").at("order_ids_not_strings"), 0);
  EXPECT_EQ(environment_.Control("stats").at("unknown_body_members"), 0);
  EXPECT_EQ(environment_.Control("stats").at("implicit_full_refund"), 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomRequests, ::testing::ValuesIn(kSeeds));

}  // namespace
}  // namespace msp::integration
