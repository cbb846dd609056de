// Where a log goes: a file, a pipe, a socket or a terminal that may be full, slow or gone. Takes whole lines,
// never waits longer than it must, never spins, and says how many lines it could not deliver. One thread
// writes; any thread may call finish_by.

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace frontdoor {

class LogDestination {
 public:
  LogDestination() = default;
  ~LogDestination();
  LogDestination(const LogDestination&) = delete;
  LogDestination& operator=(const LogDestination&) = delete;

  // Each returns "" or what went wrong. A failed open keeps what was open before, so that a rotation which
  // goes wrong costs nothing.
  enum class Links : std::uint8_t { Follow, Refuse };  // what a path may end with
  std::string open(const std::string& path, Links links = Links::Follow);
  // stdout and its like: not closed, and its flags, which other processes share, are left as they are.
  std::string borrow(int fd);

  void close();
  bool is_open() const { return fd_ >= 0; }
  std::optional<std::uint64_t> file_size() const;  // of a regular file
  // When it was made, where its file system remembers that.
  std::optional<std::chrono::system_clock::time_point> born() const;
  // Whether `path` no longer names the regular file that is open: it was renamed, removed or replaced. False when
  // that cannot be told.
  bool moved_from(const std::string& path) const;
  // Whether the regular file that is open has no name any more: what is written to it nobody will read.
  bool is_removed() const;

  // Returns how many of `lines` (each ending in a newline) were lost. Waits as long as the reader of a pipe
  // or socket does not read, until finish_by.
  std::uint64_t write(std::string_view lines);

  // Why the last lines were lost; "" = none were.
  const std::string& last_error() const { return last_error_; }

  // From `deadline` on nothing is waited for. The program is ending.
  void finish_by(TimePoint deadline) { deadline_.store(deadline.time_since_epoch().count()); }

 private:
  friend class RenameTurn;
  void use(int fd, bool owned);
  bool write_some(std::string_view& lines);
  bool wait_for_reader();
  std::string_view next_piece(std::string_view lines) const;

  enum class Kind : std::uint8_t { File, Pipe, Socket };
  int fd_ = -1;
  bool owned_ = false;
  Kind kind_ = Kind::File;
  bool may_block_ = false;  // a write could block the thread: ask first
  bool torn_ = false;       // the last byte written was not a newline
  std::string last_error_;
  std::atomic<Duration::rep> deadline_{TimePoint::max().time_since_epoch().count()};
};

// Of several processes that write one file, as over an upgrade, one at a time gives it another name. After a wait
// a process looks first whether the name is still its own file's. It waits for a moment only: a turn takes no longer than
// some renames, and any reader of the log could hold it for ever.
class RenameTurn {
 public:
  explicit RenameTurn(const LogDestination& log);
  ~RenameTurn();
  RenameTurn(const RenameTurn&) = delete;
  RenameTurn& operator=(const RenameTurn&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace frontdoor
