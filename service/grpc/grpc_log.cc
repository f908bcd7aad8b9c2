// SPDX-License-Identifier: Apache-2.0

#include "service/grpc/grpc_log.h"

#include <grpc/support/log.h>

#include <atomic>
#include <chrono>
#include <string_view>

#include "service/codec/redact.h"

namespace msp::server {
namespace {

constexpr std::size_t kMessageBytesMax = 300;
// A client may fail handshakes on purpose, and often.
constexpr int kLinesPerSecondMax = 20;

std::atomic<telemetry::Log*> taker{nullptr};
std::atomic<std::int64_t> failed{0};
std::atomic<std::int64_t> second{0};
std::atomic<int> lines{0};

bool MayWrite() {
  using std::chrono::steady_clock;
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now().time_since_epoch())
          .count();
  if (second.exchange(now) != now) lines = 0;
  return lines.fetch_add(1) < kLinesPerSecondMax;
}

void Take(gpr_log_func_args* args) {
  const std::string_view message = args->message;
  const bool handshake = message.starts_with("Handshake failed");
  if (handshake) failed.fetch_add(1);
  telemetry::Log* const log = taker.load();
  const auto level = handshake ? telemetry::Level::kWarning : telemetry::Level::kDebug;
  if (log == nullptr || !log->Writes(level) || !MayWrite()) return;
  log->Write(level, handshake ? "handshake_failed" : "grpc",
             {{"message", codec::RedactedText(message, kMessageBytesMax)}});
}

}  // namespace

void TakeGrpcLog(telemetry::Log& log) {
  taker = &log;
  gpr_set_log_function(&Take);
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
}

std::int64_t HandshakesFailed() { return failed.load(); }

}  // namespace msp::server
