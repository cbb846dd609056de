// Not with std::ifstream: a read error in the middle of a file is an exception there, behind the stream's
// back.

#include "base/read_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace frontdoor {

FileText read_file(const std::string& path, std::size_t most) {
  FileText file;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {"", std::strerror(errno)};
  std::array<char, 64 * 1024> chunk;
  while (file.error.empty()) {
    const auto size = ::read(fd, chunk.data(), chunk.size());
    if (size == 0) break;
    if (size > 0) file.text.append(chunk.data(), static_cast<std::size_t>(size));
    if (size < 0 && errno != EINTR) file.error = std::strerror(errno);
    if (file.text.size() > most) file.error = "it is larger than " + std::to_string(most >> 20) + " MiB";
  }
  ::close(fd);
  if (!file.error.empty()) file.text.clear();
  return file;
}

}  // namespace frontdoor
