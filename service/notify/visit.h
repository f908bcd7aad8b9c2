// One visitor's connection, with an end: every read and write waits no longer than the whole visit
// may take, so that a visitor who sends a byte now and then gains nothing. Internal to the
// listener; one thread.
#pragma once

#include <httplib.h>

#include <chrono>
#include <string>

namespace msp::notify {

class Visit final : public httplib::Stream {
 public:
  using Clock = std::chrono::steady_clock;

  Visit(socket_t fd, Clock::time_point until) : fd_(fd), until_(until) {}

  bool is_readable() const override { return Ready(true); }
  bool is_writable() const override { return Ready(false); }
  ssize_t read(char* into, std::size_t size) override;
  ssize_t write(const char* from, std::size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return fd_; }
  bool over() const { return Clock::now() >= until_; }

 private:
  bool Ready(bool to_read) const;

  const socket_t fd_;
  const Clock::time_point until_;
  // httplib reads heads byte by byte.
  std::string buffer_;
  std::size_t at_ = 0;
};

}  // namespace msp::notify
