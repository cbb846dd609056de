// Not with std::ifstream: a read error in the middle of a file is an exception there, behind the stream's
// back.

#include "base/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace frontdoor {

FileText read_file(const std::string& path, std::size_t most) {
  FileText file;
  // To open a pipe that nobody writes to would wait for somebody who does.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return {"", std::strerror(errno)};
  ::fcntl(fd, F_SETFL, 0);
  std::array<char, 64 * 1024> chunk;
  while (file.error.empty()) {
    const auto size = ::read(fd, chunk.data(), chunk.size());
    if (size == 0) break;
    if (size > 0) file.text.append(chunk.data(), static_cast<std::size_t>(size));
    if (size < 0 && errno != EINTR) file.error = std::strerror(errno);
    if (file.text.size() > most) file.error = "it is larger than " + std::to_string(most >> 20) + " MiB";
  }
  struct stat info {};
  if (file.error.empty() && file.text.empty() && ::fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode))
    file.error = "it is a pipe to which nobody writes";
  ::close(fd);
  if (!file.error.empty()) file.text.clear();
  return file;
}

}  // namespace frontdoor
