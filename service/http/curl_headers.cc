#include "service/http/curl_headers.h"

#include <curl/curl.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>

#include "service/base/text.h"

namespace msp::http {
namespace {

// With every request, as lines: of an option libcurl would make such a line anew each time, and add
// it character by character.
constexpr const char* kAlways[] = {"User-Agent: multisafepay-grpc/" MSP_VERSION,
                                   "Accept-Encoding: identity"};

curl_slist* List(const std::vector<std::string>& lines, std::initializer_list<const char*> more) {
  curl_slist* list = nullptr;
  const auto append = [&list](const char* line) {
    if (curl_slist* const longer = curl_slist_append(list, line)) list = longer;
  };
  for (const char* line : kAlways) append(line);
  for (const std::string& line : lines) append(line.c_str());
  for (const char* line : more) append(line);
  return list;
}

void WipeAndFree(void* opaque) {
  auto* const list = static_cast<curl_slist*>(opaque);
  for (curl_slist* node = list; node != nullptr; node = node->next) {
    OPENSSL_cleanse(node->data, std::strlen(node->data));
  }
  curl_slist_free_all(list);
}

}  // namespace

bool IsHeaderLine(std::string_view line) {
  if (line.find(':') == std::string_view::npos) return false;
  return std::none_of(line.begin(), line.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

Headers::Headers(std::vector<std::string> lines) : lines_(std::move(lines)) {
  for (std::string& line : lines_) {
    if (!IsHeaderLine(line)) WipeString(line);
  }
  std::erase_if(lines_, [](const std::string& line) { return line.empty(); });
  // A name without a value takes away the header that libcurl would add by itself: a wait for "100
  // Continue" (66 % more CPU a request) and the content type of an HTML form.
  with_body_ = List(lines_, {"Content-Type: application/json", "Expect:"});
  without_body_ = List(lines_, {"Content-Type:", "Expect:"});
}

Headers::~Headers() {
  WipeAndFree(with_body_);
  WipeAndFree(without_body_);
  for (std::string& line : lines_) WipeString(line);
}

}  // namespace msp::http
