#include "sandbox/flags.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>

#include "service/base/text.h"

namespace msp::sandbox {
namespace {

using Setter = bool (*)(CommandLine& line, const std::string& value);

struct Flag {
  std::string_view name;
  std::string_view value;  // how the value reads in --help; "on|off" makes a switch
  std::string_view about;
  Setter set;
};

bool Number(const std::string& text, std::int64_t least, std::int64_t most, std::int64_t* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size() && *value >= least &&
         *value <= most;
}

bool Switch(const std::string& text, bool* value) {
  *value = text == "on" || text == "true" || text == "1" || text.empty();
  return *value || text == "off" || text == "false" || text == "0";
}

template <class Enum>
bool Choice(const std::string& text,
            std::initializer_list<std::pair<std::string_view, Enum>> choices, Enum* value) {
  for (const auto& [name, choice] : choices) {
    if (name != text) continue;
    *value = choice;
    return true;
  }
  return false;
}

// key[:site_id[:account_id[:role[:kind]]]]
bool AddKey(CommandLine& line, const std::string& text) {
  auto& sites = line.sites;
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
  if (site.key.size() < 5 || parts.size() > 5) return false;
  if (parts.size() > 1 && !Number(parts[1], 1, INT64_MAX, &site.site_id)) return false;
  if (parts.size() > 2 && !Number(parts[2], 1, INT64_MAX, &site.account_id)) return false;
  if (parts.size() > 3) site.role = parts[3];
  if (parts.size() > 4) site.kind = parts[4];
  if (site.kind != "site" && site.kind != "account" && site.kind != "terminal") return false;
  sites.push_back(std::move(site));
  return true;
}

// MSP_SWITCH(member): the setter of a boolean.
#define MSP_SWITCH(member) [](CommandLine& c, const std::string& v) { return Switch(v, &c.member); }
#define MSP_TEXT(member)                     \
  [](CommandLine& c, const std::string& v) { \
    c.member = v;                            \
    return !v.empty();                       \
  }

constexpr Flag kFlags[] = {
    {"host", "ADDRESS", "address to listen on (127.0.0.1)", MSP_TEXT(options.host)},
    {"port", "N", "port; 0 picks one (0)",
     [](CommandLine& c, const std::string& v) {
       std::int64_t port = 0;
       if (!Number(v, 0, 65'535, &port)) return false;
       c.options.port = static_cast<int>(port);
       return true;
     }},
    {"port-file", "FILE", "write the port there once listening", MSP_TEXT(port_file)},
    {"allow-non-loopback", "on|off", "permit an address others can reach (off)",
     MSP_SWITCH(options.allow_non_loopback)},
    {"tls-cert", "FILE", "PEM certificate chain: serve https", MSP_TEXT(options.tls_cert_file)},
    {"tls-key", "FILE", "its private key", MSP_TEXT(options.tls_key_file)},
    {"public-url", "URL", "how customers reach the pages (from host and port)",
     MSP_TEXT(options.public_url)},
    {"connections-max", "N", "open connections (4096)",
     [](CommandLine& c, const std::string& v) {
       std::int64_t most = 0;
       if (!Number(v, 1, 100'000, &most)) return false;
       c.options.connections_max = static_cast<int>(most);
       return true;
     }},
    {"key", "KEY[:SITE[:ACCOUNT[:ROLE[:KIND]]]]",
     "an API key and whose it is; repeatable (sandbox-test-key-0001)", AddKey},
    {"key-file", "FILE", "the same, one a line",
     [](CommandLine& c, const std::string& v) {
       std::ifstream file(v);
       bool some = false;
       for (std::string text; std::getline(file, text);) {
         if (Trimmed(text).empty()) continue;
         if (!AddKey(c, std::string(Trimmed(text)))) return false;
         some = true;
       }
       return some;
     }},
    {"strict-key-header", "on|off", "refuse the header spelled Api_Key (off)",
     MSP_SWITCH(options.strict_key_header)},
    {"seed", "N", "ids, sessions and tokens repeat for a seed (1)",
     [](CommandLine& c, const std::string& v) {
       std::int64_t seed = 0;
       if (!Number(v, 0, INT64_MAX, &seed)) return false;
       c.options.settings.seed = static_cast<std::uint64_t>(seed);
       return true;
     }},
    {"freeze-clock", "on|off", "the clock moves by POST /_sandbox/clock alone (off)",
     MSP_SWITCH(options.freeze_clock)},
    {"start-time", "UNIX_SECONDS", "when the clock starts (now)",
     [](CommandLine& c, const std::string& v) {
       return Number(v, 1, 100'000'000'000, &c.options.start_time_s);
     }},
    {"snapshot-in", "FILE", "state to start with", MSP_TEXT(options.snapshot_in)},
    {"snapshot-out", "FILE", "state to leave at the end", MSP_TEXT(options.snapshot_out)},
    {"orders-max", "N", "orders kept; beyond that the oldest are forgotten (100000)",
     [](CommandLine& c, const std::string& v) {
       return Number(v, 10, 100'000'000, &c.options.settings.orders_max);
     }},
    {"order-id-rule", "live|any|completed|not-dead",
     "when a used order_id is refused: while open, authorized or paid; ever; once completed; "
     "unless declined, cancelled, expired or void (live)",
     [](CommandLine& c, const std::string& v) {
       return Choice<OrderIdRule>(v,
                                  {{"live", OrderIdRule::kLive},
                                   {"any", OrderIdRule::kAny},
                                   {"not-dead", OrderIdRule::kNotDead},
                                   {"completed", OrderIdRule::kCompleted}},
                                  &c.options.settings.order_id_rule);
     }},
    {"threeds", "frictionless|challenge|require-browser",
     "3-D Secure of direct orders (frictionless)",
     [](CommandLine& c, const std::string& v) {
       return Choice<ThreeDs>(v,
                              {{"frictionless", ThreeDs::kFrictionless},
                               {"challenge", ThreeDs::kChallenge},
                               {"require-browser", ThreeDs::kRequireBrowser}},
                              &c.options.settings.threeds);
     }},
    {"polymorphism", "modern|legacy|chaos|chaos-php", "JSON types of answers (modern)",
     [](CommandLine& c, const std::string& v) {
       return Choice<Polymorphism>(v,
                                   {{"modern", Polymorphism::kModern},
                                    {"legacy", Polymorphism::kLegacy},
                                    {"chaos", Polymorphism::kChaos},
                                    {"chaos-php", Polymorphism::kChaosPhp}},
                                   &c.options.settings.polymorphism);
     }},
    {"custom-echo", "as-sent|null|absent|cut|upper|space",
     "how custom_1 to custom_3 and var1 come back; cut: after 32 characters (as-sent)",
     [](CommandLine& c, const std::string& v) {
       return Choice<CustomEcho>(v,
                                 {{"as-sent", CustomEcho::kAsSent},
                                  {"null", CustomEcho::kNull},
                                  {"absent", CustomEcho::kAbsent},
                                  {"cut", CustomEcho::kCut},
                                  {"upper", CustomEcho::kUpper},
                                  {"space", CustomEcho::kSpace}},
                                 &c.options.settings.custom_echo);
     }},
    {"read-lag-ms", "MIN-MAX",
     "GET of an order shows it as it was so long ago, each order with its own lag (0-0)",
     [](CommandLine& c, const std::string& v) {
       const std::size_t dash = std::min(v.find('-'), v.size());
       Settings& settings = c.options.settings;
       return dash < v.size() && Number(v.substr(0, dash), 0, 600'000, &settings.read_lag_min_ms) &&
              Number(v.substr(dash + 1), settings.read_lag_min_ms, 600'000,
                     &settings.read_lag_max_ms);
     }},
    {"strict-types", "on|off", "refuse numbers sent as text with 1001 (off)",
     MSP_SWITCH(options.settings.strict_types)},
    {"check-expiry", "on|off", "decline cards of the past with 4005 (off)",
     MSP_SWITCH(options.settings.check_expiry)},
    {"amount-cap", "CENTS", "largest order in EUR (500000)",
     [](CommandLine& c, const std::string& v) {
       return Number(v, 1, 1'000'000'000'000, &c.options.settings.amount_cap);
     }},
    {"short-ids", "on|off", "transaction ids of nine digits instead of 17 (off)",
     MSP_SWITCH(options.settings.short_ids)},
    {"empty-html", "on|off", "customer_verification.html is \"\" (off)",
     MSP_SWITCH(options.settings.empty_html)},
    {"events-members", "on|off", "events_token and its URLs in redirect answers (off)",
     MSP_SWITCH(options.settings.events_members)},
    {"site-blocked", "on|off", "every create is refused with 1019 (off)",
     MSP_SWITCH(options.settings.site_blocked)},
    {"account-blocked", "on|off", "every create is refused with 1020 (off)",
     MSP_SWITCH(options.settings.account_blocked)},
    {"validation-422", "on|off", "bad input gets the 422 shape (off)",
     MSP_SWITCH(options.settings.validation_422)},
    {"refund-answer", "union|refund-id|order-id", "members of a refund's answer (union)",
     [](CommandLine& c, const std::string& v) {
       return Choice<RefundAnswer>(v,
                                   {{"union", RefundAnswer::kUnion},
                                    {"refund-id", RefundAnswer::kRefundId},
                                    {"order-id", RefundAnswer::kOrderId}},
                                   &c.options.settings.refund_answer);
     }},
    {"refund-id-unique", "on|off", "a refund_order_id may not repeat (off)",
     MSP_SWITCH(options.settings.refund_id_unique)},
    {"refund-id-echo", "on|off", "related_transactions show refund_order_id (on)",
     MSP_SWITCH(options.settings.refund_id_echo)},
    {"five-minute-rule", "on|off", "refuse the same refund amount within five minutes (on)",
     MSP_SWITCH(options.settings.five_minute_rule)},
    {"refunded-at-completion", "on|off", "amount_refunded rises when the refund completes (off)",
     MSP_SWITCH(options.settings.refunded_at_completion)},
    {"void-needs-reason", "on|off", "1016 for a void without a reason (on)",
     MSP_SWITCH(options.settings.void_needs_reason)},
    {"exclude-order-session-only", "on|off",
     "exclude_order true ends the session, not the transaction (off)",
     MSP_SWITCH(options.settings.exclude_order_session_only)},
    {"allow-header-faults", "on|off", "faults by the header X-Sandbox-Fault (off)",
     MSP_SWITCH(options.allow_header_faults)},
    {"webhooks-anywhere", "on|off", "send webhooks to any host, not to the loopback alone (off)",
     MSP_SWITCH(options.settings.webhooks_anywhere)},
    {"quiet", "on|off", "no line for each request on stderr (off)", MSP_SWITCH(quiet)},
    {"help", "on|off", "this text", MSP_SWITCH(help)},
};

#undef MSP_SWITCH
#undef MSP_TEXT

const Flag* FindFlag(std::string name) {
  for (char& c : name) {
    if (c == '_') c = '-';
  }
  for (const Flag& flag : kFlags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

}  // namespace

absl::Status ParseFlags(const std::vector<std::string>& arguments, CommandLine* line) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.rfind("--", 0) != 0) return absl::InvalidArgumentError("not a flag: " + argument);
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
    const Flag* flag = FindFlag(name);
    if (flag == nullptr)
      return absl::InvalidArgumentError("--" + name + ": no such flag; see --help");
    std::string value;
    if (equals != std::string::npos) {
      value = argument.substr(equals + 1);
    } else if (flag->value != "on|off") {
      if (i + 1 == arguments.size())
        return absl::InvalidArgumentError("--" + name + ": a value is missing");
      value = arguments[++i];
    }
    if (!flag->set(*line, value)) {
      // The value stays out of the message: it may be a key.
      return absl::InvalidArgumentError("--" + name + ": wants " + std::string(flag->value));
    }
  }
  if (!line->sites.empty()) line->options.settings.sites = line->sites;
  return absl::OkStatus();
}

std::string HelpText() {
  std::string text =
      "msp-sandbox: a local MultiSafepay. REST API under /v1/json, pages under /connect,\n"
      "control under /_sandbox. Moves no money and accepts public test cards only.\n\n";
  for (const Flag& flag : kFlags) {
    std::string left = "  --" + std::string(flag.name) + "=" + std::string(flag.value);
    left.resize(std::max<std::size_t>(left.size() + 2, 34), ' ');
    text += left + std::string(flag.about) + "\n";
  }
  return text +
         "\nControl, below /_sandbox (JSON in, JSON out, no key):\n"
         "  POST reset | GET,POST clock {advance_seconds, freeze} | GET stats | GET,POST snapshot\n"
         "  GET orders/ID | POST orders/ID/3ds {result: Y A N U R Cancel}\n"
         "  POST orders/ID/pay {card_number, card_holder_name, card_expiry_date, card_cvc} or "
         "{scenario}\n"
         "  POST orders/ID/review {accepted} | orders/ID/chargeback | orders/ID/notify\n"
         "  POST orders/ID/refunds {amount} | orders/ID/capture {amount} | orders/ID/void: as done "
         "in "
         "the\n    dashboard, without ids of the shop's\n"
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
         "    other_answer {members: [pointers]}: these, or the whole, from another order's "
         "answer\n"
         "    rate_limit {calls, window_ms, retry_after_seconds}: 429 beyond so many in a window\n"
         "  POST webhooks {drop, duplicate, reorder, bad_signature, stale_timestamp, tamper_body: "
         "on, off or\n    a share such as 0.2; delay_ms, delay_share}\n"
         "  GET notifications?order_id=ID\n"
         "\nTry: curl -H 'api_key: sandbox-test-key-0001' $API_URL/me\n"
         "     curl -d '{\"result\":\"Y\"}' $ORIGIN/_sandbox/orders/ORDER_ID/3ds\n"
         "     curl -d '{\"advance_seconds\":3600}' $ORIGIN/_sandbox/clock\n";
}

}  // namespace msp::sandbox
