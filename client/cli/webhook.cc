// SPDX-License-Identifier: Apache-2.0

#include "client/cli/webhook.h"

#include <httplib.h>

#include <charconv>
#include <chrono>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "client/cli/report.h"
#include "client/cli/request.h"
#include "nlohmann/json.hpp"
#include "service/base/hash.h"
#include "service/base/text.h"
#include "service/codec/redact.h"

namespace msp::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::size_t kKeyMaxBytes = 1024;
constexpr std::size_t kSignatureDigits = 128;
constexpr std::size_t kAckBytes = 100;
constexpr auto kResponseTimeout = std::chrono::seconds(15);

std::string Signature(std::string_view key, std::string_view stamp, std::string_view body) {
  return Hex(HmacSha512(key, absl::StrCat(std::string(stamp), ":", std::string(body))));
}

std::optional<std::int64_t> Number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::int64_t Now(const CommandIo& io) {
  if (io.unix_time_s) return io.unix_time_s();
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int Usage(const Arguments& arguments, CommandIo& io, std::string_view complaint) {
  io.err << "error: " << complaint << "\nhint: msp " << arguments.words << " --help\n";
  return kExitUsage;
}

// The input of both commands: the body's raw bytes, and the key.
struct Material {
  std::string body;
  std::string key;
  ~Material() { ZeroizeString(key); }
};

std::string ReadKey(const std::string& file, std::string& key) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return file + " cannot be opened";
  key.assign(kKeyMaxBytes + 1, '\0');
  stream.read(key.data(), static_cast<std::streamsize>(key.size()));
  key.resize(static_cast<std::size_t>(stream.gcount()));
  if (key.size() > kKeyMaxBytes) return file + " is too large for a key";
  // Strip only the line end of an editor.
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
  return key.empty() ? file + " holds no key" : std::string();
}

// Empty, or the error.
std::string Read(const Arguments& arguments, CommandIo& io, Material& material) {
  const auto key_file = arguments.command_flags.find("key-file");
  if (key_file == arguments.command_flags.end()) return "--key-file is missing";
  if (std::string wrong = ReadKey(key_file->second, material.key); !wrong.empty()) return wrong;
  const std::string& file = arguments.globals.file;
  absl::StatusOr<std::string> body = ReadInput(file.empty() ? "-" : file, io.in);
  if (!body.ok()) return std::string(body.status().message());
  material.body = *std::move(body);
  return {};
}

struct Auth {
  std::string stamp;
  std::string signature;
};

// Empty, or why this is no Auth header.
std::string ReadAuth(std::string_view header, Auth& auth) {
  std::string plain;
  if (!Base64Decode(Trimmed(header), &plain)) return "the Auth header is not base64";
  const std::size_t colon = plain.find(':');
  if (colon == std::string::npos) return "the Auth header has no colon between time and signature";
  auth.stamp = plain.substr(0, colon);
  auth.signature = plain.substr(colon + 1);
  if (!Number(auth.stamp)) return "the Auth header's time is not a number";
  if (auth.signature.size() != kSignatureDigits ||
      auth.signature.find_first_not_of("0123456789abcdef") != std::string::npos)
    return "the Auth header's signature is not 128 lowercase hexadecimal digits";
  return {};
}

// Why a signature does not match, if a common mistake explains it.
std::string Explain(const Material& material, const Auth& auth) {
  const auto fits = [&](std::string_view key, std::string_view body) {
    return EqualInConstantTime(Signature(key, auth.stamp, body), auth.signature);
  };
  std::string_view bare = material.body;
  while (!bare.empty() && (bare.back() == '\n' || bare.back() == '\r')) bare.remove_suffix(1);
  if (bare.size() < material.body.size() && fits(material.key, bare))
    return "the body has a trailing newline that the notification did not have";
  if (fits(Trimmed(material.key), material.body)) return "the key has whitespace around it";
  if (fits(material.key, material.body + "\n"))
    return "the body lacks the trailing newline that was signed";
  const OrderedJson document =
      OrderedJson::parse(material.body, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) {
    return "a different key, or not the bytes that were signed (this body is not JSON)";
  }
  if (fits(material.key, document.dump(-1, ' ', false, OrderedJson::error_handler_t::replace)))
    return "the body was reserialized with different whitespace: keep the received bytes";
  return "a different key, or not the bytes that were signed: keep the received bytes of the body, "
         "and do not parse and print its JSON first";
}

bool IsLoopback(std::string_view host) {
  const bool numeric = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "[::1]" || (numeric && host.starts_with("127."));
}

struct Target {
  std::string origin;  // "http://127.0.0.1:8080"
  std::string host;
  std::string path;  // With its query.
};

std::optional<Target> ReadUrl(std::string_view url) {
  const std::string_view bare = url.substr(0, url.find('#'));
  std::size_t start = 0;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (bare.starts_with(scheme)) start = scheme.size();
  }
  if (start == 0 || bare.find_first_of(" \r\n\t@") != std::string_view::npos) return std::nullopt;
  const std::size_t slash = std::min(bare.find_first_of("/?", start), bare.size());
  const std::string_view authority = bare.substr(start, slash - start);
  Target target{
      .origin = std::string(bare.substr(0, slash)),
      .host = std::string(authority.starts_with('[') ? authority.substr(0, authority.find(']') + 1)
                                                     : authority.substr(0, authority.find(':'))),
      .path = std::string(bare.substr(slash))};
  if (target.host.empty()) return std::nullopt;
  if (!target.path.starts_with('/')) target.path.insert(0, 1, '/');
  return target;
}

void AddQuery(std::string& path, std::string_view name, std::string_view value) {
  path += path.find('?') == std::string::npos ? '?' : '&';
  absl::StrAppend(&path, std::string(name), "=", PercentEncoded(value));
}

// The order's id in the body, as the query needs it; empty when there is none.
std::string OrderIdIn(const std::string& body) {
  const OrderedJson document = OrderedJson::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object() || !document.contains("order_id")) return {};
  const OrderedJson& id = document["order_id"];
  return id.is_string() ? id.get<std::string>() : id.dump();
}

}  // namespace

int VerifyWebhook(const Arguments& arguments, CommandIo& io) {
  const auto header = arguments.command_flags.find("auth");
  if (header == arguments.command_flags.end()) return Usage(arguments, io, "--auth is missing");
  std::optional<std::int64_t> age_max;
  if (const auto age = arguments.command_flags.find("max-age");
      age != arguments.command_flags.end()) {
    age_max = Number(age->second);
    if (!age_max) return Usage(arguments, io, "--max-age must be a number of seconds");
  }
  if (!arguments.positionals.empty())
    return Usage(arguments, io, "accepts no arguments: the body comes from -f or standard input");
  Material material;
  if (const std::string wrong = Read(arguments, io, material); !wrong.empty())
    return Usage(arguments, io, wrong);
  Auth auth;
  if (const std::string wrong = ReadAuth(header->second, auth); !wrong.empty()) {
    io.err << "not genuine: " << wrong << "\n";
    return kExitRefused;
  }
  if (!EqualInConstantTime(Signature(material.key, auth.stamp, material.body), auth.signature)) {
    io.err << "not genuine: the signature does not match: " << Explain(material, auth) << "\n";
    return kExitRefused;
  }
  const std::int64_t age_s = Now(io) - *Number(auth.stamp);
  if (age_max && (age_s > *age_max || -age_s > *age_max)) {
    io.err << "not accepted: signed "
           << (age_s > 0 ? absl::StrCat(age_s, " s ago") : absl::StrCat(-age_s, " s ahead"))
           << ", and --max-age is " << *age_max << "\n";
    return kExitRefused;
  }
  const OrderedJson verdict{{"genuine", true},
                            {"timestamp", *Number(auth.stamp)},
                            {"age_s", age_s},
                            {"body_bytes", material.body.size()},
                            {"order_id", codec::RedactedText(OrderIdIn(material.body))}};
  io.out << verdict.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) << '\n';
  io.out.flush();
  return io.out.good() ? kExitOk : kExitRefused;
}

int SendWebhook(const Arguments& arguments, CommandIo& io) {
  if (arguments.positionals.size() != 1) return Usage(arguments, io, "requires one URL to post to");
  std::optional<Target> target = ReadUrl(arguments.positionals[0]);
  if (!target) return Usage(arguments, io, "URL is not http://HOST/PATH or https://...");
  if (!IsLoopback(target->host) && !arguments.command_flags.contains("allow-remote")) {
    return Usage(
        arguments, io,
        "URL is not on this host; to send a signed order to another one, use --allow-remote");
  }
  std::int64_t unix_s = Now(io);
  if (const auto at = arguments.command_flags.find("at"); at != arguments.command_flags.end()) {
    const auto given = Number(at->second);
    if (!given) return Usage(arguments, io, "--at must be Unix seconds");
    unix_s = *given;
  }
  Material material;
  if (const std::string wrong = Read(arguments, io, material); !wrong.empty())
    return Usage(arguments, io, wrong);
  const std::string stamp = std::to_string(unix_s);
  const std::string auth = Base64(stamp + ":" + Signature(material.key, stamp, material.body));
  if (const std::string id = OrderIdIn(material.body); !id.empty())
    AddQuery(target->path, "transactionid", id);
  AddQuery(target->path, "timestamp", stamp);

  httplib::Client client(target->origin);
  if (!client.is_valid()) return Usage(arguments, io, "URL cannot be used");
  client.set_connection_timeout(5);
  client.set_read_timeout(kResponseTimeout);
  client.set_write_timeout(kResponseTimeout);
  client.set_url_encode(false);
  httplib::Request request;
  request.method = "POST";
  request.path = target->path;
  request.headers = {{"Content-Type", "application/json"}, {"Auth", auth}};
  request.body = material.body;
  std::string head;
  int status = 0;
  request.response_handler = [&](const httplib::Response& response) {
    status = response.status;
    return true;
  };
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    head.append(data, std::min(size, kAckBytes - head.size()));
    return head.size() < kAckBytes;
  };
  const httplib::Result result = client.send(request);
  if (status == 0) {
    io.err << "error: no answer from " << target->origin << ": "
           << httplib::to_string(result.error()) << "\n";
    return kExitRefused;
  }
  const bool acked = status == 200 && head.find("OK") != std::string::npos;
  const OrderedJson report{{"status", status},
                           {"body", codec::RedactedText(head)},
                           {"acked", acked},
                           {"auth", auth},
                           {"timestamp", unix_s}};
  io.out << report.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) << '\n';
  io.out.flush();
  return acked && io.out.good() ? kExitOk : kExitRefused;
}

}  // namespace msp::cli
