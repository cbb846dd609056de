// The files that a pool's instances log into: frontdoor's own, so that it can rename one that is full and open
// another, never copy and cut it. Bounded for each file and for all together, and not written while the disk has
// less than a floor of free room. What is on the disk is all of its state: a front door that comes after a crash goes
// on where this one was. The writer's thread alone (supervisor/output/output_writer.h).

#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/disk_floor.h"
#include "base/log_destination.h"
#include "base/log_room.h"
#include "base/log_rotation.h"
#include "config/config.h"
#include "supervisor/output/log_file_name.h"
#include "supervisor/output/output_writer.h"

namespace frontdoor {

class LogFiles : public OutputDestination {
 public:
  // `idle`: a file that nobody has written for so long is closed; its instance may be no more.
  LogFiles(const config::Logs& settings, const std::string& pool, Millis idle = std::chrono::minutes{10});

  std::uint64_t write(const std::string& path, std::string_view lines) override;
  std::string last_error() const override { return last_error_; }
  void look(bool asked) override;
  std::vector<OutputNews> take_news() override;
  void finish_by(TimePoint deadline) override;

 private:
  struct File {
    LogDestination destination;
    LogRotation rotation;
    std::uint64_t size = 0;
    bool regular = false;
    TimePoint written = {};
    std::string not_rotated = {};  // why, when that has been told
  };

  // `why` is No the first time.
  bool open(const std::string& path, File& file, LogRotation::Open why);
  std::uint64_t write_regular(const std::string& path, File& file, std::string_view lines);
  bool rotate(const std::string& path, File& file);
  void keep_to_total();
  bool disk_has_room(std::size_t bytes);
  void tell(LogLevel level, std::string event, const std::string& file, std::string reason);

  const LogFileName name_;
  const LogRoom room_;
  const std::uint32_t keep_;
  const Millis idle_;

  std::map<std::string, File> files_;  // those that are written
  std::set<std::string> told_;         // which were opened
  DiskFloor floor_;
  std::string last_error_;
  std::vector<OutputNews> news_;
  std::atomic<Duration::rep> finish_by_{TimePoint::max().time_since_epoch().count()};
};

}  // namespace frontdoor
