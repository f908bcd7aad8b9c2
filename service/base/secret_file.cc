// SPDX-License-Identifier: Apache-2.0

#include "service/base/secret_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "service/base/text.h"

namespace msp {

bool ReadSecretFile(const std::string& path, std::string* content) {
  ZeroizeString(*content);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  // One byte more than allowed, to detect a larger file. Sized once: a string that grows leaves its
  // old memory unzeroized.
  content->resize(kSecretFileBytesMax + 1);
  std::size_t size = 0;
  ssize_t got = 0;
  while (size < content->size()) {
    got = read(fd, content->data() + size, content->size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  close(fd);
  if (got < 0 || size > kSecretFileBytesMax) {
    ZeroizeString(*content);
    return false;
  }
  content->resize(size);
  return true;
}

}  // namespace msp
