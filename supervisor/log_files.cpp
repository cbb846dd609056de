#include "supervisor/log_files.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

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

std::string megabytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + "MiB"; }

}  // namespace

LogFiles::LogFiles(const config::Logs& settings, const std::string& pool, Millis idle)
    : name_(settings.file, pool),
      room_{settings.max_size, settings.max_total},
      keep_(settings.keep),
      min_free_(settings.min_free),
      idle_(idle) {}

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
    std::string_view piece = lines;
    if (most != 0 && file.size + lines.size() > most) {
      const std::size_t room = most > file.size ? static_cast<std::size_t>(most - file.size) : 0;
      const std::size_t end = room == 0 ? std::string_view::npos : lines.rfind('\n', room - 1);
      if (end != std::string_view::npos) {
        piece = lines.substr(0, end + 1);
      } else if (file.size != 0) {
        if (rotate(path, file)) continue;  // else it grows: better a large file than none
      } else {
        piece = lines.substr(0, lines.find('\n') + 1);
      }
    }
    lines.remove_prefix(piece.size());
    if (!disk_has_room(piece.size())) {
      last_error_ = "less than min_free (" + megabytes(min_free_) + ") of the disk is free";
      lost += lines_in(piece);
      continue;
    }
    const std::uint64_t failed = file.destination.write(piece);
    if (failed != 0) last_error_ = file.destination.last_error();
    lost += failed;
    file.size = file.destination.file_size().value_or(0);
    free_ -= std::min<std::uint64_t>(free_, piece.size());
  }
  return lost;
}

void LogFiles::look(bool asked) {
  free_known_ = false;
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
  free_known_ = false;
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

// By name alone, from the oldest to the one that is written: a crash in between loses none but the oldest.
bool LogFiles::rotate(const std::string& path, File& file) {
  const auto named = [&](std::uint32_t generation) { return path + '.' + std::to_string(generation); };
  bool away = false;
  if (keep_ == 0) {
    away = ::unlink(path.c_str()) == 0 || errno == ENOENT;
  } else {
    for (std::uint32_t generation = keep_; generation > 1; --generation)
      ::rename(named(generation - 1).c_str(), named(generation).c_str());
    away = ::rename(path.c_str(), named(1).c_str()) == 0 || errno == ENOENT;
  }
  std::string reason = away ? "" : "cannot rename " + path + ": " + std::generic_category().message(errno);
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
  return file.size == 0;
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

// Asked of the disk once a second at most, and counted down in between.
bool LogFiles::disk_has_room(std::size_t bytes) {
  if (min_free_ == 0) return true;
  if (!free_known_) {
    struct statvfs disk {};
    free_ = ::statvfs(name_.directory().c_str(), &disk) == 0
                ? static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize
                : std::numeric_limits<std::uint64_t>::max();  // it can not be told, or the directory is gone
    free_known_ = true;
  }
  const bool room = free_ >= min_free_ + bytes;
  if (room == !disk_full_) return room;
  disk_full_ = !room;
  if (room)
    tell(LogLevel::Info, "log files are written again", name_.directory(), "the disk has room again");
  else
    tell(LogLevel::Error, "log files are not written", name_.directory(),
         "the disk has " + megabytes(free_) + " free, less than min_free (" + megabytes(min_free_) + ')');
  return room;
}

void LogFiles::tell(LogLevel level, std::string event, const std::string& file, std::string reason) {
  news_.push_back({level, std::move(event), file, std::move(reason)});
}

}  // namespace frontdoor
