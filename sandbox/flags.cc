// SPDX-License-Identifier: Apache-2.0

#include "sandbox/flags.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>

#include "service/base/text.h"

namespace msp::sandbox {
namespace {

absl::Status Takes(std::string_view form) {
  return absl::InvalidArgumentError("must be " + std::string(form));
}

bool Number(std::string_view text, std::int64_t least, std::int64_t most, std::int64_t* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size() && *value >= least &&
         *value <= most;
}

constexpr std::string_view kKeyForm = "KEY[:SITE[:ACCOUNT[:ROLE[:KIND]]]]";

absl::Status AddKey(std::vector<Site>& sites, const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t colon = std::min(text.find(':', at), text.size());
    parts.push_back(text.substr(at, colon - at));
    at = colon + 1;
  }
  Site site;
  site.key = std::string(Trimmed(parts[0]));
  site.site_id = 10'001 + static_cast<std::int64_t>(sites.size());
  site.account_id = 1'001'001;
  if (site.key.size() < 5 || parts.size() > 5) return Takes(kKeyForm);
  if (parts.size() > 1 && !Number(parts[1], 1, INT64_MAX, &site.site_id)) return Takes(kKeyForm);
  if (parts.size() > 2 && !Number(parts[2], 1, INT64_MAX, &site.account_id)) return Takes(kKeyForm);
  if (parts.size() > 3) site.role = parts[3];
  if (parts.size() > 4) site.kind = parts[4];
  if (site.kind != "site" && site.kind != "account" && site.kind != "terminal")
    return Takes(kKeyForm);
  sites.push_back(std::move(site));
  return absl::OkStatus();
}

absl::Status AddKeys(std::vector<Site>& sites, const std::string& path) {
  std::ifstream file(path);
  bool some = false;
  for (std::string text; std::getline(file, text);) {
    if (Trimmed(text).empty()) continue;
    if (!AddKey(sites, std::string(Trimmed(text))).ok())
      return Takes("a file of keys, one per line");
    some = true;
  }
  return some ? absl::OkStatus() : Takes("a file of keys, one per line");
}

}  // namespace

std::vector<Option> OptionsOf(CommandLine& line) {
  Options& o = line.options;
  Settings& s = o.settings;
  return {
      {"host", &o.host, "address to listen on", 1},
      {"port", &o.port, "port; 0 picks a free port", 0, 65'535},
      {"port_file", &line.port_file, "file to which the port is written once it listens"},
      {"allow_non_loopback", &o.allow_non_loopback, "permit an address beyond the loopback"},
      {"tls_cert", &o.tls_cert_file, "PEM file of a certificate chain: serve https"},
      {"tls_key", &o.tls_key_file, "PEM file of its private key"},
      {"public_url", &o.public_url,
       "address of the customers' pages; empty: made from host and port"},
      {"connections_max", &o.connections_max, "open connections", 1, 100'000},
      {.name = "key",
       .value = [&line](std::string_view text) { return AddKey(line.sites, std::string(text)); },
       .help = "an API key and its owner, KEY[:SITE[:ACCOUNT[:ROLE[:KIND]]]]; repeatable",
       .standard = "sandbox-test-key-0001"},
      {"key_file",
       [&line](std::string_view text) { return AddKeys(line.sites, std::string(text)); },
       "file of such keys, one per line"},
      {"strict_key_header", &o.strict_key_header, "refuse the header spelled Api_Key"},
      {.name = "seed",
       .value =
           [&s](std::string_view text) {
             std::int64_t seed = 0;
             if (!Number(text, 0, INT64_MAX, &seed)) return Takes("a number not below 0");
             s.seed = static_cast<std::uint64_t>(seed);
             return absl::OkStatus();
           },
       .help = "random seed: the same seed gives the same ids, sessions and tokens",
       .standard = "1"},
      {"freeze_clock", &o.freeze_clock, "advance the clock only by POST /_sandbox/clock"},
      {"start_time", &o.start_time_s, "initial time of the clock, Unix seconds; 0: now", 0,
       100'000'000'000},
      {"snapshot_in", &o.snapshot_in, "file from which the initial state is read"},
      {"snapshot_out", &o.snapshot_out, "file to which the final state is written"},
      {"orders_max", &s.orders_max,
       "maximum number of stored orders; beyond it the oldest are dropped", 10, 100'000'000},
      Choice<OrderIdRule>(
          "order_id_rule", &s.order_id_rule,
          {{"live", OrderIdRule::kLive},
           {"any", OrderIdRule::kAny},
           {"completed", OrderIdRule::kCompleted},
           {"not-dead", OrderIdRule::kNotDead}},
          "when a used order_id is refused: while open, authorized or paid; ever; once completed; "
          "unless declined, cancelled, expired or void"),
      Choice<ThreeDs>("threeds", &s.threeds,
                      {{"frictionless", ThreeDs::kFrictionless},
                       {"challenge", ThreeDs::kChallenge},
                       {"require-browser", ThreeDs::kRequireBrowser}},
                      "3-D Secure of direct orders"),
      Choice<Polymorphism>("polymorphism", &s.polymorphism,
                           {{"modern", Polymorphism::kModern},
                            {"legacy", Polymorphism::kLegacy},
                            {"chaos", Polymorphism::kChaos},
                            {"chaos-php", Polymorphism::kChaosPhp}},
                           "JSON types of answers"),
      Choice<CustomEcho>(
          "custom_echo", &s.custom_echo,
          {{"as-sent", CustomEcho::kAsSent},
           {"null", CustomEcho::kNull},
           {"absent", CustomEcho::kAbsent},
           {"cut", CustomEcho::kCut},
           {"upper", CustomEcho::kUpper},
           {"space", CustomEcho::kSpace}},
          "how custom_1 to custom_3 and var1 are returned; cut: after 32 characters"),
      {.name = "read_lag_ms",
       .value =
           [&s](std::string_view text) {
             const std::size_t dash = std::min(text.find('-'), text.size());
             const bool good =
                 dash < text.size() &&
                 Number(text.substr(0, dash), 0, 600'000, &s.read_lag_min_ms) &&
                 Number(text.substr(dash + 1), s.read_lag_min_ms, 600'000, &s.read_lag_max_ms);
             return good ? absl::OkStatus() : Takes("MIN-MAX, 0 to 600000");
           },
       .help = "how old the state in a GET of an order may be, MIN-MAX in milliseconds, different "
               "for each order",
       .standard = "0-0"},
      {"strict_types", &s.strict_types, "refuse, with 1001, numbers that are sent as text"},
      {"check_expiry", &s.check_expiry, "decline expired cards, with 4005"},
      {"amount_cap", &s.amount_cap, "largest order in EUR cents", 1, 1'000'000'000'000},
      {"short_ids", &s.short_ids, "transaction ids of 9 digits instead of 17"},
      {"empty_html", &s.empty_html, "return an empty customer_verification.html"},
      {"events_members", &s.events_members,
       "return events_token and its URLs for every created order"},
      {"site_blocked", &s.site_blocked, "refuse every order, with 1019"},
      {"account_blocked", &s.account_blocked, "refuse every order, with 1020"},
      {"validation_422", &s.validation_422, "answer invalid input in the 422 shape"},
      Choice<RefundAnswer>("refund_answer", &s.refund_answer,
                           {{"union", RefundAnswer::kUnion},
                            {"refund-id", RefundAnswer::kRefundId},
                            {"order-id", RefundAnswer::kOrderId}},
                           "members of the answer to a refund"),
      {"refund_id_unique", &s.refund_id_unique, "refuse a refund_order_id that was used before"},
      {"refund_id_echo", &s.refund_id_echo, "return refund_order_id in related_transactions"},
      {"five_minute_rule", &s.five_minute_rule,
       "refuse the same refund amount within five minutes"},
      {"refunded_at_completion", &s.refunded_at_completion,
       "raise amount_refunded only when the refund completes"},
      {"void_needs_reason", &s.void_needs_reason, "refuse a void without a reason, with 1016"},
      {"exclude_order_session_only", &s.exclude_order_session_only,
       "exclude_order true cancels the session, not the transaction"},
      {"allow_header_faults", &o.allow_header_faults,
       "accept faults in the header X-Sandbox-Fault"},
      {"webhooks_anywhere", &s.webhooks_anywhere,
       "send webhooks to any host, not only to the loopback"},
      {"quiet", &line.quiet, "do not log each request to stderr"},
  };
}

absl::StatusOr<CommandLineAction> ParseFlags(int argc, const char* const* argv, CommandLine* line) {
  absl::StatusOr<CommandLineAction> asked = ReadArguments(OptionsOf(*line), argc, argv);
  if (!line->sites.empty()) line->options.settings.sites = line->sites;
  return asked;
}

std::string HelpText() {
  CommandLine defaults;
  std::string text =
      "msp-sandbox: a local MultiSafepay. REST API under /v1/json, pages under /connect,\n"
      "control under /_sandbox. Moves no money and accepts public test cards only.\n\n" +
      HelpOf(OptionsOf(defaults)) + "  --help, --version\n";
  return text +
         "\nControl, below /_sandbox (JSON in, JSON out, no key):\n"
         "  POST reset | GET,POST clock {advance_seconds, freeze} | GET stats | GET,POST snapshot\n"
         "  GET orders/ID | POST orders/ID/3ds {result: Y A N U R Cancel}\n"
         "  POST orders/ID/pay {card_number, card_holder_name, card_expiry_date, card_cvc} or "
         "{scenario}\n"
         "  POST orders/ID/review {accepted} | orders/ID/chargeback | orders/ID/notify\n"
         "  POST orders/ID/settle: the next stage of a method's lifecycle, as by the clock\n"
         "  POST orders/ID/terminal {outcome: approve decline timeout cancel}\n"
         "  POST terminals/ID {behaviour: approve decline timeout manual, active} | "
         "events/disconnect\n"
         "  POST orders/ID/refunds {amount} | orders/ID/capture {amount} | orders/ID/void: as in "
         "MultiSafepay's\n    dashboard, without the shop's ids\n"
         "  POST orders/ID/refunds/REFUND_ID {status: completed declined}\n"
         "  GET,POST,DELETE faults {match: {method, path, order_id, nth, probability, times}, "
         "effect: {name, ...}}\n"
         "    effects: latency status api_error reset commit_then_fail truncate garbage slow_body "
         "rate_limit\n"
         "    redirect wrong_type edit other_answer\n"
         "    edit {status, changes: [{pointer, and value, raw, text or absent}]}: an answer of "
         "success "
         "with\n      other members; text: lone_high_surrogate lone_low_surrogate cut_utf8 latin1 "
         "raw_tab\n"
         "    other_answer {members: [pointers]}: these members, or all, from another order's "
         "answer\n"
         "    rate_limit {calls, window_ms, retry_after_seconds}: 429 beyond that number in a "
         "window\n"
         "  POST webhooks {drop, duplicate, reorder, bad_signature, stale_timestamp, tamper_body: "
         "on, off or\n    a share such as 0.2; delay_ms, delay_share}\n"
         "  GET notifications?order_id=ID\n"
         "\nTry: curl -H 'api_key: sandbox-test-key-0001' $API_URL/me\n"
         "     curl -d '{\"result\":\"Y\"}' $ORIGIN/_sandbox/orders/ORDER_ID/3ds\n"
         "     curl -d '{\"advance_seconds\":3600}' $ORIGIN/_sandbox/clock\n";
}

}  // namespace msp::sandbox
