// SPDX-License-Identifier: Apache-2.0

// msp-storm: rolling restarts, overload, a slow upstream and a dead one, each under load. Its last
// line is the report.
#include <cstdio>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "tests/load/scenarios.h"

ABSL_FLAG(int, seconds, 60, "duration of the overload");
ABSL_FLAG(int, outage_s, 10, "duration of the outage");
ABSL_FLAG(int, slow_ms, 5'000, "how long the slow upstream takes per answer");
ABSL_FLAG(int, rate_limited_s, 30, "how long orders exceed the upstream's rate limit");
ABSL_FLAG(int, attack_ms, 6'000, "duration of each attack");
ABSL_FLAG(int, restarts, 5, "how often each of the two replicas is restarted");
ABSL_FLAG(std::int64_t, connection_age_ms, 2'000,
          "the replicas' setting of that name; 0 shows what restarts lose without it");

ABSL_FLAG(std::string, envoy, "", "path of Envoy; empty: without the parts that go through it");
ABSL_FLAG(std::string, mesh_files, "", "the command that writes Envoy's files of docs/mesh");
ABSL_FLAG(std::string, mesh_dir, "", "the folder for those files");
ABSL_FLAG(std::string, assault, "", "only attacks whose names contain this");

namespace msp::load {
namespace {

struct Row {
  const char* name;
  void (*run)(const Options&, testing::Report&);
};

constexpr Row kScenarios[] = {
    {"rolling", Rolling}, {"overload", Overload},        {"slow", Slow},
    {"outage", Outage},   {"rate_limited", RateLimited}, {"attack", Attack}};

int Run(const std::vector<std::string>& names, const Options& options) {
  testing::Report report;
  for (const std::string& name : names) {
    bool known = false;
    for (const Row& row : kScenarios) known = known || row.name == name;
    if (!known) report.Check(false, "there is no scenario '" + name + "'");
  }
  for (const Row& row : kScenarios) {
    bool wanted = names.empty();
    for (const std::string& name : names) wanted = wanted || row.name == name;
    if (!wanted) continue;
    std::printf("%s\n", row.name);
    const auto start = std::chrono::steady_clock::now();
    row.run(options, report);
    const auto took = std::chrono::steady_clock::now() - start;
    Say(Text("took %.0f s", std::chrono::duration<double>(took).count()));
  }
  return report.Print();
}

}  // namespace
}  // namespace msp::load

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("load and what it must not break; see ./run storm --help");
  const std::vector<char*> words = absl::ParseCommandLine(argc, argv);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  return msp::load::Run({words.begin() + 1, words.end()},
                        {.overload = std::chrono::seconds(absl::GetFlag(FLAGS_seconds)),
                         .outage = std::chrono::seconds(absl::GetFlag(FLAGS_outage_s)),
                         .slow = std::chrono::milliseconds(absl::GetFlag(FLAGS_slow_ms)),
                         .rate_limited = std::chrono::seconds(absl::GetFlag(FLAGS_rate_limited_s)),
                         .attack = std::chrono::milliseconds(absl::GetFlag(FLAGS_attack_ms)),
                         .restarts = absl::GetFlag(FLAGS_restarts),
                         .connection_age_ms = absl::GetFlag(FLAGS_connection_age_ms),
                         .attack_name = absl::GetFlag(FLAGS_assault),
                         .envoy = absl::GetFlag(FLAGS_envoy),
                         .mesh_files = absl::GetFlag(FLAGS_mesh_files),
                         .mesh_dir = absl::GetFlag(FLAGS_mesh_dir)});
}
