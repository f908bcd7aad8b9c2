// SPDX-License-Identifier: Apache-2.0

#include "service/codec/decode.h"

#include <simdjson.h>

#include <cstring>
#include <memory>
#include <vector>

#include "service/base/text.h"
#include "service/codec/reader.h"
#include "service/codec/repair.h"

namespace msp::codec {
namespace {

constexpr std::size_t kDocumentBytesMin = 16 << 10;    // The initial capacity of a thread's index.
constexpr std::size_t kDocumentBytesKept = 256 << 10;  // Larger memory is freed after use.
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// simdjson's index of a document: where each token starts, made by the fastest kernel that this
// machine runs. It also refuses invalid UTF-8, unclosed strings and unescaped control characters;
// where that is only in texts it is repaired (repair.h). The walk over the index is ours: On-Demand
// of simdjson 3.0.1 accepts `tru` and half surrogate pairs, skips unrequested values without a
// check, and crashed when used after an error; its DOM loses the digits of large and decimal
// numbers.
class Index {
 public:
  // Null on success, else the document's error.
  const char* Build(std::string_view text) {
    error_ = Stage1(text);
    return error_ == simdjson::SUCCESS ? nullptr : simdjson::error_message(error_);
  }
  // True where the error may be only in texts.
  bool MayBeRepaired() const {
    return error_ == simdjson::UTF8_ERROR || error_ == simdjson::UNESCAPED_CHARS;
  }

  Tokens TokensOf(char* text, std::size_t size, const std::vector<std::uint32_t>* repaired) const {
    return Tokens(text, parser_->structural_indexes.get(), parser_->n_structural_indexes,
                  std::memchr(text, '\\', size) != nullptr, repaired);
  }

  // Prevents a large document from pinning memory in every thread.
  void Trim() {
    if (capacity_ > kDocumentBytesKept) {
      parser_.reset();
      capacity_ = 0;
    }
  }

 private:
  static bool IsFallback() {
    static const bool fallback = simdjson::get_active_implementation()->name() == "fallback";
    return fallback;
  }
  simdjson::error_code Stage1(std::string_view text) {
    if (parser_ == nullptr || capacity_ <= text.size()) {
      const std::size_t wanted = std::max(kDocumentBytesMin, text.size() + 1);
      const simdjson::error_code error =
          simdjson::get_active_implementation()->create_dom_parser_implementation(
              wanted, simdjson::DEFAULT_MAX_DEPTH, parser_);
      capacity_ = error == simdjson::SUCCESS ? wanted : 0;
      if (error != simdjson::SUCCESS) return error;
    }
    const simdjson::error_code error =
        parser_->stage1(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                        simdjson::stage1_mode::regular);
    // The fallback kernel does not check the byte after a backslash.
    if (error == simdjson::SUCCESS && IsFallback() &&
        !simdjson::validate_utf8(text.data(), text.size()))
      return simdjson::UTF8_ERROR;
    // The end of the last token; simdjson writes the same value there.
    if (error == simdjson::SUCCESS) {
      parser_->structural_indexes[parser_->n_structural_indexes] =
          static_cast<std::uint32_t>(text.size());
    }
    return error;
  }

  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser_;
  std::size_t capacity_ = 0;
  simdjson::error_code error_ = simdjson::SUCCESS;
};

DecodeResult Read(const MessageSchema& schema, std::string& document,
                  google::protobuf::Message& message, MemberRedirection* redirection,
                  bool everything) {
  // One index per thread, since its memory is several times the document's. It holds offsets, no
  // text.
  static thread_local Index index;
  DecodeResult result;
  std::size_t start = document.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  const char* fault = index.Build(std::string_view(document).substr(start));
  std::vector<std::uint32_t> repaired;
  if (fault != nullptr && index.MayBeRepaired() && RepairTexts(start, document, repaired)) {
    start = 0;
    fault = index.Build(document);
  }
  if (fault != nullptr) {
    result.error = fault;
  } else {
    Reader reader(index.TokensOf(document.data() + start, document.size() - start,
                                 repaired.empty() ? nullptr : &repaired),
                  everything, result);
    result.ok = reader.Document(schema, message, redirection);
  }
  index.Trim();
  return result;
}

}  // namespace

DecodeResult Decode(const MessageSchema& schema, std::string& document,
                    google::protobuf::Message& message, MemberRedirection* redirection) {
  return Read(schema, document, message, redirection, false);
}

DecodeResult DecodeAll(const MessageSchema& schema, std::string& document,
                       google::protobuf::Message& message) {
  return Read(schema, document, message, nullptr, true);
}

}  // namespace msp::codec
