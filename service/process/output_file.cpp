#include "service/process/output_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/quietly.h"
#include "base/time.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr Millis kLookAtFile{250};

}  // namespace

std::string redirect_output(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return std::strerror(errno);
  // It is of what is opened here, which the launcher and the front door share, and ends with the last of them. Where there are no
  // locks nobody is known, which costs no more than that.
  (void)::flock(fd, LOCK_SH | LOCK_NB);
  const bool done = ::dup2(fd, STDOUT_FILENO) >= 0 && ::dup2(fd, STDERR_FILENO) >= 0;
  const int error = errno;
  ::close(fd);
  return done ? "" : std::strerror(error);
}

bool is_written(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return false;
  const bool taken = ::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(fd);
  return taken;
}

bool rotate_output(const std::string& path, std::uint64_t most_bytes) {
  struct stat info {};
  if (::fstat(STDOUT_FILENO, &info) != 0 || !S_ISREG(info.st_mode) ||
      static_cast<std::uint64_t>(info.st_size) < most_bytes)
    return false;
  if (std::rename(path.c_str(), (path + ".1").c_str()) == 0 && redirect_output(path).empty()) return true;
  return ::ftruncate(STDOUT_FILENO, 0) == 0;
}

asio::awaitable<void> keep_output_small(asio::io_context& control, std::string path, std::uint64_t most_bytes) {
  asio::steady_timer pause(control);
  for (;;) {
    pause.expires_after(kLookAtFile);
    auto [error] = co_await pause.async_wait(quietly);
    if (error) co_return;
    rotate_output(path, most_bytes);
  }
}

}  // namespace frontdoor
