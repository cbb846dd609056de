#include "service/files/ready_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace frontdoor {

namespace {

std::string ready_lines(const std::vector<config::Listener>& listeners, const std::vector<Endpoint>& endpoints) {
  std::string text;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const bool named = i < listeners.size() && !listeners[i].name.empty();
    text += (named ? listeners[i].name : "-") + ' ' + endpoints[i].to_string() + '\n';
  }
  return text;
}

bool same_file(int fd, const std::string& path) {
  struct stat opened {};
  struct stat there {};
  return ::fstat(fd, &opened) == 0 && ::lstat(path.c_str(), &there) == 0 && opened.st_dev == there.st_dev &&
         opened.st_ino == there.st_ino;
}

bool is_file(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace

std::string ReadyFile::write(const std::vector<config::Listener>& listeners,
                             const std::vector<Endpoint>& endpoints) {
  if (path_.empty()) return "";
  // Renamed into place, so that a reader never sees half of it; when listeners have changed, over the one before.
  const int before = fd_;
  const std::string draft = path_ + ".new";
  const std::string text = ready_lines(listeners, endpoints);
  // The directory may be anybody's, /tmp for instance: a link is not followed, and a pipe is not waited for.
  fd_ = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
  if (fd_ >= 0 && !is_file(fd_)) {
    ::close(std::exchange(fd_, before));
    return draft + " is no regular file";
  }
  // Where there are no locks (some network file systems) a file that is left behind stays behind.
  const bool locked = fd_ >= 0 && (::flock(fd_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK);
  // Not before it is ours: another process may be at the same step.
  if (locked && ::ftruncate(fd_, 0) == 0 && ::write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      std::rename(draft.c_str(), path_.c_str()) == 0) {
    if (before >= 0) ::close(before);
    return "";
  }
  const std::string reason = std::strerror(errno);
  if (fd_ >= 0) ::close(fd_);
  fd_ = before;
  return reason;
}

void ReadyFile::remove() {
  if (fd_ < 0) return;
  if (same_file(fd_, path_)) ::unlink(path_.c_str());
  ::close(std::exchange(fd_, -1));
}

void remove_stale_ready_file(const std::string& path) {
  if (path.empty()) return;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return;
  if (is_file(fd) && ::flock(fd, LOCK_SH | LOCK_NB) == 0 && same_file(fd, path)) ::unlink(path.c_str());
  ::close(fd);
}

}  // namespace frontdoor
