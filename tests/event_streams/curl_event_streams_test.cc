// SPDX-License-Identifier: Apache-2.0

// Event streams before a scripted upstream: what is sent, when they come again and when they do
// not.
#include "service/event_streams/curl_event_streams.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/connect_proxy.h"
#include "tests/testing/environment.h"
#include "tests/testing/gate.h"
#include "tests/testing/upstream.h"

namespace msp::event_streams {
namespace {

using std::chrono::milliseconds;
using testing::CloseMode;
using ::testing::ElementsAre;
using testing::kWaitMax;
using testing::RecordedRequest;
using testing::Reply;
using testing::Upstream;

constexpr char kStart[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n";
constexpr char kQuick[] = "retry: 500\n";

std::string Event(int id) { return "id: " + std::to_string(id) + "\ndata: {}\n\n"; }
// A stream that stays open after these events.
Reply Stream(const std::string& events, CloseMode ending = CloseMode::kKeepAlive) {
  return Reply::Raw(kStart + events, ending);
}

// The signals of a stream, in order.
class Signals {
 public:
  EventStreams::OnSignal Take() {
    return [this](EventStreams::Id id, StreamSignal signal) {
      MutexLock lock(mutex_);
      ids_.push_back(id);
      signals_.push_back(signal);
      changed_.NotifyAll();
    };
  }
  // Waits until this one has come so often.
  void WaitFor(StreamSignal signal, int times = 1) {
    const auto until = std::chrono::steady_clock::now() + kWaitMax;
    MutexLock lock(mutex_);
    while (std::count(signals_.begin(), signals_.end(), signal) < times) {
      if (!changed_.WaitUntil(mutex_, until) && std::chrono::steady_clock::now() >= until) {
        ADD_FAILURE() << "signal " << static_cast<int>(signal) << " did not come";
        return;
      }
    }
  }
  std::vector<StreamSignal> all() {
    MutexLock lock(mutex_);
    return signals_;
  }
  std::vector<EventStreams::Id> ids() {
    MutexLock lock(mutex_);
    return ids_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<StreamSignal> signals_ ABSL_GUARDED_BY(mutex_);
  std::vector<EventStreams::Id> ids_ ABSL_GUARDED_BY(mutex_);
};

class Streaming : public ::testing::Test {
 protected:
  std::unique_ptr<CurlEventStreams> Start(const std::function<void(EventStreamOptions&)>& change =
                                              [](EventStreamOptions&) {}) {
    EventStreamOptions options{.api_url = upstream.url() + "/v1/json"};
    change(options);
    auto streams = CurlEventStreams::Create(std::move(options), counts);
    if (!streams.ok()) {
      ADD_FAILURE() << streams.status();
      std::abort();
    }
    return *std::move(streams);
  }
  EventStreams::OpenResult Open(EventStreams& streams) {
    return streams.Open({.url = upstream.url() + "/events/stream/", .token = "token-1"},
                        signals.Take());
  }
  void OpenAnother(EventStreams& streams, Signals& taker) {
    streams.Open({.url = upstream.url() + "/s", .token = "t"}, taker.Take());
  }
  std::int64_t Count(StreamCount what) const { return counts.At(what); }

  Upstream upstream;
  StreamCounts counts;
  Signals signals;
};

TEST_F(Streaming, SendsTheStandardHeadersAndSignalsTheEvents) {
  upstream.Script([](const RecordedRequest&) { return Stream(Event(1) + Event(2)); });
  const auto streams = Start();
  const EventStreams::OpenResult result = Open(*streams);
  EXPECT_EQ(result.opened, StreamOpened::kOpened);
  signals.WaitFor(StreamSignal::kEvents);
  EXPECT_EQ(signals.all()[0], StreamSignal::kConnected);
  EXPECT_EQ(signals.ids()[0], result.id);
  const RecordedRequest request = upstream.requests().at(0);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/events/stream/");
  EXPECT_EQ(request.Header("accept"), "text/event-stream");
  EXPECT_EQ(request.Header("authorization"), "Bearer token-1");
  EXPECT_EQ(request.Header("cache-control"), "no-store");
  EXPECT_THAT(request.Header("user-agent"), ::testing::StartsWith("multisafepay-grpc/"));
  EXPECT_EQ(request.Header("last-event-id"), "");
  EXPECT_EQ(request.Header("api_key"), "") << "an API key has no business there";
  EXPECT_EQ(Count(StreamCount::kConnected), 1);
  EXPECT_EQ(Count(StreamCount::kEvent), 2);
  EXPECT_EQ(counts.open, 1);
}

TEST_F(Streaming, ResumesAfterTheLastEventWhenTheConnectionBreaks) {
  upstream.Script([](const RecordedRequest& request) {
    if (request.connection == 0) return Stream(kQuick + Event(7), CloseMode::kFin);
    if (request.connection == 1) return Stream("id: 8\ndata: half", CloseMode::kFin);
    if (request.connection == 2) return Stream(Event(9), CloseMode::kFin);
    return Stream("");
  });
  const auto streams =
      Start([](EventStreamOptions& options) { options.lasting = milliseconds(0); });
  Open(*streams);
  signals.WaitFor(StreamSignal::kConnected, 4);
  const std::vector<RecordedRequest> requests = upstream.requests();
  ASSERT_EQ(requests.size(), 4U);
  EXPECT_EQ(requests[0].Header("last-event-id"), "");
  EXPECT_EQ(requests[1].Header("last-event-id"), "7");
  EXPECT_EQ(requests[2].Header("last-event-id"), "7") << "an event that did not end is none";
  EXPECT_EQ(requests[3].Header("last-event-id"), "9") << "nor does the next one begin with it";
  EXPECT_EQ(Count(StreamCount::kEvent), 2);
  EXPECT_EQ(Count(StreamCount::kReconnect), 3);
  EXPECT_EQ(counts.open, 1);
}

TEST_F(Streaming, AnIdThatIsNoHeaderIsNotSent) {
  upstream.Script([](const RecordedRequest& request) {
    return request.connection == 0 ? Stream("id: a\x01\nretry: 500\ndata\n\n", CloseMode::kFin)
                                   : Stream("");
  });
  const auto streams = Start();
  Open(*streams);
  signals.WaitFor(StreamSignal::kConnected, 2);
  EXPECT_EQ(upstream.requests()[1].Header("last-event-id"), "");
}

TEST_F(Streaming, DoesNotComeAgainWhereItIsNotWelcome) {
  const std::vector<std::string> answers{
      "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}",
      "HTTP/1.1 403 Forbidden\r\nContent-Type: text/event-stream\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 204 No Content\r\n\r\n",
      "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\ndata: a\n\nabcde",
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-streams\r\n\r\ndata: a\n\n",
      "HTTP/1.1 200 OK\r\n\r\ndata: a\n\n"};
  for (const std::string& answer : answers) {
    upstream.Script(
        [&](const RecordedRequest&) { return Reply::Raw(answer, CloseMode::kKeepAlive); });
    Signals other_signals;
    const auto streams = Start();
    const auto before = upstream.requests().size();
    OpenAnother(*streams, other_signals);
    other_signals.WaitFor(StreamSignal::kEnded);
    EXPECT_THAT(other_signals.all(), ElementsAre(StreamSignal::kEnded)) << answer.substr(0, 60);
    EXPECT_EQ(upstream.requests().size(), before + 1) << answer.substr(0, 60);
    upstream.WaitForEnded(upstream.connections());  // It is not kept for the next one.
    EXPECT_EQ(counts.open, 0);
  }
  EXPECT_EQ(Count(StreamCount::kRefused), static_cast<std::int64_t>(answers.size()));
  EXPECT_EQ(Count(StreamCount::kEvent), 0);
}

TEST_F(Streaming, IsGivenUpAfterFailuresInARow) {
  for (const Reply& reply :
       {Reply::Close(CloseMode::kRst), Reply::Json(500, "{}"), Reply::Json(429, "{}"),
        Reply::Json(408, "{}"), Stream(std::string(70'000, 'x')), Stream("", CloseMode::kFin),
        Reply::Raw("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n", CloseMode::kFin),
        Reply::Raw("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX: " +
                       std::string(70'000, 'x') + "\r\n\r\n",
                   CloseMode::kKeepAlive)}) {
    upstream.Script([&](const RecordedRequest&) { return reply; });
    Signals other_signals;
    const auto streams = Start([](EventStreamOptions& options) { options.failures_max = 0; });
    OpenAnother(*streams, other_signals);
    other_signals.WaitFor(StreamSignal::kEnded);
    EXPECT_EQ(other_signals.all().back(), StreamSignal::kEnded);
  }
  EXPECT_EQ(Count(StreamCount::kGivenUp), 8);
  EXPECT_EQ(Count(StreamCount::kReconnect), 0);
}

TEST_F(Streaming, AnInterimAnswerIsNone) {
  upstream.Script([](const RecordedRequest&) {
    return Reply::Raw(
        std::string("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n") + kStart + Event(1),
        CloseMode::kKeepAlive);
  });
  const auto streams = Start();
  Open(*streams);
  signals.WaitFor(StreamSignal::kEvents);
  EXPECT_EQ(signals.all()[0], StreamSignal::kConnected);
}

TEST_F(Streaming, GoesThroughTheProxyThatWasGivenAndThroughNoOther) {
  testing::ConnectProxy proxy;
  testing::ConnectProxy other;
  const testing::ScopedEnvironment environment(
      {{"http_proxy", other.url()}, {"all_proxy", other.url()}});
  upstream.Script([](const RecordedRequest&) { return Stream(Event(1)); });
  {
    const auto streams = Start();
    Open(*streams);
    signals.WaitFor(StreamSignal::kEvents);
    EXPECT_EQ(proxy.connections(), 0);
  }
  {
    const auto streams = Start([&](EventStreamOptions& options) { options.proxy = proxy.url(); });
    Open(*streams);
    signals.WaitFor(StreamSignal::kEvents, 2);
  }
  EXPECT_EQ(Count(StreamCount::kConnected), 2) << "the proxy's own answer is no stream";
  upstream.Script([](const RecordedRequest&) { return Reply::Close(CloseMode::kRst); });
  Signals other_signals;
  const auto streams = Start([&](EventStreamOptions& options) {
    options.proxy = proxy.url();
    options.failures_max = 0;
  });
  OpenAnother(*streams, other_signals);
  other_signals.WaitFor(StreamSignal::kEnded);
  EXPECT_EQ(Count(StreamCount::kGivenUp), 1);
  EXPECT_EQ(Count(StreamCount::kRefused), 0) << "nor is it an answer of the stream's";
  EXPECT_EQ(proxy.connections(), 2);
  EXPECT_EQ(other.connections(), 0);
}

TEST_F(Streaming, OneThatLastedBeginsToCountAgain) {
  upstream.Script([](const RecordedRequest& request) {
    if (request.connection == 1) return Reply::Close(CloseMode::kRst);
    return request.connection < 3 ? Stream(kQuick, CloseMode::kFin) : Stream("");
  });
  const auto streams = Start([](EventStreamOptions& options) {
    options.failures_max = 2;
    options.lasting = milliseconds(0);
  });
  Open(*streams);
  signals.WaitFor(StreamSignal::kConnected, 3);
  EXPECT_EQ(Count(StreamCount::kGivenUp) + Count(StreamCount::kRefused), 0);
}

TEST_F(Streaming, EndsAtItsAgeAndDoesNotComeAgain) {
  upstream.Script([](const RecordedRequest&) { return Stream(kQuick); });
  const auto streams =
      Start([](EventStreamOptions& options) { options.age_max = milliseconds(300); });
  Open(*streams);
  signals.WaitFor(StreamSignal::kEnded);
  EXPECT_EQ(Count(StreamCount::kGivenUp), 1);
  EXPECT_EQ(Count(StreamCount::kReconnect), 0);
  EXPECT_EQ(upstream.connections(), 1);
}

TEST_F(Streaming, WaitsAsRetryAfterSays) {
  upstream.Script([](const RecordedRequest& request) {
    if (request.connection == 0) return Reply::Json(503, "{}").Header("Retry-After", "3");
    return Stream("");
  });
  const auto streams = Start();
  const auto start = std::chrono::steady_clock::now();
  Open(*streams);
  signals.WaitFor(StreamSignal::kConnected);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
}

TEST_F(Streaming, ConnectsAgainAfterSilenceAndWhereNoAnswerComes) {
  upstream.Script([](const RecordedRequest& request) {
    if (request.connection == 0) return Reply::Raw("HTTP/1.1 200 OK\r\n", CloseMode::kKeepAlive);
    return Stream(kQuick);
  });
  const auto streams = Start([](EventStreamOptions& options) {
    options.answer_max = milliseconds(200);
    options.silence_max = milliseconds(200);
  });
  Open(*streams);
  signals.WaitFor(StreamSignal::kConnected, 2);
  EXPECT_GE(Count(StreamCount::kReconnect), 2);
  upstream.WaitForEnded(2);
}

TEST_F(Streaming, ATokenGoesNowhereElse) {
  Upstream other;
  const auto streams = Start();
  for (const std::string& url :
       {other.url() + "/events/stream/", std::string("https://evil.example/"),
        std::string("nonsense"), upstream.url() + "/" + std::string(2'100, 'x'), std::string()}) {
    EXPECT_EQ(streams->Open({.url = url, .token = "t"}, signals.Take()).opened,
              StreamOpened::kBadAddress)
        << url;
  }
  EXPECT_EQ(Count(StreamCount::kBadAddress), 5);
  for (const std::string& token : {std::string(), std::string("a b"), std::string("a\r\nX: y"),
                                   std::string("a\xC3"), std::string(4'097, 'x')}) {
    EXPECT_EQ(streams->Open({.url = upstream.url() + "/s", .token = token}, signals.Take()).opened,
              StreamOpened::kBadToken)
        << token;
  }
  EXPECT_EQ(Count(StreamCount::kBadToken), 5);
  EXPECT_EQ(counts.open, 0);
  streams->Stop();
  EXPECT_EQ(other.connections() + upstream.connections(), 0);
  EXPECT_TRUE(signals.all().empty());
}

TEST_F(Streaming, AreBoundedInNumberAndAClosedOneMakesRoom) {
  upstream.Script([](const RecordedRequest&) { return Stream(""); });
  const auto streams = Start([](EventStreamOptions& options) { options.streams_max = 2; });
  const EventStreams::OpenResult first = Open(*streams);
  EXPECT_EQ(Open(*streams).opened, StreamOpened::kOpened);
  EXPECT_EQ(Open(*streams).opened, StreamOpened::kFull);
  EXPECT_EQ(Count(StreamCount::kFull), 1);
  EXPECT_EQ(counts.open, 2);
  streams->Close(first.id);
  streams->Close(first.id);
  streams->Close(4'711);
  EXPECT_EQ(counts.open, 1);
  EXPECT_EQ(Open(*streams).opened, StreamOpened::kOpened);
}

TEST_F(Streaming, AClosedOneIsNotReadAnyMore) {
  upstream.Script([](const RecordedRequest&) { return Stream(kQuick); });
  const auto streams = Start();
  const EventStreams::OpenResult result = Open(*streams);
  signals.WaitFor(StreamSignal::kConnected);
  upstream.WaitForIdle(1);
  streams->Close(result.id);
  upstream.WaitForEnded(1);
  EXPECT_EQ(upstream.connections(), 1);
  EXPECT_EQ(signals.all().size(), 1U);
}

TEST_F(Streaming, StopEndsThemAtOnceAndOpensNoneAnyMore) {
  upstream.Script([](const RecordedRequest&) { return Stream(Event(1)); });
  const auto streams = Start();
  for (int i = 0; i < 3; ++i) Open(*streams);
  signals.WaitFor(StreamSignal::kEvents, 3);
  const auto start = std::chrono::steady_clock::now();
  streams->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  EXPECT_EQ(counts.open, 0);
  const std::size_t received = signals.all().size();
  EXPECT_EQ(Open(*streams).opened, StreamOpened::kStopped);
  streams->Stop();
  EXPECT_EQ(signals.all().size(), received);
}

// As a watcher does whose order has ended.
TEST_F(Streaming, MayBeClosedFromASignal) {
  upstream.Script([](const RecordedRequest&) { return Stream(Event(1)); });
  Signals other_signals;
  const auto streams = Start();
  auto pass = std::make_shared<EventStreams::OnSignal>(other_signals.Take());
  EventStreams& closed = *streams;
  streams->Open({.url = upstream.url() + "/s", .token = "t"},
                [&closed, pass](EventStreams::Id id, StreamSignal signal) {
                  closed.Close(id);
                  (*pass)(id, signal);
                });
  other_signals.WaitFor(StreamSignal::kConnected);
  EXPECT_EQ(counts.open, 0);
}

TEST(StreamingByTls, VerifiesThePeer) {
  Upstream upstream(Upstream::Transport::kTls);
  upstream.Script([](const RecordedRequest&) { return Stream(Event(1)); });
  StreamCounts counts;
  {
    Signals signals;
    auto streams = CurlEventStreams::Create(
        {.api_url = upstream.url(), .ca_file = upstream.ca_file()}, counts);
    ASSERT_TRUE(streams.ok());
    (*streams)->Open({.url = upstream.url() + "/s", .token = "t"}, signals.Take());
    signals.WaitFor(StreamSignal::kEvents);
  }
  Signals signals;
  auto streams = CurlEventStreams::Create({.api_url = upstream.url(), .failures_max = 0}, counts);
  ASSERT_TRUE(streams.ok());
  (*streams)->Open({.url = upstream.url() + "/s", .token = "t"}, signals.Take());
  signals.WaitFor(StreamSignal::kEnded);
  EXPECT_EQ(upstream.requests().size(), 1U) << "an unknown authority's server got the token";
}

TEST(StreamingOptions, AreChecked) {
  StreamCounts counts;
  EXPECT_FALSE(CurlEventStreams::Create({.api_url = "nonsense"}, counts).ok());
  EXPECT_FALSE(CurlEventStreams::Create({.api_url = "https://a.b", .streams_max = 0}, counts).ok());
}

}  // namespace
}  // namespace msp::event_streams
