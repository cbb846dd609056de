#include "service/files/file_watch.h"

#include <sys/stat.h>

#include <utility>

namespace frontdoor {

void append_file_state(const std::string& path, std::string& out) {
  struct stat found {};
  if (path.empty()) return;
  if (::stat(path.c_str(), &found) != 0) {
    out += "gone;";
    return;
  }
  for (const auto number : {static_cast<long long>(found.st_dev), static_cast<long long>(found.st_ino),
                            static_cast<long long>(found.st_size), static_cast<long long>(found.st_mtim.tv_sec),
                            static_cast<long long>(found.st_mtim.tv_nsec), static_cast<long long>(found.st_mode),
                            static_cast<long long>(found.st_uid), static_cast<long long>(found.st_gid)})
    out += std::to_string(number) + ',';
  out += ';';
}

bool Settled::changed(const std::string& state) {
  if (state == seen_) {
    unquiet_.clear();
    return false;
  }
  if (state != unquiet_) {
    unquiet_ = state;
    return false;
  }
  seen_ = std::exchange(unquiet_, "");
  return true;
}

}  // namespace frontdoor
