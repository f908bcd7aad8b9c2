// SPDX-License-Identifier: Apache-2.0

// The codec's reader against nlohmann::json: both accept the same documents and read the same
// values, on every input that we can think of, and on many that we cannot. MSP_DIFFERENTIAL_ROUNDS
// sets the number of mutations, MSP_DIFFERENTIAL_SEED the seed; of the places where a document is
// cut or changed, each MSP_DIFFERENTIAL_STRIDE-th is tried.
#include <cstdlib>
#include <iostream>
#include <random>

#include "access/msp_codec_testing_proto.h"
#include "gtest/gtest.h"
#include "tests/codec/agreement.h"
#include "tests/codec/documents.h"
#include "tests/codec/fixtures.h"
#include "tests/testing/words.h"

namespace msp::codec {
namespace {

std::int64_t FromEnvironment(const char* name, std::int64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoll(text, nullptr, 10);
}

std::size_t Stride() {
  return static_cast<std::size_t>(FromEnvironment("MSP_DIFFERENTIAL_STRIDE", 1));
}

class Differential : public ::testing::Test {
 protected:
  ~Differential() override {
    std::cout << compared_ << " documents compared, " << accepted_ << " of them accepted by both, "
              << repaired_ << " repaired first; left out: " << deep_ << " too deep, " << overflow_
              << " with a number beyond a double\n";
  }

  void Compare(const std::string& text) {
    static const SchemaSet schemas(oracle::ComparedMessages(), {access::MspCodecTestingProto()});
    const oracle::Agreement found = oracle::Compare(schemas, text);
    repaired_ += found.repaired;
    overflow_ += found.overflow;
    deep_ += found.deep;
    compared_ += !found.overflow && !found.deep;
    accepted_ += found.accepted;
    if (!found.difference.empty()) FAIL() << found.difference << " in:\n" << text;
  }

 private:
  std::int64_t compared_ = 0;
  std::int64_t accepted_ = 0;
  std::int64_t repaired_ = 0;
  std::int64_t deep_ = 0;
  std::int64_t overflow_ = 0;
};

std::vector<std::string> OwnDocuments() {
  std::vector<std::string> documents{std::string(kOrderAnswer), std::string(kRefundedAnswer)};
  documents.insert(documents.end(), std::begin(kErrorAnswers), std::end(kErrorAnswers));
  documents.insert(documents.end(), std::begin(kEverything), std::end(kEverything));
  return documents;
}

std::vector<std::string> AllDocuments() {
  std::vector<std::string> documents = OwnDocuments();
  for (auto& [name, text] : Fixtures()) documents.push_back(std::move(text));
  return documents;
}

TEST_F(Differential, WholeDocuments) {
  for (const std::string& document : AllDocuments()) {
    Compare(document);
    if (HasFatalFailure()) return;
  }
}

TEST_F(Differential, DocumentsCutAtEveryByte) {
  for (const std::string& document : AllDocuments()) {
    for (std::size_t size = 0; size < document.size(); size += Stride()) {
      Compare(document.substr(0, size));
      if (HasFatalFailure()) return;
    }
  }
}

TEST_F(Differential, EveryByteReplacedByEachThatMatters) {
  static constexpr char kBytes[] = "\"\\{}[]:,0-+.eEtfnu x/\x1f\x7f\x80\xc3\xed\xff";
  for (const std::string& document : OwnDocuments()) {
    if (document.size() > 800) continue;  // The long ones are left to the mutations.
    for (std::size_t at = 0; at < document.size(); at += Stride()) {
      for (std::size_t i = 0; i < sizeof(kBytes); ++i) {  // The NUL at the end, too.
        std::string changed = document;
        changed[at] = kBytes[i];
        Compare(changed);
        if (HasFatalFailure()) return;
      }
    }
  }
}

// Everything of up to three tokens, and more of what follows a value.
TEST_F(Differential, ShortTokenSequences) {
  const std::string tokens[] = {"{",  "}",   "[",    "]",        ":",    ",", "\"a\"",
                                "1",  "-",   "true", "tru",      "null", " ", "\"",
                                "\\", "0.5", "01",   "\"text\"", "\n"};
  std::size_t number = 0;
  for (const std::string& a : tokens) {
    Compare(a);
    for (const std::string& b : tokens) {
      Compare(a + b);
      for (const std::string& c : tokens) {
        if (number++ % Stride() != 0) continue;
        Compare(a + b + c);
        Compare("{\"text\":" + a + b + c + "}");
        Compare("{\"words\":[" + a + b + c + "]}");
        Compare("{" + a + b + c + "}");
        if (HasFatalFailure()) return;
      }
    }
  }
}

class Mutator {
 public:
  Mutator(std::vector<std::string> documents, std::uint64_t seed)
      : documents_(std::move(documents)), random_(seed) {}

  std::string Next() {
    std::string text = Pick(documents_);
    // Long documents are cut down to a part most of the time, so that more of them can be tried.
    if (text.size() > 2000 && Below(8) != 0) text = text.substr(0, Below(text.size()));
    for (std::size_t times = 1 + Below(3); times > 0; --times) Mutate(text);
    return text;
  }

 private:
  std::size_t Below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }
  const std::string& Pick(const std::vector<std::string>& list) { return list[Below(list.size())]; }

  void Mutate(std::string& text) {
    static const std::vector<std::string> kPieces = [] {
      auto pieces = msp::testing::Words(R"(
        { } [ ] : , " \ \" \u \ud800 \udc00 \ud83d\ude00 \u0000 null true false tru nul 1 0
        - -0 01 1. .5 1e 1e5 1E+2 1e400 18446744073709551616 9223372036854775808
        0.1000000000000000055511151231257827 [] {} "" "data": "text": "item":{ [[[[[[[[
        ]]]]]]]] // /**/ NaN Infinity 0x10 "amount": "last4":
      )");
      using namespace std::string_literals;
      for (const char c : "\0 \n\t\r\x0c\x0b\x1f\x7f\xC3\x80\xff"s) pieces.emplace_back(1, c);
      for (const char* piece :
           {"\xC3\xA9", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF0\x9F\x98\x80", "\xEF\xBB\xBF"})
        pieces.emplace_back(piece);
      return pieces;
    }();
    const std::size_t at = Below(text.size() + 1);
    const std::size_t length = Below(std::min<std::size_t>(text.size() - at, 1 + Below(40)) + 1);
    switch (Below(8)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(random_());
        return;
      case 1:
        text.erase(at, length);
        return;
      case 2:
        text.insert(at, text.substr(at, length));
        return;
      case 3:
        text.resize(at);
        return;
      case 4: {
        const std::string& other = Pick(documents_);
        const std::size_t from = Below(other.size());
        text.insert(at, other.substr(from, Below(60)));
        return;
      }
      case 5:
        text.replace(at, length, Pick(kPieces));
        return;
      case 6:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << Below(8)));
        return;
      default:
        text.insert(at, Pick(kPieces));
    }
  }

  std::vector<std::string> documents_;
  std::mt19937_64 random_;
};

TEST_F(Differential, SeededMutations) {
  const std::int64_t rounds = FromEnvironment("MSP_DIFFERENTIAL_ROUNDS", 100'000);
  const std::int64_t seed = FromEnvironment("MSP_DIFFERENTIAL_SEED", 20261122);
  std::cout << rounds << " mutations from seed " << seed << "\n";
  Mutator mutator(AllDocuments(), static_cast<std::uint64_t>(seed));
  for (std::int64_t i = 0; i < rounds; ++i) {
    Compare(mutator.Next());
    if (HasFatalFailure()) {
      FAIL() << "in round " << i << " of seed " << seed;
    }
  }
}

}  // namespace
}  // namespace msp::codec
