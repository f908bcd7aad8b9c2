// SPDX-License-Identifier: Apache-2.0

#include "tests/load/abuse.h"

#include <fcntl.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <random>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/testing/loopback.h"

namespace msp::load {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t kFrameBytesMax = 16'384;
enum FrameType : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kReset = 3,
  kSettings = 4,
  kPing = 6,
  kContinuation = 9
};
constexpr std::uint8_t kEndHeaders = 4;

std::string Frame(FrameType type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload, std::size_t announced = 0) {
  const std::size_t size = announced == 0 ? payload.size() : announced;
  std::string frame;
  for (const int shift : {16, 8, 0}) frame.push_back(static_cast<char>(size >> shift));
  frame.push_back(static_cast<char>(type));
  frame.push_back(static_cast<char>(flags));
  for (const int shift : {24, 16, 8, 0}) frame.push_back(static_cast<char>(stream >> shift));
  return frame.append(payload);
}

// A header field without compression; its name and value have fewer than 127 bytes.
std::string Field(std::string_view name, std::string_view value) {
  std::string field(1, '\0');
  for (const std::string_view text : {name, value}) {
    field.push_back(static_cast<char>(text.size()));
    field.append(text);
  }
  return field;
}

// Of a call; with 0x40 as their first byte, fields to be kept in the table.
std::string CallHeaders(const std::string& method = "GetOrder", char first_byte = 0) {
  std::string headers;
  for (std::string field :
       {Field(":method", "POST"), Field(":scheme", "http"),
        Field(":path", "/multisafepay.v1.OrderService/" + method), Field(":authority", "a"),
        Field("content-type", "application/grpc"), Field("te", "trailers")}) {
    field[0] = first_byte;
    headers += field;
  }
  return headers;
}

// The headers of one call after those of another that were kept: each field is a place in the table
// of what came last.
std::string CallHeadersAgain() {
  std::string headers;
  for (int last = 5; last >= 0; --last) headers.push_back(static_cast<char>(0x80 | (62 + last)));
  return headers;
}

std::string Greeting() { return std::string(kPreface) + Frame(kSettings, 0, 0, ""); }

int Dial(const Target& target) {
  const int fd = testing::DialLoopback(target.port);
  if (fd >= 0) fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

// Reads away what has come; false when the other side has ended the connection.
bool Drain(int fd) {
  std::array<char, 65'536> buffer{};
  ssize_t size = 0;
  while ((size = recv(fd, buffer.data(), buffer.size(), 0)) > 0) {
  }
  return size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

// Sends all of it unless the attack or the connection ends before.
bool Send(const Target& target, int fd, std::string_view bytes, Effort& effort) {
  while (!bytes.empty()) {
    if (*target.stop || !Drain(fd)) return false;
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      effort.bytes += sent;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd polled{.fd = fd, .events = POLLOUT | POLLIN, .revents = 0};
      poll(&polled, 1, 20);
    } else {
      return false;
    }
  }
  return true;
}

// Keeps `count` connections open that began with `opening`, and sends each a byte now and then.
Effort Hold(const Target& target, std::size_t count, const std::string& opening, bool trickles) {
  Effort effort;
  std::vector<int> held;
  while (held.size() < count && !*target.stop) {
    const int fd = Dial(target);
    if (fd < 0) break;
    ++effort.connections;
    held.push_back(fd);
    if (!opening.empty()) Send(target, fd, opening, effort);
  }
  while (!*target.stop) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    if (!trickles) continue;
    for (const int fd : held) {
      if (send(fd, "\0", 1, MSG_NOSIGNAL) == 1) ++effort.bytes;
    }
  }
  for (const int fd : held) {
    effort.cut += Drain(fd) ? 0 : 1;
    close(fd);
  }
  return effort;
}

// Until the other side has said something, or the attack ends.
void Await(const Target& target, int fd) {
  pollfd polled{.fd = fd, .events = POLLIN, .revents = 0};
  while (!*target.stop && poll(&polled, 1, 20) == 0) {
  }
}

// Sends what `next` makes as fast as it is taken, over a new connection whenever one is cut. One
// that is patient waits for the server's greeting first.
template <class Next>
Effort Flood(const Target& target, const Next& next, bool patient = false) {
  Effort effort;
  while (!*target.stop) {
    const int fd = Dial(target);
    if (fd < 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      continue;
    }
    ++effort.connections;
    long number = 0;
    bool open = Send(target, fd, Greeting(), effort);
    if (patient) Await(target, fd);
    while (open) open = Send(target, fd, next(number++), effort);
    if (!*target.stop) ++effort.cut;
    close(fd);
  }
  return effort;
}

// Calls that never end their headers, or their body, a byte at a time.
Effort SlowHeaders(const Target& target) {
  const std::string headers = CallHeaders();
  return Hold(target, 500, Greeting() + Frame(kHeaders, kEndHeaders, 1, headers.substr(0, 9), 4096),
              true);
}

Effort SlowBody(const Target& target) {
  return Hold(target, 500,
              Greeting() + Frame(kHeaders, kEndHeaders, 1, CallHeaders()) +
                  Frame(kData, 0, 1, std::string_view("\0\0\0\x10", 4), 4096),
              true);
}

// 500 connections with 1,000 calls each, of which nothing comes but the headers.
Effort BegunCalls(const Target& target) {
  constexpr std::uint32_t kCalls = 1'000;
  std::string opening =
      Greeting() + Frame(kHeaders, kEndHeaders, 1, CallHeaders("CreateOrder", 0x40));
  for (std::uint32_t call = 1; call < kCalls; ++call)
    opening += Frame(kHeaders, kEndHeaders, 2 * call + 1, CallHeadersAgain());
  return Hold(target, 500, opening, false);
}

// Calls that are reset at once.
Effort Reset(const Target& target, bool patient) {
  const std::string headers = CallHeaders();
  return Flood(
      target,
      [&headers](long number) {
        std::string frames;
        for (int i = 0; i < 100; ++i) {
          const auto stream = static_cast<std::uint32_t>(2 * (100 * number + i) + 1);
          frames += Frame(kHeaders, kEndHeaders, stream, headers) +
                    Frame(kReset, 0, stream, std::string_view("\0\0\0\x08", 4));
        }
        return frames;
      },
      patient);
}

Effort Ping(const Target& target, bool patient) {
  std::string pings;
  for (int i = 0; i < 100; ++i) pings += Frame(kPing, 0, 0, "12345678");
  return Flood(
      target, [&pings](long /*number*/) { return pings; }, patient);
}

// Almost a frame of them.
std::string ManyFields() {
  std::string fields;
  while (fields.size() < kFrameBytesMax - 256) fields += Field("x-nothing", std::string(100, 'n'));
  return fields;
}

// A header block without an end.
Effort ContinuationFlood(const Target& target) {
  const std::string fields = ManyFields();
  return Flood(target, [&fields](long number) {
    return number == 0 ? Frame(kHeaders, 0, 1, CallHeaders()) : Frame(kContinuation, 0, 1, fields);
  });
}

Effort SettingsFlood(const Target& target) {
  std::string settings;
  for (int i = 0; i < 100; ++i)
    settings += Frame(kSettings, 0, 0, std::string_view("\0\x03\0\0\0\x64", 6));
  return Flood(target, [&settings](long /*number*/) { return settings; });
}

// Calls with a megabyte of metadata.
Effort OversizedMetadata(const Target& target) {
  const std::string fields = ManyFields();
  return Flood(target, [&fields](long number) {
    const auto stream = static_cast<std::uint32_t>(2 * number + 1);
    std::string frames = Frame(kHeaders, 0, stream, CallHeaders());
    for (int i = 0; i < 64; ++i) frames += Frame(kContinuation, 0, stream, fields);
    return frames + Frame(kContinuation, kEndHeaders, stream, Field("x-last", "1"));
  });
}

// Bytes that are no HTTP/2.
Effort Garbage(const Target& target) {
  std::mt19937 random{std::random_device{}()};
  std::string bytes(65'536, ' ');
  Effort effort;
  while (!*target.stop) {
    for (char& byte : bytes) byte = static_cast<char>(random());
    const int fd = Dial(target);
    if (fd < 0) continue;
    ++effort.connections;
    if (!Send(target, fd, bytes, effort) && !*target.stop) ++effort.cut;
    close(fd);
  }
  return effort;
}

}  // namespace

const std::vector<AbuseCase>& AbuseCases() {
  // Patient ones wait for the server's SETTINGS, as well-behaved clients do.
  static const auto& cases = *new std::vector<AbuseCase>{
      {"slow headers, 500 connections", SlowHeaders},
      {"slow body, 500 connections", SlowBody},
      {"10,000 idle connections",
       [](const Target& target) { return Hold(target, 10'000, "", false); }},
      {"500,000 calls that are only begun", BegunCalls, false},
      {"preface without settings, 500 connections",
       [](const Target& target) { return Hold(target, 500, std::string(kPreface), false); }},
      {"rapid reset", [](const Target& target) { return Reset(target, false); }, false},
      {"CONTINUATION flood", ContinuationFlood, false},
      {"PING flood", [](const Target& target) { return Ping(target, false); }},
      {"SETTINGS flood", SettingsFlood},
      {"oversized metadata", OversizedMetadata, false},
      {"garbage", Garbage},
      {"patient rapid reset", [](const Target& target) { return Reset(target, true); }, false},
      {"patient PING flood", [](const Target& target) { return Ping(target, true); }},
  };
  return cases;
}

}  // namespace msp::load
