#include "service/orders/durable_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace frontdoor {

namespace {

bool write_whole(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0;
}

// The rename itself is on the disk when the directory is.
bool sync_directory_of(const std::string& path) {
  const std::string directory = path.substr(0, path.rfind('/') + 1);
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool synced = ::fsync(fd) == 0 || errno == EINVAL;  // some file systems have no such thing
  const int failed = errno;
  ::close(fd);
  errno = failed;
  return synced;
}

}  // namespace

std::string write_durably(const std::string& path, std::string_view text) {
  const std::string draft = path + ".new";
  ::unlink(draft.c_str());  // what a crash has left, or a link that somebody has put there
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return std::strerror(errno);
  bool written = write_whole(fd, text);
  int failed = errno;
  if (::close(fd) != 0 && written) {
    written = false;
    failed = errno;
  }
  if (written && ::rename(draft.c_str(), path.c_str()) != 0) {
    written = false;
    failed = errno;
  }
  if (!written) {
    ::unlink(draft.c_str());
    return std::strerror(failed);
  }
  return sync_directory_of(path) ? "" : std::strerror(errno);
}

}  // namespace frontdoor
