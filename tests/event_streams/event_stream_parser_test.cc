// SPDX-License-Identifier: Apache-2.0

#include "service/event_streams/event_stream_parser.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace msp::event_streams {
namespace {

using std::string_literals::operator""s;

struct Read {
  std::int64_t events = 0;
  std::string id;
  std::int64_t retry_ms = -1;
  bool operator==(const Read&) const = default;
};
void PrintTo(const Read& read, std::ostream* out) {
  *out << read.events << " events, id '" << read.id << "', retry " << read.retry_ms;
}

Read ReadInPieces(const std::string& stream, std::size_t size) {
  EventStreamParser parser;
  for (std::size_t at = 0; at < stream.size(); at += size)
    EXPECT_TRUE(parser.Feed(std::string_view(stream).substr(at, size)));
  return {parser.TakeEvents(), parser.last_event_id(), parser.retry_ms().value_or(-1)};
}

struct ParseCase {
  const char* name;
  std::string stream;
  Read read;
};

TEST(EventStreamParser, ReadsAsTheStandardSays) {
  const std::vector<ParseCase> cases{
      {"one event", "id: 7\nevent: session.order\nretry: 1500\ndata: {}\n\n", {1, "7", 1500}},
      {"without its end", "id: 7\ndata: {}\n", {0, "", -1}},
      {"CR", "id: 1\rdata: a\r\rdata: b\r\r", {2, "1", -1}},
      {"CRLF", "id: 1\r\ndata: a\r\n\r\ndata: b\r\n\r\n", {2, "1", -1}},
      {"all three ends", "data: a\n\rdata: b\r\n\n", {2, "", -1}},
      {"several lines of data are one event", "data: a\ndata: b\ndata\n\n", {1, "", -1}},
      {"data without a value", "data\n\n", {1, "", -1}},
      {"comments", ": hello\n\n:\n\n: data: a\n\n", {0, "", -1}},
      {"an id alone is no event, and counts", "id: 5\n\n", {0, "5", -1}},
      {"an id stays for later events", "id: 5\ndata: a\n\ndata: b\n\n", {2, "5", -1}},
      {"an empty id takes it back", "id: 5\ndata: a\n\nid\ndata: b\n\n", {2, "", -1}},
      {"one space belongs to the colon", "id:  x\ndata:a\n\n", {1, " x", -1}},
      {"a NUL in an id", "id: 5\n\nid: a\0b\n\n"s, {0, "5", -1}},
      {"an id that is too long", "id: 5\n\nid: " + std::string(1025, 'x') + "\n\n", {0, "5", -1}},
      {"the longest id", "id: " + std::string(1024, 'x') + "\n\n", {0, std::string(1024, 'x')}},
      {"names are taken as they are", "Data: a\n data: b\nID: 3\n\n", {0, "", -1}},
      {"unknown fields", "color: red\nevents: x\n\n", {0, "", -1}},
      {"retry of digits alone", "retry: 12x\nretry: -1\nretry:\nretry: 1234567890\n\n", {}},
      {"the last retry", "retry: 10\nretry: 20\n", {0, "", 20}},
      {"a byte order mark",
       "\xEF\xBB\xBF"
       "data: a\n\n",
       {1, "", -1}},
      {"one alone on its line", "\xEF\xBB\xBF\ndata: a\n\n", {1, "", -1}},
      {"a second mark is text",
       "\xEF\xBB\xBF\xEF\xBB\xBF"
       "data: a\n\n",
       {0, "", -1}},
      {"a mark later is text",
       "\n\xEF\xBB\xBF"
       "data: a\n\n",
       {0, "", -1}},
  };
  for (const ParseCase& one : cases) {
    for (const std::size_t size : {1U, 2U, 3U, 7U, 4096U})
      EXPECT_EQ(ReadInPieces(one.stream, size), one.read) << one.name << " in pieces of " << size;
  }
}

TEST(EventStreamParser, CountsEventsOnce) {
  EventStreamParser parser;
  EXPECT_TRUE(parser.Feed("data: a\n\ndata: b\n\n"));
  EXPECT_EQ(parser.TakeEvents(), 2);
  EXPECT_EQ(parser.TakeEvents(), 0);
}

TEST(EventStreamParser, AnEventIsBoundedWhateverItIsMadeOf) {
  constexpr std::size_t kMax = EventStreamParser::kEventBytesMax;
  for (const std::string& line : {std::string("data: ") + std::string(90, 'x') + "\n",
                                  ":" + std::string(95, 'x') + "\n", std::string(96, 'x')}) {
    EventStreamParser parser;
    std::size_t fed = 0;
    while (parser.Feed(line) && fed < 2 * kMax) fed += line.size();
    EXPECT_LT(fed, kMax + 2'000) << line;
    EXPECT_GT(fed, kMax - 200) << line;
    EXPECT_FALSE(parser.Feed("\n\n"));
    EXPECT_EQ(parser.TakeEvents(), 0) << "what is too long is no event";
  }
  // Any number of them that fit.
  EventStreamParser parser;
  const std::string event = "data: " + std::string(kMax - 6, 'x') + "\n\n";
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(parser.Feed(event));
  EXPECT_EQ(parser.TakeEvents(), 3);
}

TEST(EventStreamParser, AnotherConnectionBeginsWithTheIdAndNothingElse) {
  EventStreamParser parser;
  EXPECT_TRUE(parser.Feed("retry: 700\nid: 3\ndata: a\n\nid: 4\ndata: b\n\r"));
  EXPECT_EQ(parser.TakeEvents(), 2);
  EXPECT_TRUE(parser.Feed("\nid: 5\ndata: half"));
  parser.Restart();
  EXPECT_EQ(parser.last_event_id(), "4");
  EXPECT_EQ(parser.retry_ms(), 700);
  EXPECT_TRUE(parser.Feed("\xEF\xBB\xBF: the rest of a line would be no comment\n\n"));
  EXPECT_EQ(parser.TakeEvents(), 0);
  EXPECT_EQ(parser.last_event_id(), "4");
  // One that was too long does not end the next.
  EXPECT_FALSE(parser.Feed(std::string(EventStreamParser::kEventBytesMax + 1, 'x')));
  parser.Restart();
  EXPECT_TRUE(parser.Feed("\ndata: c\n\n"));
  EXPECT_EQ(parser.TakeEvents(), 1);
}

}  // namespace
}  // namespace msp::event_streams
