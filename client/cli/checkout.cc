// SPDX-License-Identifier: Apache-2.0

#include "client/cli/checkout.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "client/cli/follow.h"
#include "client/cli/interrupt.h"
#include "client/cli/report.h"
#include "client/cpp/retry_policy.h"
#include "nlohmann/json.hpp"
#include "service/codec/encode.h"
#include "service/codec/redact.h"

extern char** environ;

namespace msp::cli {
namespace {

namespace v1 = multisafepay::v1;

// A page for the customer's browser in a file that only its owner can read; deleted with this
// object.
class PrivatePage {
 public:
  // False when it cannot be written.
  bool Write(std::string_view html) {
    const char* directory = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe)
    path_ = absl::StrCat(directory == nullptr || *directory == '\0' ? "/tmp" : directory,
                         "/msp-checkout-XXXXXX.html");
    const int fd = mkostemps(path_.data(), 5, O_CLOEXEC);
    if (fd < 0) {
      path_.clear();
      return false;
    }
    bool written = true;
    while (written && !html.empty()) {
      const ssize_t size = write(fd, html.data(), html.size());
      if (size < 0 && errno == EINTR) continue;
      written = size > 0;
      if (written) html.remove_prefix(static_cast<std::size_t>(size));
    }
    return close(fd) == 0 && written;
  }
  ~PrivatePage() {
    if (!path_.empty()) unlink(path_.c_str());
  }
  PrivatePage() = default;
  PrivatePage(const PrivatePage&) = delete;
  PrivatePage& operator=(const PrivatePage&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Opens the address with xdg-open, without a shell. False if that failed.
bool OpenInBrowser(std::string url) {
  std::string name = "xdg-open";
  char* const argv[] = {name.data(), url.data(), nullptr};
  posix_spawn_file_actions_t actions;
  if (posix_spawn_file_actions_init(&actions) != 0) return false;
  // Our own output is the reply, and nothing else.
  bool ready = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) == 0;
  for (const int fd : {1, 2}) {
    ready = ready && posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_WRONLY, 0) == 0;
  }
  pid_t pid = 0;
  const bool started =
      ready && posix_spawnp(&pid, name.c_str(), &actions, nullptr, argv, environ) == 0;
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  while (started && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return started && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// One checkout, from the call to its exit code.
class Journey {
 public:
  Journey(const Arguments& arguments, const client::Client& client, CommandIo& io)
      : arguments_(arguments),
        client_(client),
        io_(io),
        schemas_({v1::CreateOrderRequest::descriptor(), v1::WatchOrderResponse::descriptor()}) {}

  int Run(v1::CreateOrderRequest& request) {
    order_id_ = request.order_id();
    auto reply = Create(request);
    const std::string key = request.control().idempotency_key();
    codec::Zeroize(schemas_.Of(v1::CreateOrderRequest::descriptor()), request);
    if (!reply.ok()) return Fail(reply.error(), key);
    Note(absl::StrCat("created ", codec::RedactedText(order_id_), ": ",
                      NameOf(reply->order().payment_state())));
    io_.err << CaveatText(*reply);
    // A direct order that has ended gets no second attempt, so do not wait for one.
    if (request.type() == "direct" && Ended(reply->order())) {
      v1::WatchOrderResponse last;
      *last.mutable_order() = reply->order();
      io_.err << DeclineText(*reply);
      NoteProcessing(reply->order());
      return Print(last) ? ExitOf(reply->order().payment_state()) : kExitUnknown;
    }
    return Guide(reply->order()) ? Watch() : kExitOpen;
  }

 private:
  client::Result<v1::CreateOrderResponse> Create(const v1::CreateOrderRequest& request) {
    const OpenPayment open(/*moves_money=*/true);
    client::RetryPolicy policy;
    if (io_.pause) policy.pause = io_.pause;
    return client::CreateOrderWithRetry(client_, request, policy);
  }

  // Prints the customer's next step; false if it could not be created.
  bool Guide(const v1::Order& order) {
    const v1::NextAction& next = order.next_action();
    std::string url = next.redirect().url();
    if (next.has_form()) {
      if (!page_.Write(next.form().html())) {
        io_.err << "error: the page with the customer's form could not be written to "
                   "TMPDIR\nhint: the order is open; cancel it with msp order cancel, or "
                   "let it expire\n";
        return false;
      }
      url = "file://" + page_.path();
    } else if (!next.has_redirect() && !Ended(order)) {
      url = order.payment_url();
    }
    if (url.empty()) return true;
    const bool page =
        url.starts_with("https://") || url.starts_with("http://") || url.starts_with("file://");
    // Addresses must not contain terminal control characters.
    std::string shown;
    for (const char c : url) {
      if (static_cast<unsigned char>(c) > ' ' && c != 0x7f) shown += c;
    }
    Note(absl::StrCat("the customer pays at ", shown));
    if (arguments_.command_flags.contains("open") && page && !OpenInBrowser(shown))
      Note("xdg-open failed: open it manually");
    return true;
  }

  static bool Ended(const v1::Order& order) { return ExitOf(order.payment_state()) != kExitOpen; }

  // The customer has completed the payment, and the money may take days: checkout does not wait.
  static bool IsProcessing(const v1::Order& order) {
    return order.payment_state() == v1::PAYMENT_STATE_PROCESSING;
  }

  void NoteProcessing(const v1::Order& order) {
    if (!IsProcessing(order)) return;
    Note(absl::StrCat("the money has not arrived yet\nhint: watch the order with: msp order watch ",
                      codec::RedactedText(order_id_)));
  }

  int Watch() {
    v1::WatchOrderRequest request;
    request.set_order_id(order_id_);
    v1::WatchOrderResponse last;
    const Followed followed =
        FollowOrder(client_, request,
                    {.timeout_ms = arguments_.globals.timeout_ms,
                     .pause = io_.pause,
                     .on_state =
                         [&](const v1::WatchOrderResponse& message) {
                           Note(StateLine(message));
                           last = message;
                           return !IsProcessing(message.order());
                         },
                     .on_note = [this](const std::string& note) { Note(note); }});
    if (followed.end == Followed::End::kError) return Fail(*followed.error, "");
    if (followed.order && !Print(last)) return kExitUnknown;
    if (followed.order) NoteProcessing(*followed.order);
    const int exit = followed.order ? ExitOf(followed.order->payment_state()) : kExitOpen;
    if (followed.end == Followed::End::kTimeout)
      io_.err << "hint: the timeout has passed; continue with: msp order watch "
              << codec::RedactedText(order_id_) << "\n";
    return exit;
  }

  bool Print(const v1::WatchOrderResponse& message) {
    if (arguments_.globals.output == Output::kTable) {
      io_.out << StateLine(message) << '\n';
    } else {
      std::string json;
      codec::EncodeAll(schemas_.Of(v1::WatchOrderResponse::descriptor()), message, json);
      io_.out << nlohmann::ordered_json::parse(json).dump(2) << '\n';
    }
    io_.out.flush();
    return io_.out.good();
  }

  void Note(const std::string& text) {
    io_.err << text << '\n';
    io_.err.flush();
  }

  int Fail(const client::Error& error, const std::string& key) {
    io_.err << ErrorText(error, arguments_.globals.channel.server, order_id_, key);
    return ExitOf(error);
  }

  const Arguments& arguments_;
  const client::Client& client_;
  CommandIo& io_;
  const codec::SchemaSet schemas_;
  std::string order_id_;
  PrivatePage page_;
};

}  // namespace

int Checkout(const Arguments& arguments, const client::Client& client,
             v1::CreateOrderRequest& request, CommandIo& io) {
  return Journey(arguments, client, io).Run(request);
}

}  // namespace msp::cli
