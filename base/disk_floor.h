// Whether a disk has room for logs: below a floor of free bytes they are not written, since the rest of the machine needs
// those. The disk is asked once after each look() and counted down in between. One thread.

#pragma once

#include <cstdint>
#include <string>

namespace frontdoor {

class DiskFloor {
 public:
  explicit DiskFloor(std::uint64_t min_free = 0) : min_free_(min_free) {}  // 0 = until the disk is full

  void set(std::uint64_t min_free) { min_free_ = min_free; }
  void look() { known_ = false; }
  bool has_room(const std::string& directory, std::size_t bytes);  // of the disk that the directory is on
  void written(std::size_t bytes);

  // What has changed since it was asked last.
  enum class News : std::uint8_t { None, BelowFloor, RoomAgain };
  News take_news();

  std::string why() const;  // nothing is written: "less than min_free (256MiB) of the disk is free"
  std::string state() const;  // "the disk has 3MiB free, less than min_free (256MiB)"

 private:
  std::uint64_t min_free_;
  std::uint64_t free_ = 0;  // as far as is known
  bool known_ = false;
  bool below_ = false;
  bool told_below_ = false;
};

}  // namespace frontdoor
