// What a worker's epoll watches for libcurl, with as few system calls as is safe.
//
// Owned and called by one worker, in its turn alone. libcurl asks for events at the start of a
// transfer and takes the wish back at its end; on a connection that is used again and again the two
// cancel out, so a descriptor stays registered when libcurl lets go of it (15.4 instead of 18.3 us
// of CPU a request).
//
// That is sound only where every close is seen. libcurl closes some descriptors without telling:
// the threaded resolver's socket pair, and sockets whose connect lost or failed. The kernel drops
// those from epoll by itself, their numbers come back on another socket, and a table that still
// believed in them would wait for events that never come. So a descriptor is kept only once it is
// known as a connection that libcurl will close through our own callback; for all others the table
// trusts the kernel alone.
//
// Watching idle connections has a second use. libcurl 7.88 looks at a connection before it uses it
// again, but takes one whose server has said goodbye (TLS close_notify, as every orderly server
// sends) for alive, sends the request into it, and nobody can know any more whether it was
// received. Here the goodbye is an event on a connection that nobody uses: it is shut down in both
// directions at once, which libcurl's look does notice.
#pragma once

#include <cstdint>
#include <vector>

namespace msp::http {

class SocketTable {
 public:
  // `epoll_fd` outlives the table. `silent_when_idle`: the protocol lets a server send nothing on
  // an idle connection, so that any byte on one is its end (HTTP/1.1, unlike HTTP/2).
  SocketTable(int epoll_fd, bool silent_when_idle)
      : epoll_fd_(epoll_fd), silent_when_idle_(silent_when_idle) {}
  SocketTable(const SocketTable&) = delete;
  SocketTable& operator=(const SocketTable&) = delete;

  // `fd` has just been created by our own open callback.
  void Opened(int fd);
  // Whether a transfer waits for events of `fd`.
  bool InUse(int fd) { return At(fd).wanted != 0; }
  // `fd` carries an established connection: from here on our close callback is the only way it
  // ends.
  void Established(int fd);
  // `fd` is about to be closed by our own close callback.
  void Closed(int fd);
  // libcurl's wish for `fd`, one of CURL_POLL_IN, _OUT, _INOUT and _REMOVE.
  void Want(int fd, int what);

  // Epoll reported `events` for `fd`: true when libcurl wants to know. Otherwise the connection is
  // idle, and has come to its end or must not be reported again and again.
  bool TakeEvent(int fd, std::uint32_t events);

 private:
  struct Entry {
    std::uint32_t wanted = 0;      // What libcurl believes to be watched.
    std::uint32_t registered = 0;  // What epoll watches as far as we know; 0 is "not in epoll".
    bool established = false;
  };

  Entry& At(int fd);
  void Register(int fd, Entry& entry, std::uint32_t events);
  void Unregister(int fd, Entry& entry);

  const int epoll_fd_;
  const bool silent_when_idle_;
  std::vector<Entry> entries_;  // By descriptor number, so bounded by the process's limit on them.
};

}  // namespace msp::http
