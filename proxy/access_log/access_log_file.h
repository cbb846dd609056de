// Where the access log's lines go, and its file: opened again when somebody asks or moved it, renamed when it is full or old
// (base/log_generations.h), not written while the disk has less than a floor of room. Tells what became of it. The writer's
// thread alone (access_log_writer.h), once that runs; finish_by: any.

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/disk_floor.h"
#include "base/log.h"
#include "base/log_destination.h"
#include "base/log_room.h"
#include "base/log_rotation.h"
#include "config/config.h"

namespace frontdoor {

class AccessLogFile {
 public:
  // `events` may be null.
  AccessLogFile(std::atomic<std::uint64_t>& failed_rotations, Log* events)
      : failed_rotations_(failed_rotations), events_(events) {}

  static bool is_path(std::string_view output) {
    return output != "stdout" && output != "stderr" && output != "off";
  }

  // At the start: "" when it was opened, else why not.
  std::string open(const config::AccessLog& wanted);
  // Once a second, and when `asked`: another output is opened, a file that was moved is opened again, an old one is
  // rotated. May throw std::bad_alloc; then nothing is lost, and the next look does it.
  void look(bool asked, const config::AccessLog& wanted);

  // How many of the lines were lost, and why.
  std::uint64_t write(std::string_view lines);
  const std::string& last_error() const { return last_error_; }
  const std::string& output() const { return settings_.output; }

  void finish_by(TimePoint deadline) { destination_.finish_by(deadline); }

 private:
  using WallClock = std::chrono::system_clock;

  std::string open_destination(const std::string& output);
  void take(const config::AccessLog& settings);
  void look_at_place(bool asked, const std::string& wanted);
  std::uint64_t write_into_file(std::string_view lines);
  void rotate_if_old();
  bool rotate() noexcept;
  std::string begin_another();  // "" or why the file is still the same
  void keep_to_total();
  bool disk_has_room(std::size_t bytes);

  std::atomic<std::uint64_t>& failed_rotations_;
  Log* const events_;

  config::AccessLog settings_;  // with the output that is open
  LogDestination destination_;
  LogRotation rotation_;
  DiskFloor floor_;
  std::string directory_;
  bool regular_ = false;  // it is a file, which has a size
  std::uint64_t size_ = 0;
  WallClock::time_point born_{};
  bool may_rotate_ = true;       // false: it failed since the last look
  std::uint64_t not_rotated_ = 0;  // how often in a row
  std::string last_error_;
};

}  // namespace frontdoor
