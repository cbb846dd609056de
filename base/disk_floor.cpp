#include "base/disk_floor.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <limits>

namespace frontdoor {

namespace {

std::string megabytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + "MiB"; }

}  // namespace

bool DiskFloor::has_room(const std::string& directory, std::size_t bytes) {
  if (min_free_ == 0) {
    below_ = false;
    return true;
  }
  if (!known_) {
    struct statvfs disk {};
    free_ = ::statvfs(directory.c_str(), &disk) == 0
                ? static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize
                : std::numeric_limits<std::uint64_t>::max();  // it can not be told, or the directory is gone
    known_ = true;
  }
  below_ = free_ < bytes || free_ - bytes < min_free_;
  return !below_;
}

void DiskFloor::written(std::size_t bytes) { free_ -= std::min<std::uint64_t>(free_, bytes); }

DiskFloor::News DiskFloor::take_news() {
  if (below_ == told_below_) return News::None;
  told_below_ = below_;
  return below_ ? News::BelowFloor : News::RoomAgain;
}

std::string DiskFloor::why() const { return "less than min_free (" + megabytes(min_free_) + ") of the disk is free"; }

std::string DiskFloor::state() const {
  return "the disk has " + megabytes(free_) + " free, less than min_free (" + megabytes(min_free_) + ')';
}

}  // namespace frontdoor
