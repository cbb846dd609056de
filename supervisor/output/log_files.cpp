#include "supervisor/output/log_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/log_generations.h"

namespace frontdoor {

namespace fs = std::filesystem;

namespace {

// Whole directories that are missing, for this user and its group alone.
void make_directories(const std::string& directory) {
  for (std::size_t slash = directory.find('/', 1);; slash = directory.find('/', slash + 1)) {
    ::mkdir(directory.substr(0, slash).c_str(), S_IRWXU | S_IRGRP | S_IXGRP);
    if (slash == std::string::npos) return;
  }
}

std::uint64_t lines_in(std::string_view lines) {
  return static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
}

}  // namespace

LogFiles::LogFiles(const config::Logs& settings, const std::string& pool, Millis idle)
    : name_(settings.file, pool),
      room_{settings.max_size, settings.max_total},
      keep_(settings.keep),
      idle_(idle),
      floor_(settings.min_free) {}

std::uint64_t LogFiles::write(const std::string& path, std::string_view lines) {
  File& file = files_[path];
  file.written = Clock::now();
  if (!file.destination.is_open() && !file.rotation.has_failed()) open(path, file, LogRotation::Open::No);
  if (!file.destination.is_open()) {
    last_error_ = "it could not be opened";
    return lines_in(lines);
  }
  // One that was only moved is written on; of one that was removed nobody reads a line, and its disk fills unseen.
  if (file.rotation.has_failed() && file.destination.is_removed()) {
    last_error_ = "it was removed and can not be made again";
    return lines_in(lines);
  }
  if (file.regular) return write_regular(path, file, lines);
  const std::uint64_t lost = file.destination.write(lines);
  if (lost != 0) last_error_ = file.destination.last_error();
  return lost;
}

// Whole lines, as many as the file may still hold, then the next file. A line that is larger than a file may be gets one
// of its own.
std::uint64_t LogFiles::write_regular(const std::string& path, File& file, std::string_view lines) {
  std::uint64_t lost = 0;
  while (!lines.empty()) {
    const std::uint64_t most = room_.size_of_one(files_.size());
    std::size_t fitting = fitting_lines(lines, file.size, most);
    if (fitting == 0) {
      if (rotate(path, file)) continue;
      fitting = lines.size();  // it grows: better a large file than none
    }
    const std::string_view piece = lines.substr(0, fitting);
    lines.remove_prefix(piece.size());
    if (!disk_has_room(piece.size())) {
      last_error_ = floor_.why();
      lost += lines_in(piece);
      continue;
    }
    const std::uint64_t failed = file.destination.write(piece);
    if (failed != 0) last_error_ = file.destination.last_error();
    lost += failed;
    file.size = file.destination.file_size().value_or(0);
    floor_.written(piece.size());
  }
  return lost;
}

void LogFiles::look(bool asked) {
  floor_.look();
  const TimePoint now = Clock::now();
  std::erase_if(files_, [&](const auto& entry) { return now - entry.second.written > idle_; });
  for (auto& [path, file] : files_) {
    const LogRotation::Open why = file.rotation.look(asked, file.destination.moved_from(path));
    if (why != LogRotation::Open::No) open(path, file, why);
  }
}

std::vector<OutputNews> LogFiles::take_news() { return std::exchange(news_, {}); }

void LogFiles::finish_by(TimePoint deadline) {
  // Not to the files' destinations: their map is the writer's. A pipe among them hears of it at its next open.
  finish_by_ = deadline.time_since_epoch().count();
}

bool LogFiles::open(const std::string& path, File& file, LogRotation::Open why) {
  make_directories(name_.directory());
  const std::string reason = file.destination.open(path, LogDestination::Links::Refuse);
  if (!reason.empty()) {
    if (file.rotation.failed(reason, why)) tell(LogLevel::Error, "log file not opened, trying again", path, reason);
    return false;
  }
  file.destination.finish_by(TimePoint{Duration{finish_by_.load()}});
  const auto size = file.destination.file_size();
  file.regular = size.has_value();
  file.size = size.value_or(0);
  floor_.look();
  file.rotation.opened();
  if (why == LogRotation::Open::Moved)
    tell(LogLevel::Warn, "log file reopened", path, "the old one was renamed or removed");
  else if (why == LogRotation::Open::Asked)
    tell(LogLevel::Info, "log file reopened", path, "");
  else if (told_.insert(path).second || why == LogRotation::Open::Again)
    tell(LogLevel::Info, "log file opened", path, "");
  keep_to_total();
  return true;
}

bool LogFiles::rotate(const std::string& path, File& file) {
  std::string reason;
  bool moved = false;
  {
    const RenameTurn turn(file.destination);
    // Another process that writes it, too, was quicker: what stands there now is the next one.
    moved = file.destination.moved_from(path);
    if (!moved) reason = make_way(path, keep_);
  }
  if (reason.empty()) reason = file.destination.open(path, LogDestination::Links::Refuse);
  if (!reason.empty()) {
    if (file.not_rotated != reason) tell(LogLevel::Error, "log file cannot be rotated and grows", path, reason);
    file.not_rotated = reason;
    return false;
  }
  file.not_rotated.clear();
  file.size = file.destination.file_size().value_or(0);
  file.rotation.opened();
  keep_to_total();
  return moved || file.size == 0;
}

void LogFiles::keep_to_total() {
  std::vector<LogFile> found;
  std::error_code failed;
  const std::string directory = name_.directory();
  for (const auto& entry : fs::directory_iterator(directory, failed)) {
    const std::string own_name = entry.path().filename().string();
    const auto generation = name_.generation(own_name);
    struct stat status {};
    const std::string path = (directory == "." ? "" : directory == "/" ? "/" : directory + '/') + own_name;
    if (!generation || ::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (*generation > keep_) {  // `keep` was larger once
      ::unlink(path.c_str());
      continue;
    }
    found.push_back({path, static_cast<std::uint64_t>(status.st_size),
                     static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec,
                     *generation == 0 && files_.contains(path)});
  }
  for (const std::string& path : room_.to_delete(std::move(found))) ::unlink(path.c_str());
}

bool LogFiles::disk_has_room(std::size_t bytes) {
  const bool room = floor_.has_room(name_.directory(), bytes);
  switch (floor_.take_news()) {
    case DiskFloor::News::None: break;
    case DiskFloor::News::BelowFloor:
      tell(LogLevel::Error, "log files are not written", name_.directory(), floor_.state());
      break;
    case DiskFloor::News::RoomAgain:
      tell(LogLevel::Info, "log files are written again", name_.directory(), "the disk has room again");
      break;
  }
  return room;
}

void LogFiles::tell(LogLevel level, std::string event, const std::string& file, std::string reason) {
  news_.push_back({level, std::move(event), file, std::move(reason)});
}

}  // namespace frontdoor
