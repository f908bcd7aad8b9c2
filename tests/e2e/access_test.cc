// SPDX-License-Identifier: Apache-2.0

// Who may call: sites, mutual TLS and their limits, as a real client meets them.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "multisafepay/v1/payment_method_service.grpc.pb.h"
#include "tests/e2e/end_to_end.h"
#include "tests/testing/authority.h"
#include "tests/testing/http_get.h"
#include "tests/testing/wait.h"

namespace msp::e2e {
namespace {

using msp::testing::Authority;
using msp::testing::Folder;
using msp::testing::Issued;
using msp::testing::ServerProcess;
using msp::testing::WaitUntil;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kName[] = "DNS:localhost,IP:127.0.0.1";

// A server with two sites, "nl" bound to a client's name and "be" for all, behind mutual TLS.
class Access : public EndToEnd {
 protected:
  void SetUp() override {
    upstream().Script([](const RecordedRequest& request) {
      const std::string key(request.Header("api_key"));
      if (key == "revoked-key-00")
        return Reply::Json(401, R"({"success":false,"data":{},)"
                                R"("error_code":1032,"error_info":"x"})");
      if (request.target.starts_with("/v1/json/gateways"))
        return Reply::Json(200, R"({"success":true,"data":[]})");
      return RespondAsMultiSafepay(request);
    });
    PutKey("nl.key", "key-of-site-nl");
    PutKey("be.key", "key-of-site-be");
    PutPair(authority_.Issue(kName));
    PutAuthorities(authority_.pem());
    PutSites();
  }

  void PutKey(const std::string& file, const std::string& key) { folder_.Put(file, key + "\n"); }
  void PutPair(const Issued& issued) {
    folder_.Put("cert.pem", issued.cert);
    folder_.Put("key.pem", issued.key);
  }
  void PutAuthorities(const std::string& pem) { folder_.Put("ca.pem", pem); }
  void PutSites(const std::string& be_limits = "") {
    folder_.Put("sites.json", R"({"sites": [
      {"name": "nl", "key_file": "nl.key", "identities": ["spiffe://shops/nl"]},
      {"name": "be", "key_file": "be.key")" +
                                  be_limits + "}]}");
  }

  ServerProcess& tls_server(std::vector<std::string> more = {}) {
    if (tls_server_ != nullptr) return *tls_server_;
    std::vector<std::string> arguments{
        "--sites_file=" + folder_.path("sites.json"), "--tls_cert_file=" + folder_.path("cert.pem"),
        "--tls_key_file=" + folder_.path("key.pem"),
        "--tls_client_ca_file=" + folder_.path("ca.pem"), "--reload_ms=50"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    tls_server_ =
        std::make_unique<ServerProcess>(upstream().url() + "/v1/json", std::move(arguments),
                                        std::map<std::string, std::string>{{"MSP_API_KEY", ""}});
    return *tls_server_;
  }

  std::shared_ptr<grpc::Channel> Dial(const Issued& client) {
    return DialAnew(tls_server().address(), {},
                    grpc::SslCredentials({.pem_root_certs = authority_.pem(),
                                          .pem_private_key = client.key,
                                          .pem_cert_chain = client.cert}));
  }

  static Called<v1::ListGatewaysResponse> List(const std::shared_ptr<grpc::Channel>& channel,
                                               const std::string& site) {
    return Call(channel, &v1::PaymentMethodService::Stub::ListGateways, "", site);
  }

  std::string LastKey() { return std::string(upstream().requests().back().Header("api_key")); }
  double Metric(const std::string& series) {
    return msp::testing::MetricOf(tls_server().ops(), series);
  }

  const Folder folder_;
  const Authority authority_;
  const Authority other_{"somebody else's authority"};
  const Issued nl_ = authority_.Issue("URI:spiffe://shops/nl");
  const Issued be_ = authority_.Issue("URI:spiffe://shops/be");
  std::unique_ptr<ServerProcess> tls_server_;
};

TEST_F(Access, EachSiteCallsWithItsOwnKey) {
  const auto channel = Dial(nl_);
  EXPECT_TRUE(List(channel, "nl").ok());
  EXPECT_EQ(LastKey(), "key-of-site-nl");
  EXPECT_TRUE(List(channel, "be").ok());
  EXPECT_EQ(LastKey(), "key-of-site-be");
  EXPECT_TRUE(List(channel, "").ok());  // By its certificate.
  EXPECT_EQ(LastKey(), "key-of-site-nl");
}

TEST_F(Access, TheWrongIdentityForASiteIsRefusedLoggedAndSendsNothing) {
  const auto call = List(Dial(be_), "nl");
  EXPECT_EQ(call.Summary(), "PERMISSION_DENIED NOT_SENT SITE_FORBIDDEN");
  EXPECT_TRUE(upstream().requests().empty());
  const std::string line = tls_server().process().WaitForError("SITE_FORBIDDEN");
  EXPECT_THAT(tls_server().logs(), HasSubstr(R"("peer_identity":"spiffe://shops/be")"));
  EXPECT_EQ(
      Metric(
          R"(msp_calls_total{code="PERMISSION_DENIED",method="ListGateways",outcome="NOT_SENT"})"),
      1);
}

TEST_F(Access, AnUnknownSiteIsABadArgumentWithItsPlace) {
  const auto call = List(Dial(nl_), "de");
  EXPECT_EQ(call.status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(call.reason(), "UNKNOWN_SITE");
  EXPECT_THAT(call.error().Fields(), ElementsAre("metadata.x-msp-site"));
}

TEST_F(Access, ClientsWithoutACertificateOfOursDoNotGetIn) {
  const std::vector<std::pair<const char*, Issued>> clients{
      {"none", {}},
      {"of another authority", other_.Issue("URI:spiffe://shops/nl")},
      {"expired", authority_.Issue("URI:spiffe://shops/nl", -7200, -60)},
      {"not valid yet", authority_.Issue("URI:spiffe://shops/nl", 3600, 7200)},
  };
  tls_server();
  double failed = 0;
  for (const auto& [what, client] : clients) {
    EXPECT_EQ(List(Dial(client), "nl").status.error_code(), grpc::UNAVAILABLE) << what;
    const double now = Metric("msp_tls_handshakes_failed_total");
    EXPECT_GT(now, failed) << what;
    failed = now;
  }
  EXPECT_THAT(tls_server().logs(),
              AllOf(HasSubstr(R"("event":"handshake_failed")"),
                    HasSubstr("did not return a certificate"), HasSubstr("verify failed")));
  EXPECT_TRUE(upstream().requests().empty());
  EXPECT_TRUE(List(Dial(nl_), "nl").ok());
}

TEST_F(Access, ACallerWithoutTlsIsTurnedAway) {
  const auto plain =
      grpc::CreateChannel(tls_server().address(), grpc::InsecureChannelCredentials());
  EXPECT_EQ(List(plain, "nl").status.error_code(), grpc::UNAVAILABLE);
  EXPECT_TRUE(List(Dial(nl_), "nl").ok());
}

TEST_F(Access, ASiteBeyondItsRateWaitsAndTheOthersDoNot) {
  PutSites(R"(, "calls_per_s": 1)");
  const auto channel = Dial(nl_);
  EXPECT_TRUE(List(channel, "be").ok());
  const auto second = List(channel, "be");
  EXPECT_EQ(second.Summary(), "RESOURCE_EXHAUSTED NOT_SENT SITE_LIMIT");
  ASSERT_TRUE(second.error().retry.has_value());
  EXPECT_GT(second.error().retry->retry_delay().nanos(), 0);
  EXPECT_TRUE(List(channel, "nl").ok());
  EXPECT_EQ(Metric(R"(msp_site_calls_refused_total{site="be"})"), 1);
}

TEST_F(Access, ABrokenPairIsRefusedAndLoggedAndTheOldOneServes) {
  tls_server();
  PutPair({.cert = authority_.Issue(kName).cert, .key = authority_.Issue(kName).key});
  tls_server().process().WaitForError("reload_refused");
  EXPECT_THAT(tls_server().logs(), HasSubstr("is not the key of the certificate"));
  EXPECT_EQ(Metric(R"(msp_reload_refused{what="tls"})"), 1);
  EXPECT_TRUE(List(Dial(nl_), "nl").ok());
  PutPair(authority_.Issue(kName));
  tls_server().process().WaitForError(R"("event":"reloaded","what":"tls")");
  EXPECT_EQ(Metric(R"(msp_reload_refused{what="tls"})"), 0);
  EXPECT_TRUE(List(Dial(nl_), "nl").ok());
}

TEST_F(Access, ABrokenSitesFileIsRefusedAndTheSitesServe) {
  const auto channel = Dial(nl_);
  folder_.Put("sites.json", "{");
  tls_server().process().WaitForError("reload_refused");
  EXPECT_TRUE(List(channel, "nl").ok());
}

TEST_F(Access, ReadyzAsksMultiSafepayAboutEachKeyOnRequest) {
  PutKey("be.key", "revoked-key-00");
  const std::string verdict = msp::testing::HttpGet(tls_server().ops(), "/readyz?keys");
  EXPECT_THAT(verdict, AllOf(HasSubstr(" 503 "), HasSubstr("site be: MultiSafepay refuses its key"),
                             HasSubstr("site nl: its key is accepted")));
  EXPECT_THAT(msp::testing::HttpGet(tls_server().ops(), "/readyz"), HasSubstr(" 200 "));
  // Asked again at once, it repeats itself: a client of the port must not make us call.
  const std::size_t before = upstream().requests().size();
  EXPECT_EQ(msp::testing::HttpGet(tls_server().ops(), "/readyz?keys").substr(9, 3), "503");
  EXPECT_EQ(upstream().requests().size(), before);
}

// Calls about 300 times a second, on short-lived connections, until Stop().
class Load {
 public:
  using Dial = std::function<std::shared_ptr<grpc::Channel>()>;
  Load(const Dial& dial, int calls_per_connection)
      : thread_([=, this](const std::stop_token& stop) { Run(stop, dial, calls_per_connection); }) {
  }
  void Stop() {
    thread_.request_stop();
    thread_.join();
  }
  // After Stop().
  int calls() const { return calls_; }
  const std::string& first_error() const { return first_error_; }

 private:
  void Run(const std::stop_token& stop, const Dial& dial, int calls_per_connection) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any pause;  // Ended by `stop` alone.
    std::shared_ptr<grpc::Channel> channel;
    auto next = std::chrono::steady_clock::now();
    for (; !stop.stop_requested(); ++calls_) {
      if (calls_ % calls_per_connection == 0) channel = dial();
      const grpc::Status status =
          Call(channel, &v1::PaymentMethodService::Stub::ListGateways, "", "nl").status;
      if (!status.ok() && first_error_.empty())
        first_error_ = NameOf(status.error_code()) + ": " + status.error_message();
      next += std::chrono::milliseconds(10);  // Three of these make 300 a second.
      pause.wait_until(lock, stop, next, [] { return false; });
    }
  }

  int calls_ = 0;
  std::string first_error_;
  std::jthread thread_;
};

TEST_F(Access, KeysCertificatesAndAuthoritiesRotateUnderLoadWithoutAFailedCall) {
  constexpr int kSwaps = 20;
  tls_server();
  std::vector<std::unique_ptr<Load>> loads;
  for (int i = 0; i < 3; ++i)
    loads.push_back(std::make_unique<Load>([this] { return Dial(nl_); }, 10));
  // The end of a swap is the server's own word that it has taken it.
  const auto taken = [this](const std::string& what, double count) {
    while (Metric(R"(msp_reloads_total{what=")" + what + R"("})") < count) {
    }
  };
  for (int swap = 1; swap <= kSwaps; ++swap) {
    PutKey("nl.key", "key-of-site-nl-" + std::to_string(swap));
    taken("sites", swap);
  }
  for (int swap = 1; swap <= kSwaps; ++swap) {
    PutPair(authority_.Issue(kName));
    taken("tls", swap);
  }
  for (int swap = 1; swap <= kSwaps; ++swap) {
    PutAuthorities(swap % 2 == 0 ? authority_.pem() : other_.pem() + authority_.pem());
    taken("tls", kSwaps + swap);
  }
  int calls = 0;
  for (const auto& load : loads) {
    load->Stop();
    EXPECT_EQ(load->first_error(), "");
    calls += load->calls();
  }
  std::printf("%d calls during %d exchanges\n", calls, 3 * kSwaps);
  EXPECT_EQ(LastKey(), "key-of-site-nl-20");
  // And the last exchange counts: whose authority is gone does not get in.
  PutAuthorities(other_.pem());
  taken("tls", 2 * kSwaps + 1);
  EXPECT_EQ(List(Dial(nl_), "nl").status.error_code(), grpc::UNAVAILABLE);
  EXPECT_TRUE(List(Dial(other_.Issue("URI:spiffe://shops/nl")), "nl").ok());
}

TEST_F(EndToEnd, ConnectionsBeyondTheBoundAreClosedAtOnce) {
  StartServer({"--connections_max=2"});
  const auto dial = [this] { return DialAnew(server().address()); };
  const auto get = [](const std::shared_ptr<grpc::Channel>& channel) {
    return GetOrder(channel).status.error_code();
  };
  const auto first = dial();
  auto second = dial();
  EXPECT_EQ(get(first), grpc::NOT_FOUND);
  EXPECT_EQ(get(second), grpc::NOT_FOUND);
  EXPECT_EQ(get(dial()), grpc::UNAVAILABLE);
  second.reset();
  // The place is free when the server has noticed the close.
  grpc::StatusCode code = grpc::UNAVAILABLE;
  WaitUntil([&] { return (code = get(dial())) != grpc::UNAVAILABLE; });
  EXPECT_EQ(code, grpc::NOT_FOUND);
}

TEST_F(EndToEnd, MetadataBeyondTheBoundIsRefused) {
  StartServer({"--metadata_max_bytes=2048"});
  const auto refused = Call(channel(), &v1::OrderService::Stub::GetOrder, "order_id: 'order-1'",
                            /*site=*/std::string(4096, 'x'));
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  // A client that has not received the SETTINGS yet loses its connection; the next one serves.
  grpc::StatusCode code = grpc::UNAVAILABLE;
  WaitUntil([&] { return (code = Get().status.error_code()) != grpc::UNAVAILABLE; });
  EXPECT_EQ(code, grpc::NOT_FOUND);
}

}  // namespace
}  // namespace msp::e2e
