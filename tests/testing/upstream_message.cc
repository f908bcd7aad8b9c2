// SPDX-License-Identifier: Apache-2.0

#include "tests/testing/upstream_message.h"

#include <strings.h>

#include <algorithm>
#include <cstdio>

namespace msp::testing {
namespace {

bool EqualFolded(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string ChunksOf(std::string_view body) {
  std::string out;
  while (!body.empty()) {
    const std::string_view chunk = body.substr(0, 7);
    char size[8];
    std::snprintf(size, sizeof size, "%zx", chunk.size());
    out.append(size).append("\r\n").append(chunk).append("\r\n");
    body.remove_prefix(chunk.size());
  }
  return out + "0\r\n\r\n";
}

}  // namespace

std::string RecordedRequest::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (EqualFolded(key, name)) return value;
  }
  return {};
}

bool RecordedRequest::HasExactHeader(std::string_view name) const {
  return std::any_of(headers.begin(), headers.end(),
                     [name](const auto& header) { return header.first == name; });
}

Reply Reply::Json(int status, std::string body) {
  Reply reply;
  reply.status = status;
  reply.body = std::move(body);
  reply.Header("Content-Type", "application/json");
  return reply;
}

Reply Reply::Raw(std::string bytes, CloseMode mode) {
  Reply reply;
  reply.raw = std::move(bytes);
  reply.close_mode = mode;
  return reply;
}

Reply& Reply::Header(std::string name, std::string value) {
  headers.emplace_back(std::move(name), std::move(value));
  return *this;
}

Reply& Reply::Chunked() {
  chunked = true;
  return *this;
}

Reply& Reply::DeclaredLength(std::size_t n) {
  declared_length = n;
  return *this;
}

Reply& Reply::InPieces(std::size_t bytes) {
  piece_bytes = bytes;
  return *this;
}

Reply& Reply::Then(CloseMode after) {
  close_mode = after;
  return *this;
}

RecordedRequest ParseHead(std::string_view head) {
  RecordedRequest request;
  bool first = true;
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    if (first) {
      const std::size_t space = line.find(' ');
      const std::size_t next = line.find(' ', space + 1);
      request.method = line.substr(0, space);
      request.target = line.substr(space + 1, next - space - 1);
      first = false;
      continue;
    }
    const std::size_t colon = line.find(':');
    std::string_view value = line.substr(std::min(colon + 1, line.size()));
    while (value.starts_with(' ')) value.remove_prefix(1);
    request.headers.emplace_back(line.substr(0, colon), value);
  }
  return request;
}

std::string BytesOf(const Reply& reply) {
  if (reply.raw) return *reply.raw;
  std::string out = "HTTP/1.1 " + std::to_string(reply.status) + " Scripted\r\n";
  for (const auto& [name, value] : reply.headers) out += name + ": " + value + "\r\n";
  if (reply.chunked) {
    out += "Transfer-Encoding: chunked\r\n\r\n" + ChunksOf(reply.body);
  } else if (reply.status == 204 || reply.status == 304) {
    out += "\r\n";
  } else {
    const std::size_t length = reply.declared_length.value_or(reply.body.size());
    out += "Content-Length: " + std::to_string(length) + "\r\n\r\n" + reply.body;
  }
  return out;
}

}  // namespace msp::testing
