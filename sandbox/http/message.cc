// SPDX-License-Identifier: Apache-2.0

#include "sandbox/http/message.h"

#include <charconv>
#include <ctime>

#include "service/base/text.h"

namespace msp::sandbox {
namespace {

bool IsTokenChar(char c) {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool IsToken(std::string_view text) {
  for (char c : text) {
    if (!IsTokenChar(c)) return false;
  }
  return !text.empty();
}

std::string QueryDecoded(std::string_view text) {
  std::string plain(text);
  for (char& c : plain) {
    if (c == '+') c = ' ';
  }
  return PercentDecoded(plain);
}

// Calls `visit(name, value)` for each member until it returns false.
template <class Visit>
void ForEachQueryMember(std::string_view query, Visit visit) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view member = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    const std::size_t equals = member.find('=');
    const std::string name = QueryDecoded(member.substr(0, equals));
    const std::string value =
        equals == std::string_view::npos ? std::string() : QueryDecoded(member.substr(equals + 1));
    if (!visit(name, value)) return;
  }
}

bool ParseRequestLine(std::string_view line, HttpRequest* request, bool* http10) {
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos) return false;
  const std::size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos) return false;
  const std::string_view version = line.substr(second + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return false;
  *http10 = version == "HTTP/1.0";
  std::string_view target = line.substr(first + 1, second - first - 1);
  if (!IsToken(line.substr(0, first)) || target.empty()) return false;
  for (char c : target) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return false;
  }
  // The absolute form is legal on every request.
  for (std::string_view scheme : {"http://", "https://"}) {
    if (target.substr(0, scheme.size()) != scheme) continue;
    const std::size_t slash = target.find('/', scheme.size());
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  if (target[0] != '/') return false;
  request->method = std::string(line.substr(0, first));
  const std::size_t mark = target.find('?');
  request->path = std::string(target.substr(0, mark));
  request->query =
      mark == std::string_view::npos ? std::string() : std::string(target.substr(mark + 1));
  return true;
}

ParseResult ReadFraming(HttpRequest* request, bool http10, HeadFacts* facts) {
  bool has_length = false;
  request->keep_alive = !http10;
  for (const auto& [name, value] : request->headers) {
    if (EqualsIgnoreCase(name, "content-length")) {
      std::size_t length = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
      if (error != std::errc() || end != value.data() + value.size()) return ParseResult::kBad;
      if (has_length && length != facts->content_length) return ParseResult::kBad;
      has_length = true;
      facts->content_length = length;
    } else if (EqualsIgnoreCase(name, "transfer-encoding")) {
      if (!EqualsIgnoreCase(value, "chunked")) return ParseResult::kUnsupported;
      facts->chunked = true;
    } else if (EqualsIgnoreCase(name, "expect")) {
      facts->expects_continue = EqualsIgnoreCase(value, "100-continue");
    } else if (EqualsIgnoreCase(name, "connection")) {
      if (EqualsIgnoreCase(value, "close")) request->keep_alive = false;
      if (EqualsIgnoreCase(value, "keep-alive")) request->keep_alive = true;
    }
  }
  // Both at once permit request smuggling.
  if (has_length && facts->chunked) return ParseResult::kBad;
  return facts->content_length > kBodyBytesMax ? ParseResult::kTooLarge : ParseResult::kComplete;
}

}  // namespace

std::vector<std::string> PathSegments(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (!segment.empty()) segments.push_back(PercentDecoded(segment));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return segments;
}

const std::string* HttpRequest::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (EqualsIgnoreCase(key, name)) return &value;
  }
  return nullptr;
}

bool HttpRequest::QueryValue(std::string_view name, std::string* value) const {
  bool found = false;
  ForEachQueryMember(query, [&](const std::string& key, const std::string& text) {
    if (key != name) return true;
    *value = text;
    found = true;
    return false;
  });
  return found;
}

std::vector<std::string> HttpRequest::QueryValues(std::string_view name) const {
  std::vector<std::string> values;
  ForEachQueryMember(query, [&](const std::string& key, const std::string& text) {
    if (key == name) values.push_back(text);
    return true;
  });
  return values;
}

std::string HttpDate(std::int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

std::string_view StatusPhrase(int status) {
  static constexpr std::pair<int, std::string_view> kPhrases[] = {
      {200, "OK"},
      {204, "No Content"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {413, "Content Too Large"},
      {422, "Unprocessable Content"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"}};
  for (const auto& [code, phrase] : kPhrases) {
    if (code == status) return phrase;
  }
  return "Status";
}

ParseResult ParseHead(std::string_view buffer, HttpRequest* request, HeadFacts* facts) {
  const std::size_t end = buffer.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    return buffer.size() > kHeadBytesMax ? ParseResult::kTooLarge : ParseResult::kIncomplete;
  }
  if (end > kHeadBytesMax) return ParseResult::kTooLarge;
  facts->head_bytes = end + 4;
  std::string_view rest = buffer.substr(0, end + 2);
  bool http10 = false;
  for (bool first = true; !rest.empty(); first = false) {
    const std::size_t line_end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, line_end);
    rest = rest.substr(line_end + 2);
    if (line.find('\0') != std::string_view::npos) return ParseResult::kBad;
    if (first) {
      if (!ParseRequestLine(line, request, &http10)) return ParseResult::kBad;
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !IsToken(line.substr(0, colon)))
      return ParseResult::kBad;
    if (request->headers.size() >= kHeaderCountMax) return ParseResult::kTooLarge;
    request->headers.emplace_back(std::string(line.substr(0, colon)),
                                  std::string(Trimmed(line.substr(colon + 1))));
  }
  return ReadFraming(request, http10, facts);
}

ParseResult ParseChunked(std::string_view buffer, std::string* body, std::size_t* consumed) {
  body->clear();
  std::size_t at = 0;
  while (true) {
    const std::size_t line_end = buffer.find("\r\n", at);
    if (line_end == std::string_view::npos) {
      return buffer.size() - at > 1024 ? ParseResult::kBad : ParseResult::kIncomplete;
    }
    const std::string_view line = buffer.substr(at, line_end - at);
    const std::string_view digits = Trimmed(line.substr(0, line.find(';')));
    std::size_t size = 0;
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
    if (error != std::errc() || stop != digits.data() + digits.size()) return ParseResult::kBad;
    at = line_end + 2;
    if (size == 0) {
      // Trailers are ignored.
      const std::size_t last = buffer.substr(at, 2) == "\r\n" ? at : buffer.find("\r\n\r\n", at);
      if (last == std::string_view::npos) {
        return buffer.size() - at > kHeadBytesMax ? ParseResult::kBad : ParseResult::kIncomplete;
      }
      *consumed = last + (last == at ? 2 : 4);
      return ParseResult::kComplete;
    }
    if (size > kBodyBytesMax || body->size() + size > kBodyBytesMax) return ParseResult::kTooLarge;
    if (buffer.size() < at + size + 2) return ParseResult::kIncomplete;
    if (buffer.substr(at + size, 2) != "\r\n") return ParseResult::kBad;
    body->append(buffer.substr(at, size));
    at += size + 2;
  }
}

}  // namespace msp::sandbox
