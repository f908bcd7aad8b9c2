// SPDX-License-Identifier: Apache-2.0

// Settings: where they come from, which ones are refused, and that the key is never shown.
#include "service/config/config.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/config/cores.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to us.

namespace msp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Each test sees the environment as it was at the start.
class Settings : public ::testing::Test {
 protected:
  void SetUp() override { Put("MSP_API_KEY", "abcde12345"); }
  void TearDown() override {
    for (const auto& [name, value] : before_)
      value ? setenv(name.c_str(), value->c_str(), 1) : unsetenv(name.c_str());
    for (const std::string& file : files_) unlink(file.c_str());
  }

  void Put(const std::string& name, const std::string& value) {
    Remember(name);
    setenv(name.c_str(), value.c_str(), 1);
  }
  void Drop(const std::string& name) {
    Remember(name);
    unsetenv(name.c_str());
  }
  std::string File(std::string_view content) {
    files_.push_back(::testing::TempDir() + "msp_config_" + std::to_string(getpid()) + "_" +
                     std::to_string(files_.size()));
    std::ofstream(files_.back()) << content;
    return files_.back();
  }

  static absl::StatusOr<CommandLineAction> Parse(std::vector<std::string> arguments,
                                                 Config& config) {
    arguments.insert(arguments.begin(), "msp-server");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    return ParseSettings(static_cast<int>(argv.size()), argv.data(), config);
  }
  static absl::StatusOr<CommandLineAction> Parse(const std::vector<std::string>& arguments) {
    Config config;
    return Parse(arguments, config);
  }
  static absl::StatusOr<Config> Load(const std::vector<std::string>& arguments) {
    Config config;
    if (const auto ask = Parse(arguments, config); !ask.ok()) return ask.status();
    return LoadConfig(std::move(config));
  }
  // The error of a start with these arguments; "" when it would start.
  static std::string ErrorOf(const std::vector<std::string>& arguments) {
    return std::string(Load(arguments).status().message());
  }

 private:
  void Remember(const std::string& name) {
    if (before_.contains(name)) return;
    const char* value = std::getenv(name.c_str());
    before_[name] = value == nullptr ? std::nullopt : std::optional<std::string>(value);
  }

  std::map<std::string, std::optional<std::string>> before_;
  std::vector<std::string> files_;
};

// options_test holds the other defaults to docs/configuration.md.
TEST_F(Settings, HaveTheirDocumentedDefaults) {
  const auto config = Load({"--api_url=test"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->api_url, "https://testapi.multisafepay.com/v1/json");
  EXPECT_EQ(config->sites.at(0).api_key, "abcde12345");
  EXPECT_EQ(config->threads, CoresOfProcess());
  EXPECT_EQ(config->ops_listen, "127.0.0.1:9464");
  EXPECT_THAT(config->warnings, ::testing::IsEmpty());
  EXPECT_TRUE(config->log_json);
  EXPECT_TRUE(config->trace);
  EXPECT_FALSE(config->trace_spans);
  EXPECT_EQ(config->limits.connection_idle_ms, 0);
}

// gRPC keeps the last bytes that it read for as long as a connection lives.
TEST_F(Settings, ScrubbingMemoryClosesIdleConnections) {
  const auto idle_ms = [this](const std::string& idle, const std::string& scrub) {
    Put("MSP_API_KEY", "abcde12345");  // A start takes it out of the environment.
    const auto config = Load({"--api_url=test", "--connection_idle_ms=" + idle, scrub});
    EXPECT_TRUE(config.ok()) << config.status();
    return config.ok() ? config->limits.connection_idle_ms : -1;
  };
  EXPECT_EQ(idle_ms("0", "--scrub_memory=false"), 0);
  EXPECT_EQ(idle_ms("7", "--scrub_memory=false"), 7);
  EXPECT_EQ(idle_ms("0", "--scrub_memory"), 1'000);
  EXPECT_EQ(idle_ms("5000", "--scrub_memory"), 5'000);
}

TEST_F(Settings, OffMeansNoOperatorsPortAndNoTraces) {
  const auto config = Load({"--api_url=test", "--ops_listen=off", "--trace=off"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->ops_listen, "");
  EXPECT_FALSE(config->trace);
}

TEST_F(Settings, RefusalIsOneLineThatNamesTheSetting) {
  // Values of one setting.
  const struct {
    const char* setting;
    std::vector<const char*> values;
  } values[] = {
      {"--webhook_listen", {"8080"}},
      {"--webhook_window_s", {"0"}},
      {"--events", {"redis", "redis://"}},
      {"--watchers_max", {"0"}},
      {"--watch_poll_first_ms", {"499"}},
      {"--watch_quiet_ms", {"-1"}},
      {"--event_streams_max", {"0"}},
      {"--event_streams", {"perhaps"}},
      {"--api_url",
       {"", "production", "ftp://127.0.0.1/", "HTTP//127.0.0.1", "http://", "https:///v1/json",
        "https://api.example/v1?key=x", "https://api.example/v1#x", "https://api.example/ v1",
        "http://127.0.0.1@evil.example/", "http://localhost.evil.example/"}},
      {"--listen",
       {"50051", "127.0.0.1", ":50051", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1:http", "[::]:50051", "127.evil.example:50051"}},
      {"--threads", {"-1", "65", "two"}},
      {"--http_connections_max", {"1"}},
      {"--http_queue_max", {"-1"}},
      {"--upstream_timeout_ms", {"99", "600001"}},
      {"--drain_delay_ms", {"-1"}},
      {"--drain_timeout_ms", {"999"}},
      {"--call_max_ms", {"0"}},
      {"--connection_age_ms", {"-1"}},
      {"--connection_idle_ms", {"-1"}},
      {"--log_level", {"loud"}},
      {"--log_format", {"xml"}},
      {"--http2", {"maybe"}},
      {"--ops_listen", {"9464", "", "127.0.0.1:65536"}},
      {"--trace", {"always"}},
      {"--upstream_ca_file", {"/nonexistent/ca.pem"}},
      {"--api_key_file", {"/nonexistent/key"}},
      {"--no_such_setting", {"1"}},
  };
  struct Case {
    std::vector<std::string> arguments;
    const char* setting;
  };
  std::vector<Case> cases{
      {{"--api_url=test", "--watch_poll_first_ms=2000", "--watch_poll_max_ms=1999"},
       "--watch_poll_max_ms"},
      {{}, "--api_url"},                                        // A payment service must not guess.
      {{"--api_url=http://api.example/v1/json"}, "--api_url"},  // Cards without TLS.
      {{"--api_url=http://api.example/v1/json", "--allow_plaintext"}, "--api_url"},  // Of the port.
      {{"--api_url=HTTP://api.example/v1/json", "--allow_plaintext"}, "--api_url"},
      {{"--api_url=test", "--listen=0.0.0.0:50051", "--allow_plaintext_upstream"}, "--listen"},
      {{"--api_url=http://127.0.0.1.evil.example/"}, "--api_url"},             // Not the loopback.
      {{"--api_url=https://user:password@api.example/v1/json"}, "--api_url"},  // It is shown.
      {{"--api_url=test", "--listen=0.0.0.0:50051"}, "--listen"},    // Plaintext for everybody.
      {{"--api_url=test", "--call_max_ms=40000"}, "--call_max_ms"},  // Not below the drain timeout.
      {{"--api_url=test", "--connection_age_ms=35456"}, "--connection_age_ms"},  // Outlasts it.
      {{"--api_url=test", "--audit_flush"}, "--audit_flush"},                    // Of what?
      {{"--api_url=test", "--api_key=abcde12345"}, "--api_key"},     // It would show in ps.
      {{"--api_url=test", "--flagfile=/etc/passwd"}, "--flagfile"},  // Not one of ours.
      {{"--api_url=test", "--listen"}, "--listen"},                  // Its value is missing.
      {{"test"}, "test"},
  };
  for (const auto& row : values) {
    for (const char* value : row.values)
      cases.push_back({{"--api_url=test", std::string(row.setting) + "=" + value}, row.setting});
  }
  for (const Case& c : cases) {
    Put("MSP_API_KEY", "abcde12345");
    const std::string error = ErrorOf(c.arguments);
    EXPECT_THAT(error, HasSubstr(c.setting)) << ::testing::PrintToString(c.arguments);
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    EXPECT_THAT(error, Not(HasSubstr("abcde12345")));
  }
}

TEST_F(Settings, UnusualOnesAreTaken) {
  const std::vector<std::vector<std::string>> cases{
      {"--api_url=live"},
      {"--api_url=http://127.0.0.1:8080/v1/json"},
      {"--api_url=http://localhost:8080"},
      {"--api_url=http://[::1]:8080/v1/json"},
      {"--api_url=https://api.example/v1/json/"},
      {"--api_url=http://gateway.internal/v1/json", "--allow_plaintext_upstream"},
      {"--api_url=test", "--listen=127.0.0.1:0"},
      {"--api_url=test", "--listen=[::1]:50051"},
      {"--api_url=test", "--listen=localhost:50051"},
      {"--api_url=test", "--listen=0.0.0.0:50051", "--allow_plaintext"},
      {"--api_url=test", "--threads", "64"},
      {"--api_url=test", "--drain_delay_ms=0", "--drain_timeout_ms=1000", "--call_max_ms=999"},
      {"--api_url=test", "--drain_delay_ms=0", "--connection_age_ms=60000"},
      {"--api_url=test", "--connection_age_ms=35455"},
      {"--api_url=test", "--connection_age_ms=60000", "--drain_timeout_ms=67000"},
      {"--api_url=test", "--http2", "--log_level=debug", "--log_format=text"},
      {"--api_url=test", "--http2=false"},
      {"--api_url=test", "--upstream_timeout_ms=100"},
      {"--api_url=test", "--ops_listen=0.0.0.0:9464", "--trace=spans"},
      {"--api_url=test", "--audit_log_file=/var/log/audit", "--audit_flush"},
  };
  for (const auto& arguments : cases) {
    Put("MSP_API_KEY", "abcde12345");
    EXPECT_EQ(ErrorOf(arguments), "") << ::testing::PrintToString(arguments);
  }
}

TEST_F(Settings, FlagBeatsEnvironmentBeatsDefault) {
  Put("MSP_THREADS", "3");
  Put("MSP_API_URL", "live");
  {
    const auto config = Load({});
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->threads, 3);
    EXPECT_EQ(config->api_url, "https://api.multisafepay.com/v1/json");
  }
  Put("MSP_API_KEY", "abcde12345");
  const auto config = Load({"--threads=5", "--api_url=test"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->threads, 5);
  EXPECT_EQ(config->api_url, "https://testapi.multisafepay.com/v1/json");
}

TEST_F(Settings, LaterFlagBeatsEarlier) {
  EXPECT_EQ(Load({"--api_url=test", "--threads=5", "--threads=6"})->threads, 6);
}

TEST_F(Settings, BadVariableIsNamedAsTheVariable) {
  Put("MSP_THREADS", "many");
  EXPECT_THAT(ErrorOf({"--api_url=test"}), StartsWith("MSP_THREADS"));
}

TEST_F(Settings, UnknownVariableStopsTheStartAndNamesTheNearest) {
  struct Case {
    const char* variable;
    const char* nearest;
  };
  constexpr Case kCases[] = {{"MSP_THREAD", "MSP_THREADS"},
                             {"MSP_threads", "MSP_THREADS"},
                             {"MSP_APIKEY", "MSP_API_KEY"},
                             {"MSP_URL", "MSP_API_URL"},
                             {"MSP_WEBHOOK_PORT", "MSP_WEBHOOK_LISTEN"},
                             {"MSP_ALLOW_PLAINTEXT_UPSTREM", "MSP_ALLOW_PLAINTEXT_UPSTREAM"},
                             {"MSP_SERVICE_HOSTS", "MSP_"},
                             {"MSP_PORT_TCP", "MSP_"},
                             {"MSP_", "MSP_"}};
  for (const Case& c : kCases) {
    Put("MSP_API_KEY", "abcde12345");
    Put(c.variable, "8080");
    const std::string error = ErrorOf({"--api_url=test"});
    EXPECT_THAT(error, StartsWith(std::string(c.variable) + ": ")) << c.variable;
    EXPECT_THAT(error, HasSubstr(c.nearest)) << c.variable;
    EXPECT_THAT(error, Not(HasSubstr("8080"))) << "it may be a key";
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    EXPECT_EQ(*Parse({"--help"}), CommandLineAction::kHelp) << "which lists them";
    unsetenv(c.variable);
  }
}

// Kubernetes sets these in each container of a namespace with Services "msp" and "msp-sandbox".
TEST_F(Settings, VariablesOfServicesAndOfOurOtherProgramsAreLeftAlone) {
  for (const char* name :
       {"MSP_SERVICE_HOST", "MSP_SERVICE_PORT", "MSP_SERVICE_PORT_GRPC", "MSP_PORT",
        "MSP_PORT_50051_TCP", "MSP_PORT_50051_TCP_PROTO", "MSP_PORT_50051_TCP_PORT",
        "MSP_PORT_50051_TCP_ADDR", "MSP_SANDBOX_PORT_8080_UDP_ADDR", "MSP_SANDBOX_PORT",
        "MSP_SERVER", "MSP_FIXTURES", "MSP_TEST_CERTS"})
    Put(name, "tcp://10.0.0.1:50051");
  EXPECT_EQ(ErrorOf({"--api_url=test"}), "");
}

TEST_F(Settings, EveryFlagCanBeAVariable) {
  Put("MSP_LISTEN", "127.0.0.1:0");
  Put("MSP_ALLOW_PLAINTEXT", "true");
  Put("MSP_HTTP2", "true");
  Put("MSP_LOG_FORMAT", "text");
  Put("MSP_DRAIN_DELAY_MS", "7");
  Put("MSP_NOTIFICATION_URL", "https://operator.example/n");
  const auto config = Load({"--api_url=test"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen, "127.0.0.1:0");
  EXPECT_TRUE(config->allow_plaintext);
  EXPECT_THAT(config->warnings, ::testing::ElementsAre(HasSubstr("--http2 is withdrawn")));
  EXPECT_FALSE(config->log_json);
  EXPECT_EQ(config->drain_delay_ms, 7);
  EXPECT_EQ(config->notification_url, "https://operator.example/n");
}

TEST_F(Settings, BaseUrlLosesItsTrailingSlashes) {
  EXPECT_EQ(Load({"--api_url=https://api.example/v1/json//"})->api_url,
            "https://api.example/v1/json");
}

TEST_F(Settings, HelpAndVersionWinOverEverythingElse) {
  EXPECT_EQ(*Parse({"--help"}), CommandLineAction::kHelp);
  EXPECT_EQ(*Parse({"-h"}), CommandLineAction::kHelp);
  EXPECT_EQ(*Parse({"--version"}), CommandLineAction::kVersion);
  EXPECT_EQ(*Parse({"--api_url=test"}), CommandLineAction::kRun);
}

TEST_F(Settings, KeyIsTrimmed) {
  Put("MSP_API_KEY", " \tabcde12345\r\n");
  EXPECT_EQ(Load({"--api_url=test"})->sites.at(0).api_key, "abcde12345");
}

TEST_F(Settings, KeyFileIsReadAndTrimmedAndBeatsTheVariable) {
  const auto config = Load({"--api_url=test", "--api_key_file=" + File("\nfile-key-9876 \n")});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->sites.at(0).api_key, "file-key-9876");
}

TEST_F(Settings, UnusableKeysAreRefusedWithoutBeingShown) {
  for (const char* key :
       {"", "   ", "abcd", "ab cde12345", "abcde\n12345", "abcde\x01", "schlüssel"}) {
    Put("MSP_API_KEY", key);
    const std::string error = ErrorOf({"--api_url=test"});
    EXPECT_THAT(error, HasSubstr("--api_key_file")) << key;
    EXPECT_THAT(error, Not(HasSubstr("cde"))) << key;
  }
}

TEST_F(Settings, MissingKeyIsRefused) {
  Drop("MSP_API_KEY");
  EXPECT_THAT(ErrorOf({"--api_url=test"}), HasSubstr("MSP_API_KEY"));
}

TEST_F(Settings, KeyLeavesTheEnvironmentWithItsBytes) {
  Put("MSP_API_KEY", "abcde12345");
  const char* bytes = std::getenv("MSP_API_KEY");
  ASSERT_TRUE(Load({"--api_url=test"}).ok());
  EXPECT_EQ(std::getenv("MSP_API_KEY"), nullptr);
  for (char** variable = environ; *variable != nullptr; ++variable)
    EXPECT_THAT(std::string(*variable), Not(HasSubstr("abcde12345")));
  // /proc/PID/environ shows the bytes themselves.
  EXPECT_THAT(std::string(bytes), Not(HasSubstr("abcde")));
}

TEST_F(Settings, DescriptionShowsSettingsAndNoKey) {
  const auto config =
      Load({"--api_url=live", "--check", "--listen=127.0.0.1:7", "--drain_delay_ms=11"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(config->check);
  const std::string text = Describe(*config);
  EXPECT_THAT(text, HasSubstr("listen=127.0.0.1:7"));
  EXPECT_THAT(text, HasSubstr("drain_delay_ms=11"));
  EXPECT_THAT(text, HasSubstr("https://api.multisafepay.com/v1/json"));
  EXPECT_THAT(text, HasSubstr("masked"));
  EXPECT_THAT(text, Not(HasSubstr("abcde")));
}

TEST_F(Settings, SecretsInUrlsAreMasked) {
  const auto config = Load({"--api_url=live", "--proxy=http://user:pa55word@proxy.example:3128"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(Describe(*config), Not(HasSubstr("pa55word")));
}

TEST_F(Settings, HelpListsEverySettingOnce) {
  const std::string help = HelpText();
  std::istringstream names(
      "listen allow_plaintext api_url api_key_file sites_file reload_ms tls_cert_file "
      "tls_key_file tls_client_ca_file connections_max streams_max memory_quota_mib "
      "metadata_max_bytes threads http_connections_max http_queue_max "
      "upstream_timeout_ms proxy upstream_ca_file drain_delay_ms drain_timeout_ms "
      "call_max_ms connection_age_ms connection_idle_ms scrub_memory allow_dumps "
      "notification_url log_level log_format log_personal_data ops_listen "
      "audit_log_file audit_flush trace check");
  for (std::string name; names >> name;)
    EXPECT_NE(help.find("\n  --" + name), std::string::npos) << name;
  EXPECT_THAT(help, HasSubstr("MSP_LOG_LEVEL"));
  EXPECT_THAT(help, Not(HasSubstr("--http2"))) << "withdrawn";
}

TEST(Cores, FollowTheControlGroupsQuota) {
  const std::string root = ::testing::TempDir() + "/cores";
  const auto write = [&root](const std::string& name, const char* text) {
    std::filesystem::create_directories(std::filesystem::path(root + name).parent_path());
    std::ofstream(root + name) << text;
  };
  const int all = CoresOfProcess(root + "/absent");
  EXPECT_GE(all, 1);
  write("/v2/cpu.max", "max 100000\n");
  EXPECT_EQ(CoresOfProcess(root + "/v2"), all);
  write("/v2/cpu.max", "50000 100000\n");
  EXPECT_EQ(CoresOfProcess(root + "/v2"), 1);
  write("/v2/cpu.max", "100001 100000\n");
  EXPECT_EQ(CoresOfProcess(root + "/v2"), std::min(all, 2));
  write("/v1/cpu/cpu.cfs_period_us", "100000\n");
  write("/v1/cpu/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(CoresOfProcess(root + "/v1"), all);
  write("/v1/cpu/cpu.cfs_quota_us", "10000\n");
  EXPECT_EQ(CoresOfProcess(root + "/v1"), 1);
}

TEST_F(Settings, AWithdrawnSettingIsAcceptedWithAWarning) {
  const auto config = Load({"--api_url=test", "--http_workers=4"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->warnings, ::testing::ElementsAre(HasSubstr("--http_workers is withdrawn")));
  EXPECT_THAT(config->described, Not(HasSubstr("http_workers")));
  EXPECT_THAT(ErrorOf({"--api_url=test", "--http_worker=4"}), HasSubstr("no such setting"));
}

TEST_F(Settings, AThreadHasTwoConnectionsAtLeast) {
  EXPECT_EQ(Load({"--api_url=test", "--threads=8", "--http_connections_max=5"})->threads, 2);
}

}  // namespace
}  // namespace msp
