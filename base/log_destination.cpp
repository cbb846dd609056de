// See log_destination.h. What each kind of destination needs:
//   file     one write for all; ENOSPC and EDQUOT lose what is left, the next call tries again
//   pipe     pieces of at most PIPE_BUF that end at a line's end: the kernel keeps each in one piece
//            (pipe(7)), so that another log on the same pipe never lands in the middle of a line. A longer line goes
//            by itself, and stays whole unless the pipe fills up
//   socket   send with MSG_DONTWAIT (under systemd stdout is one)

#include "base/log_destination.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>

namespace frontdoor {
namespace {

constexpr int kLooksForATurn = 50;
constexpr unsigned kBetweenLooks = 2'000;  // microseconds

std::string error_text(int code) { return std::generic_category().message(code); }

}  // namespace

LogDestination::~LogDestination() {
  if (owned_) ::close(fd_);
}

std::string LogDestination::open(const std::string& path, Links links) {
  // O_NONBLOCK: a FIFO that nobody reads is an error now (ENXIO) and not a start that hangs. Not
  // group-writable and not for others: targets carry tokens.
  const int not_through = links == Links::Refuse ? O_NOFOLLOW : 0;
  const int fd =
      ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | not_through,
             S_IRUSR | S_IWUSR | S_IRGRP);
  if (fd < 0 && errno == ELOOP && not_through != 0) return "cannot open " + path + ": it is a symbolic link";
  if (fd < 0) return "cannot open " + path + ": " + error_text(errno);
  use(fd, true);
  may_block_ = false;
  return "";
}

std::string LogDestination::borrow(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0)
    return "cannot use file descriptor " + std::to_string(fd) + ": " + error_text(errno);
  if (!S_ISFIFO(status.st_mode) && !::isatty(fd)) {
    use(fd, false);
    return "";
  }
  // Non-blocking would be a flag of the open file that the shell and our siblings share. Opening it once more
  // gives us one of our own; where that is forbidden (another user's pipe) we ask poll before every write.
  const std::string self = "/proc/self/fd/" + std::to_string(fd);
  const int own = ::open(self.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  use(own < 0 ? fd : own, own >= 0);
  may_block_ = own < 0;
  return "";
}

void LogDestination::close() {
  if (owned_) ::close(fd_);
  fd_ = -1;
  owned_ = torn_ = false;
}

std::optional<std::uint64_t> LogDestination::file_size() const {
  struct stat status {};
  if (fd_ < 0 || ::fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(status.st_size);
}

std::optional<std::chrono::system_clock::time_point> LogDestination::born() const {
  struct statx status {};
  if (fd_ < 0 || ::statx(fd_, "", AT_EMPTY_PATH, STATX_BTIME, &status) != 0 || (status.stx_mask & STATX_BTIME) == 0)
    return std::nullopt;
  const auto since = std::chrono::seconds{status.stx_btime.tv_sec} + std::chrono::nanoseconds{status.stx_btime.tv_nsec};
  return std::chrono::system_clock::time_point{std::chrono::duration_cast<std::chrono::system_clock::duration>(since)};
}

bool LogDestination::moved_from(const std::string& path) const {
  struct stat opened {};
  if (fd_ < 0 || ::fstat(fd_, &opened) != 0 || !S_ISREG(opened.st_mode)) return false;
  struct stat there {};
  if (::stat(path.c_str(), &there) != 0) return errno == ENOENT || errno == ENOTDIR;
  return there.st_dev != opened.st_dev || there.st_ino != opened.st_ino;
}

bool LogDestination::is_removed() const {
  struct stat opened {};
  return fd_ >= 0 && ::fstat(fd_, &opened) == 0 && S_ISREG(opened.st_mode) && opened.st_nlink == 0;
}

void LogDestination::use(int fd, bool owned) {
  if (owned_) ::close(fd_);
  fd_ = fd;
  owned_ = owned;
  torn_ = false;
  struct stat status {};
  ::fstat(fd, &status);
  kind_ = S_ISFIFO(status.st_mode) || ::isatty(fd) ? Kind::Pipe
          : S_ISSOCK(status.st_mode)               ? Kind::Socket
                                                   : Kind::File;
}

std::uint64_t LogDestination::write(std::string_view lines) {
  if (torn_) {
    // A disk that was full cut a line in two. Ending it here spoils one line, not two.
    std::string_view newline = "\n";
    write_some(newline);
  }
  while (!lines.empty()) {
    if (!write_some(lines)) return static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
  }
  return 0;
}

// Takes off the front of `lines` what was written, after a wait if need be. False: give up on the rest.
bool LogDestination::write_some(std::string_view& lines) {
  if (fd_ < 0) {
    last_error_ = "it could not be opened";
    return false;
  }
  if (may_block_ && !wait_for_reader()) return false;
  const std::string_view piece = next_piece(lines);
  const ssize_t written = kind_ == Kind::Socket
                              ? ::send(fd_, piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                              : ::write(fd_, piece.data(), piece.size());
  if (written > 0) {
    torn_ = piece[static_cast<std::size_t>(written) - 1] != '\n';
    lines.remove_prefix(static_cast<std::size_t>(written));
    return true;
  }
  if (written < 0 && errno == EINTR) return true;
  if (written < 0 && errno == EAGAIN) return wait_for_reader();
  last_error_ = written < 0 ? error_text(errno) : "nothing was written";  // ENOSPC, EDQUOT, EPIPE, EIO, …
  return false;
}

// True: try to write. It polls in slices because finish_by may move the deadline meanwhile.
bool LogDestination::wait_for_reader() {
  using namespace std::chrono;
  constexpr milliseconds slice{50};
  for (;;) {
    const TimePoint deadline{Duration{deadline_.load()}};
    const auto left = std::clamp(duration_cast<milliseconds>(deadline - Clock::now()), 0ms, slice);
    pollfd wanted{.fd = fd_, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) {
      last_error_ = error_text(errno);
      return false;
    }
    if (left == 0ms) {
      last_error_ = "its reader does not read";
      return false;
    }
  }
}

std::string_view LogDestination::next_piece(std::string_view lines) const {
  if (kind_ != Kind::Pipe || lines.size() <= PIPE_BUF) return lines;
  const auto end = lines.substr(0, PIPE_BUF).rfind('\n');
  if (end != std::string_view::npos) return lines.substr(0, end + 1);
  // A longer line is kept in one piece as long as the pipe has room for it; a descriptor that would block gets no
  // more than it has said it takes.
  if (may_block_) return lines.substr(0, PIPE_BUF);
  return lines.substr(0, std::min(lines.find('\n'), lines.size() - 1) + 1);
}

RenameTurn::RenameTurn(const LogDestination& log) : fd_(log.fd_) {
  for (int looks = 0; looks < kLooksForATurn && ::flock(fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK; ++looks)
    ::usleep(kBetweenLooks);
}

RenameTurn::~RenameTurn() { ::flock(fd_, LOCK_UN); }

}  // namespace frontdoor
