#include "proxy/access_log/access_log_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

#include "base/log_generations.h"

namespace frontdoor {

namespace {

namespace fs = std::filesystem;

// Another file that is full, too: somebody else writes it as well.
constexpr int kRotationsInVain = 3;

std::uint64_t lines_in(std::string_view lines) {
  return static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
}

std::string directory_of(const std::string& path) {
  const std::string directory = fs::path(path).parent_path().string();
  return directory.empty() ? "." : directory;
}

}  // namespace

std::string AccessLogFile::open_destination(const std::string& output) {
  const std::string reason = is_path(output) ? destination_.open(output)
                                             : destination_.borrow(output == "stdout" ? STDOUT_FILENO : STDERR_FILENO);
  if (!reason.empty()) return reason;
  const auto size = destination_.file_size();
  directory_ = directory_of(output);
  regular_ = size.has_value() && is_path(output);
  size_ = size.value_or(0);
  born_ = destination_.born().value_or(WallClock::now());
  may_rotate_ = true;
  floor_.look();
  return "";
}

void AccessLogFile::take(const config::AccessLog& settings) {
  config::AccessLog taken = settings;
  taken.output = settings_.output;
  settings_ = std::move(taken);
  floor_.set(settings.min_free);
}

std::string AccessLogFile::open(const config::AccessLog& wanted) {
  take(wanted);
  settings_.output = wanted.output;
  if (wanted.output == "off") return "";
  std::string reason = open_destination(wanted.output);
  if (reason.empty()) keep_to_total();
  return reason;
}

void AccessLogFile::look(bool asked, const config::AccessLog& wanted) {
  const bool another_room = wanted.max_size != settings_.max_size || wanted.max_total != settings_.max_total ||
                            wanted.max_age != settings_.max_age || wanted.keep != settings_.keep;
  take(wanted);
  floor_.look();
  may_rotate_ = true;
  look_at_place(asked, wanted.output);
  rotate_if_old();
  if (another_room) keep_to_total();
}

void AccessLogFile::look_at_place(bool asked, const std::string& wanted) {
  if (wanted == "off") {
    // Workers may still have lines from before: the file is let go at a look, by when they have come.
    if (!asked) {
      destination_.close();
      settings_.output = wanted;
      regular_ = false;
      rotation_.opened();
    }
    return;
  }
  const bool moved = wanted == output() && is_path(wanted) && destination_.moved_from(wanted);
  const LogRotation::Open why = rotation_.look(asked, moved);
  if (why == LogRotation::Open::No) return;
  // When it cannot be opened the old file goes on being written: a line in the wrong file beats none.
  if (const std::string reason = open_destination(wanted); !reason.empty()) {
    if (rotation_.failed(reason, why) && events_)
      events_->error(
          "access log not opened, trying again",
          {{"reason", reason},
           {"until_then", destination_.is_open() ? "lines go to the old file" : "lines are lost"}});
    return;
  }
  const bool another = std::exchange(settings_.output, wanted) != wanted;
  rotation_.opened();
  keep_to_total();
  if (!events_) return;
  if (why == LogRotation::Open::Moved)
    events_->warn("access log reopened",
                  {{"file", wanted}, {"reason", "the old file was renamed or removed"}});
  else
    events_->info(another ? "access log opened" : "access log reopened", {{"file", wanted}});
}

std::uint64_t AccessLogFile::write(std::string_view lines) {
  if (regular_) return write_into_file(lines);
  const std::uint64_t lost = destination_.write(lines);
  if (lost != 0) last_error_ = destination_.last_error();
  return lost;
}

// Whole lines, as many as the file may still hold, then the next file.
std::uint64_t AccessLogFile::write_into_file(std::string_view lines) {
  std::uint64_t lost = 0;
  const std::uint64_t most = LogRoom{settings_.max_size, settings_.max_total}.size_of_one(1);
  for (int rotations = 0; !lines.empty();) {
    std::size_t fitting = fitting_lines(lines, size_, most);
    if (fitting == 0) {
      if (may_rotate_ && rotations++ < kRotationsInVain && rotate()) continue;
      fitting = lines.size();  // it grows: better a large file than none
    }
    rotations = 0;
    const std::string_view piece = lines.substr(0, fitting);
    lines.remove_prefix(fitting);
    if (!disk_has_room(piece.size())) {
      last_error_ = floor_.why();
      lost += lines_in(piece);
      continue;
    }
    const std::uint64_t failed = destination_.write(piece);
    if (failed != 0) last_error_ = destination_.last_error();
    lost += failed;
    size_ = destination_.file_size().value_or(0);
    floor_.written(piece.size());
  }
  return lost;
}

void AccessLogFile::rotate_if_old() {
  if (!regular_ || settings_.max_age == Millis{0} || size_ == 0) return;
  if (WallClock::now() - born_ >= settings_.max_age) rotate();
}

// Failing is told once, and tried again after the next look.
bool AccessLogFile::rotate() noexcept {
  try {
    const std::string reason = begin_another();
    if (reason.empty()) {
      if (not_rotated_ != 0 && events_)
        events_->info("access log is rotated again", {{"file", output()}, {"failed_tries", not_rotated_}});
      not_rotated_ = 0;
      return true;
    }
    may_rotate_ = false;
    failed_rotations_.fetch_add(1, std::memory_order_relaxed);
    if (not_rotated_++ == 0 && events_)
      events_->error("access log cannot be rotated and grows", {{"file", output()}, {"reason", reason}});
  } catch (const std::bad_alloc&) {
    may_rotate_ = false;
  }
  return false;
}

std::string AccessLogFile::begin_another() {
  const std::string path = output();
  {
    const RenameTurn turn(destination_);
    struct stat status {};
    // Another process that writes it, too (an upgrade), or logrotate was quicker: what stands there now is the next one.
    if (!destination_.moved_from(path)) {
      // Its name would be moved, and not what it stands for.
      if (::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode)) return path + " is a symbolic link";
      if (std::string reason = make_way(path, settings_.keep); !reason.empty()) return reason;
    }
  }
  if (std::string reason = open_destination(path); !reason.empty()) return reason;
  rotation_.opened();
  keep_to_total();
  return "";
}

// What is there is all of its state: a process that comes after a crash goes on where this one was.
void AccessLogFile::keep_to_total() {
  if (!regular_ || !settings_.rotates()) return;
  const std::string name = fs::path(output()).filename().string();
  std::vector<LogFile> found;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(directory_, failed)) {
    const auto generation = generation_of(entry.path().filename().string(), name);
    struct stat status {};
    const std::string path = entry.path().string();
    if (!generation || ::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (*generation > settings_.keep) {  // `keep` was larger once
      ::unlink(path.c_str());
      continue;
    }
    const std::int64_t written_last = -static_cast<std::int64_t>(*generation);  // names tell the order
    found.push_back({path, static_cast<std::uint64_t>(status.st_size), written_last, *generation == 0});
  }
  const LogRoom room{settings_.max_size, settings_.max_total};
  for (const std::string& path : room.to_delete(std::move(found))) ::unlink(path.c_str());
}

bool AccessLogFile::disk_has_room(std::size_t bytes) {
  const bool room = floor_.has_room(directory_, bytes);
  const DiskFloor::News news = floor_.take_news();
  if (!events_) return room;
  if (news == DiskFloor::News::BelowFloor)
    events_->error("access log is not written", {{"file", output()}, {"reason", floor_.state()}});
  if (news == DiskFloor::News::RoomAgain)
    events_->info("access log is written again", {{"file", output()}, {"reason", "the disk has room again"}});
  return room;
}

}  // namespace frontdoor
