// SPDX-License-Identifier: Apache-2.0

#include "service/base/unix_socket.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace msp {
namespace {

constexpr int kFlags = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

absl::Status Failed(const std::string& path, std::string_view what) {
  return absl::UnavailableError(absl::StrCat("cannot listen on unix:", path, ": ",
                                             absl::string_view(what.data(), what.size())));
}

absl::Status FailedWith(const std::string& path, int error) {
  return Failed(path, std::generic_category().message(error));
}

// True where a process accepts connections at the address.
bool IsServed(const sockaddr_un& address) {
  const int fd = socket(AF_UNIX, kFlags, 0);
  const bool refused =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno == ECONNREFUSED;
  close(fd);
  return !refused;
}

// A number, or a name that `find` knows.
template <class Id, class Find>
std::optional<Id> IdOf(const std::string& name, const Find& find) {
  if (name.empty()) return static_cast<Id>(-1);
  if (name.find_first_not_of("0123456789") == std::string::npos)
    return static_cast<Id>(std::strtoul(name.c_str(), nullptr, 10));
  return find(name);
}

absl::Status SetOwner(const UnixSocketOptions& options) {
  if (options.owner.empty()) return absl::OkStatus();
  const std::size_t colon = options.owner.find(':');
  std::array<char, 4096> buffer{};
  const auto user = IdOf<uid_t>(options.owner.substr(0, colon), [&](const std::string& name) {
    passwd entry{};
    passwd* found = nullptr;
    getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    return found == nullptr ? std::nullopt : std::optional(entry.pw_uid);
  });
  const std::string group_name =
      colon == std::string::npos ? std::string() : options.owner.substr(colon + 1);
  const auto group = IdOf<gid_t>(group_name, [&](const std::string& name) {
    struct group entry {};
    struct group* found = nullptr;
    getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    return found == nullptr ? std::nullopt : std::optional(entry.gr_gid);
  });
  if (!user || !group)
    return Failed(options.path, absl::StrCat("unknown user or group in \"", options.owner, "\""));
  if (chown(options.path.c_str(), *user, *group) != 0) return FailedWith(options.path, errno);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<UnixSocket> UnixSocket::Listen(const UnixSocketOptions& options) {
  const std::string& path = options.path;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return Failed(path, "the path must be 1 to 107 bytes long");
  std::memcpy(address.sun_path, path.data(), path.size());
  struct stat there {};
  if (lstat(path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode)) return Failed(path, "the path exists and is not a socket");
    if (IsServed(address)) return Failed(path, "another process listens on the path");
    if (unlink(path.c_str()) != 0) return FailedWith(path, errno);
  }
  UnixSocket made;
  made.fd_ = socket(AF_UNIX, kFlags, 0);
  // Before the path exists: it is created with this mode, so that nobody else can connect
  // meanwhile.
  if (made.fd_ < 0 || fchmod(made.fd_, options.mode & S_IRWXU) != 0 ||
      bind(made.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    if (made.fd_ >= 0) close(made.fd_);
    return FailedWith(path, error);
  }
  made.path_ = path;
  absl::Status ready = SetOwner(options);
  if (ready.ok() && (chmod(path.c_str(), options.mode) != 0 || listen(made.fd_, SOMAXCONN) != 0))
    ready = FailedWith(path, errno);
  lstat(path.c_str(), &made.made_);
  if (ready.ok()) return made;
  close(made.fd_);
  return ready;
}

UnixSocket& UnixSocket::operator=(UnixSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  std::swap(made_, other.made_);
  return *this;
}

void UnixSocket::Remove() {
  struct stat there {};
  // Also the time: a file system reuses inode numbers.
  if (!path_.empty() && lstat(path_.c_str(), &there) == 0 && there.st_dev == made_.st_dev &&
      there.st_ino == made_.st_ino && there.st_ctim.tv_sec == made_.st_ctim.tv_sec &&
      there.st_ctim.tv_nsec == made_.st_ctim.tv_nsec)
    unlink(path_.c_str());
  path_.clear();
}

}  // namespace msp
