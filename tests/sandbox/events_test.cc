// SPDX-License-Identifier: Apache-2.0

// The event stream of an order as readers of server-sent events see it, and its QR code.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/sandbox/front_fixture.h"

namespace msp::sandbox::testing {
namespace {

// Reads a stream on a thread of its own until it ends or is stopped.
class Reader {
 public:
  Reader(const Running& sandbox, const std::string& token, const std::string& last_id = "")
      : client_(sandbox.NewClient()) {
    client_->set_read_timeout(30);
    httplib::Headers headers = {{"Accept", "text/event-stream"},
                                {"Authorization", "Bearer " + token}};
    if (!last_id.empty()) headers.emplace("Last-Event-ID", last_id);
    thread_ = std::thread([this, headers] {
      const auto result =
          client_->Get("/events/stream/", headers, [this](const char* bytes, std::size_t size) {
            MutexLock lock(mutex_);
            text_.append(bytes, size);
            return !stopped_.load();
          });
      status_ = result ? result->status : -1;
      ended_ = true;
    });
  }
  ~Reader() {
    Stop();
    thread_.join();
  }
  void Stop() {
    stopped_ = true;
    client_->stop();
  }
  bool Has(const std::string& part) {
    return WaitUntil([&] {
      MutexLock lock(mutex_);
      return text_.find(part) != std::string::npos;
    });
  }
  std::string Text() {
    MutexLock lock(mutex_);
    return text_;
  }
  bool Ended() {
    return WaitUntil([&] { return ended_.load(); });
  }
  int status() const { return status_; }

 private:
  std::unique_ptr<httplib::Client> client_;
  Mutex mutex_;
  std::string text_;
  std::atomic<bool> stopped_{false};
  std::atomic<bool> ended_{false};
  std::atomic<int> status_{0};
  std::thread thread_;
};

TEST(Events, ReportEachChangeOfTheOrder) {
  Running sandbox;
  const Json data = sandbox.Create(CloudOrder("o", "00000MAN")).data();
  EXPECT_EQ(data["events_stream_url"],
            "http://127.0.0.1:" + std::to_string(sandbox.port()) + "/events/stream/");
  Reader reader(sandbox, data["events_token"]);
  ASSERT_TRUE(reader.Has("\"status\":\"initialized\""));
  sandbox.Control("orders/o/terminal", {{"outcome", "approve"}});
  ASSERT_TRUE(reader.Has("\"status\":\"completed\""));
  const std::string text = reader.Text();
  EXPECT_EQ(text.rfind("id: 1\nevent: session.order\nretry: 1000\ndata: {", 0), 0U) << text;
  EXPECT_NE(text.find("}\n\nid: 2\nevent: session.order\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\"order_id\":\"o\""), std::string::npos);
}

TEST(Events, GoOnAfterTheLastOneSeen) {
  Running sandbox;
  const std::string token = sandbox.Create(CloudOrder("o", "00000MAN")).data()["events_token"];
  sandbox.Control("orders/o/terminal", {{"outcome", "approve"}});
  Reader reader(sandbox, token, "1");
  ASSERT_TRUE(reader.Has("id: 2\n"));
  EXPECT_EQ(reader.Text().find("id: 1\n"), std::string::npos);
}

TEST(Events, AreForTheHolderOfTheToken) {
  Running sandbox{CloudOrder("o", "00000MAN")};
  for (const char* token : {"", "Bearer ", "Bearer wrong", "wrong"}) {
    const ClientResponse answer =
        sandbox.Call("GET", "/events/stream/", std::string(), {{"Authorization", token}});
    EXPECT_EQ(answer.status, 401) << token;
  }
  EXPECT_EQ(sandbox.Call("GET", "/events/stream/").status, 401) << "an API key opens none";
  EXPECT_EQ(sandbox.Call("GET", "/events/").status, 404);
  EXPECT_EQ(sandbox.Call("POST", "/events/stream/").status, 405);
}

TEST(Events, EndWhenTheyAreCutAndWhenTheSandboxStops) {
  auto sandbox = std::make_unique<Running>();
  const std::string token = sandbox->Create(CloudOrder("o", "00000MAN")).data()["events_token"];
  {
    Reader cut(*sandbox, token);
    ASSERT_TRUE(cut.Has("id: 1\n"));
    sandbox->Control("events/disconnect");
    EXPECT_TRUE(cut.Ended());
  }
  Reader last(*sandbox, token);
  ASSERT_TRUE(last.Has("id: 1\n"));
  sandbox.reset();
  EXPECT_TRUE(last.Ended());
}

TEST(Events, ComeWithEveryOrderWhereAskedFor) {
  Running sandbox({.settings = {.events_members = true}});
  const Json order = CardOrder("direct", "5555555555554444");
  Reader reader(sandbox, sandbox.Create(order).data()["events_token"]);
  sandbox.Control("orders/direct/3ds", {{"result", "Y"}});
  EXPECT_TRUE(reader.Has("\"status\":\"completed\""));
  EXPECT_TRUE(sandbox.Create(RedirectOrder("redirect")).data().contains("events_stream_url"));
}

TEST(Events, QrCodesAreDrawn) {
  Running sandbox;
  const Json order = With(MethodOrder("o", "IDEALQR"), "/gateway_info/qr_size", 300);
  const std::string url = sandbox.Create(order).data()["qr_url"];
  const std::string path = url.substr(url.find("/qr/"));
  const ClientResponse picture = sandbox.Open(path);
  EXPECT_EQ(picture.status, 200);
  EXPECT_EQ(picture.Header("Content-Type"), "image/svg+xml");
  EXPECT_NE(picture.text.find("width=\"300\""), std::string::npos);
  EXPECT_NE(picture.text.find("<path d=\"M4 4h1v1h-1z"), std::string::npos) << "a finder's corner";
  EXPECT_EQ(sandbox.Call("GET", "/qr/none.svg").status, 404);
}

}  // namespace
}  // namespace msp::sandbox::testing
