// One visitor's connection, with an end: every read and write waits no longer than the whole visit
// may take, so that a visitor who sends a byte now and then gains nothing, and it brings no more
// bytes than one may. Internal to the listener; one thread.
#pragma once

#include <httplib.h>

#include <chrono>
#include <string>

namespace msp::notify {

class Visit final : public httplib::Stream {
 public:
  using Clock = std::chrono::steady_clock;

  Visit(socket_t fd, Clock::time_point until, std::size_t bytes_max)
      : fd_(fd), until_(until), bytes_left_(bytes_max) {}

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
  ssize_t Receive(char* into, std::size_t size);

  const socket_t fd_;
  const Clock::time_point until_;
  std::size_t bytes_left_;  // httplib bounds neither the lines between chunks nor their trailers.
  // httplib reads heads byte by byte.
  std::string buffer_;
  std::size_t at_ = 0;
};

}  // namespace msp::notify
