#include "base/kept_sockets.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace frontdoor {

namespace {

constexpr const char* kVariable = "FRONTDOOR_KEPT_SOCKETS";
constexpr std::size_t kLongest = 100'000;  // execve takes 128 KiB for one variable

}  // namespace

std::string encode_kept_sockets(const std::vector<KeptSocket>& sockets) {
  std::string text;
  for (const KeptSocket& socket : sockets) {
    const std::string line = std::to_string(socket.fd) + ' ' + socket.name + '\n';
    if (socket.name.find('\n') == std::string::npos && text.size() + line.size() <= kLongest) text += line;
  }
  return text;
}

std::vector<KeptSocket> decode_kept_sockets(std::string_view text) {
  std::vector<KeptSocket> sockets;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size()));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    int fd = -1;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), fd);
    const std::size_t space = static_cast<std::size_t>(end - line.data());
    if (error != std::errc{} || fd < 3 || space >= line.size() || line[space] != ' ') continue;
    sockets.push_back({std::string(line.substr(space + 1)), fd});
  }
  return sockets;
}

void hand_on(const std::vector<KeptSocket>& sockets) {
  ::unsetenv(kVariable);
  if (sockets.empty()) return;
  for (const KeptSocket& socket : sockets) {
    const int flags = ::fcntl(socket.fd, F_GETFD);
    if (flags >= 0) ::fcntl(socket.fd, F_SETFD, flags & ~FD_CLOEXEC);
  }
  ::setenv(kVariable, encode_kept_sockets(sockets).c_str(), 1);
}

std::vector<KeptSocket> take_kept_sockets() {
  const char* const value = std::getenv(kVariable);
  if (value == nullptr) return {};
  auto sockets = decode_kept_sockets(value);
  ::unsetenv(kVariable);
  std::erase_if(sockets, [](const KeptSocket& socket) { return ::fcntl(socket.fd, F_SETFD, FD_CLOEXEC) != 0; });
  return sockets;
}

}  // namespace frontdoor
