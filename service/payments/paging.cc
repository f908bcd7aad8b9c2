// SPDX-License-Identifier: Apache-2.0

#include "service/payments/paging.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "multisafepay/v1/token_service.pb.h"
#include "multisafepay/v1/transaction_service.pb.h"
#include "service/base/text.h"
#include "service/payments/message_cast.h"

namespace msp::payments {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;

// The prefixes of our page tokens: for an offset, or for MultiSafepay's cursor.
constexpr std::string_view kOffsetPrefix = "offset.";
constexpr std::string_view kCursorPrefix = "cursor.";
// MultiSafepay's default page size for tokens.
constexpr int kTokensDefault = 10;

bool OffsetOf(std::string_view token, int* offset) {
  if (token.substr(0, kOffsetPrefix.size()) != kOffsetPrefix) return false;
  token.remove_prefix(kOffsetPrefix.size());
  return absl::SimpleAtoi(absl::string_view(token.data(), token.size()), offset) && *offset >= 0;
}

bool IsCursor(std::string_view token) {
  return token.size() > kCursorPrefix.size() &&
         token.substr(0, kCursorPrefix.size()) == kCursorPrefix;
}

void Append(std::string_view name, std::string_view value, bool& has_members, std::string& query) {
  if (has_members) query += '&';
  has_members = true;
  query.append(name).append("=").append(value);
}

}  // namespace

void CheckPage(const pb::Message& request, std::vector<codec::Violation>& violations) {
  int offset = 0;
  const auto* tokens = As<v1::ListTokensRequest>(request);
  const auto* transactions = As<v1::ListTransactionsRequest>(request);
  const bool bad = (tokens != nullptr && !tokens->page_token().empty() &&
                    !OffsetOf(tokens->page_token(), &offset)) ||
                   (transactions != nullptr && !transactions->page_token().empty() &&
                    !IsCursor(transactions->page_token()));
  if (bad)
    violations.push_back(
        {.field = "page_token", .description = "is not a next_page_token of this list"});
}

void AppendPageQuery(const pb::Message& request, bool has_members, std::string& query) {
  if (const auto* tokens = As<v1::ListTokensRequest>(request)) {
    int offset = 0;
    if (tokens->page_size() > 0)
      Append("limit", std::to_string(tokens->page_size()), has_members, query);
    if (OffsetOf(tokens->page_token(), &offset))
      Append("offset", std::to_string(offset), has_members, query);
  } else if (const auto* transactions = As<v1::ListTransactionsRequest>(request)) {
    if (transactions->page_size() > 0)
      Append("limit", std::to_string(transactions->page_size()), has_members, query);
    if (IsCursor(transactions->page_token())) {
      const std::string_view cursor =
          std::string_view(transactions->page_token()).substr(kCursorPrefix.size());
      Append("after", PercentEncoded(cursor), has_members, query);
    }
  }
}

void SetNextPage(const pb::Message& request, const Envelope& envelope, pb::Message& response) {
  if (const auto* tokens = As<v1::ListTokensRequest>(request)) {
    auto& list = static_cast<v1::ListTokensResponse&>(response);
    const int asked = tokens->page_size() > 0 ? tokens->page_size() : kTokensDefault;
    if (list.tokens_size() < asked) return;
    int offset = 0;
    OffsetOf(tokens->page_token(), &offset);
    list.set_next_page_token(
        absl::StrCat(absl::string_view(kOffsetPrefix.data(), kOffsetPrefix.size()),
                     offset + list.tokens_size()));
  } else if (As<v1::ListTransactionsRequest>(request) != nullptr &&
             !envelope.pager().cursor().after().empty()) {
    static_cast<v1::ListTransactionsResponse&>(response).set_next_page_token(
        std::string(kCursorPrefix).append(envelope.pager().cursor().after()));
  }
}

}  // namespace msp::payments
